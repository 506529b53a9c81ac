package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

func names(c *config.Config) []string {
	var out []string
	for _, m := range c.Machines {
		out = append(out, m.Name)
	}
	return out
}

func TestMachineFilesHoldOneMachineOrAList(t *testing.T) {
	dir := write(t, map[string]string{
		"etc/config.yaml":         "machines: [{name: m, packs: [base]}]\nmachine_files: [machines/*.yaml, \"machines/a*\", more.yaml, \"*.yaml\"]",
		"etc/machines/a.yaml":     "# one\nname: z\npacks: [base]\nssh: {identity_files: [keys/z]}\n",
		"etc/machines/b.yaml":     "- {name: y, packs: [base]}\n- {name: b, packs: [base]}\n",
		"etc/machines/none.yaml":  "[]",
		"etc/machines/.hide.yaml": "hidden files are not read",
		"etc/machines/c.txt":      "nor are others",
		"etc/more.yaml":           "name: more\npacks: [base]\n",
	})
	c, problems := config.Load(filepath.Join(dir, "etc/config.yaml"), home)
	require.Empty(t, problems)
	assert.Equal(t, []string{"b", "m", "more", "y", "z"}, names(c))

	z, _ := c.Machine("z")
	assert.Equal(t, filepath.Join(dir, "etc/machines/a.yaml"), z.File)
	assert.Equal(t, 2, z.Line)
	assert.Equal(t, []string{filepath.Join(dir, "etc/keys/z")}, z.SSH.IdentityFiles, "relative to the configuration file")
	assert.Equal(t, filepath.Join(dir, "etc/machines/*.yaml"), c.MachineFiles[0])
}

func TestMachineFilesAreNamedAsTheConfigurationIs(t *testing.T) {
	dir := write(t, map[string]string{
		"etc/config.yaml":     "machine_files: [machines/*.yaml, " + filepath.Join(t.TempDir(), "*") + "]",
		"etc/machines/a.yaml": "name: a\npacks: [base]\n",
	})
	t.Chdir(dir)
	c, problems := config.Load("etc/config.yaml", home)
	require.False(t, problems.Fatal())
	require.Len(t, c.Machines, 1)
	assert.Equal(t, "etc/machines/a.yaml", c.Machines[0].File)
	assert.Equal(t, filepath.Join(dir, "etc/packs"), c.PacksDir)
}

func TestMachineFilesInADirectoryThatLooksLikeAPattern(t *testing.T) {
	dir := write(t, map[string]string{
		"[a]*/config.yaml": "machine_files: [\"m?.yaml\"]", "[a]*/m1.yaml": "name: a\npacks: [base]\n",
	})
	c, problems := config.Load(filepath.Join(dir, "[a]*", "config.yaml"), home)
	require.Empty(t, problems)
	assert.Equal(t, []string{"a"}, names(c))
}

func TestAddresses(t *testing.T) {
	for given, want := range map[string]string{
		"10.0.0.5": "10.0.0.5", "web1.example.com": "web1.example.com", `"::1"`: "::1", `"[::1]"`: "::1", `"2001:db8::5"`: "2001:db8::5",
		`"fe80::1%eth0"`: "fe80::1%eth0", `"[fe80::1%eth0]"`: "fe80::1%eth0", "zürich.example": "zürich.example", "~": "web1",
	} {
		c := load(t, "machines: [{name: web1, packs: [base], address: "+given+"}]")
		assert.Equal(t, want, c.Machines[0].Address, given)
	}
}

func TestProxyJumps(t *testing.T) {
	for _, jump := range []string{`""`, "gate", "user@gate:22", "a@b@gate", `"[::1]:22"`, `"::1"`, `"gate,user@10.0.0.1:2222"`, `"a, b"`, "gate:65535"} {
		load(t, "ssh: {proxy_jump: "+jump+"}")
	}
}

func TestMachineOverridesTheSSHDefaults(t *testing.T) {
	c := load(t, `
ssh: {user: drift, proxy_jump: gate, identity_files: [/a], known_hosts_files: [/k], connect_timeout: 5s, helper: /opt/h, config_file: /c}
machines:
  - {name: as-is, packs: [base]}
  - name: own
    packs: [base]
    ssh: {user: root, proxy_jump: "", identity_files: [], known_hosts_files: [~/k], connect_timeout: 1.5s, max_startups: 3, helper: "", config_file: "", host_key_policy: accept-new}
`)
	asIs, _ := c.Machine("as-is")
	defaults := c.SSH
	defaults.Explicit = map[string]bool{}
	assert.Equal(t, defaults, asIs.SSH)

	own, _ := c.Machine("own")
	assert.Equal(t, config.SSH{
		User: "root", Port: 22, IdentityFiles: []string{}, KnownHostsFiles: []string{home + "/k"},
		HostKeyPolicy: config.HostKeyAcceptNew, ConnectTimeout: 1500e6, MaxStartups: 3,
		Explicit: map[string]bool{
			"user": true, "proxy_jump": true, "identity_files": true, "known_hosts_files": true, "connect_timeout": true, "max_startups": true,
			"helper": true, "config_file": true, "host_key_policy": true,
		},
	}, own.SSH)
}

func TestLocalMachineTakesOnlyAHelperOfItsOwn(t *testing.T) {
	c := load(t, `
ssh: {user: drift, helper: /opt/remote}
machines:
  - {name: a, packs: [base], transport: local, config_user: app}
  - {name: b, packs: [base], transport: local, become: true, ssh: {helper: /opt/here}}
`)
	assert.Empty(t, c.Machines[0].SSH.Helper)
	assert.Equal(t, "/opt/here", c.Machines[1].SSH.Helper)
}

func TestWithoutAHome(t *testing.T) {
	dir := write(t, map[string]string{
		"config.yaml": "{}", "tilde.yaml": "ssh: {identity_files: [~/.ssh/id]}\npacks_dir: ~/packs",
	})
	c, problems := config.Load(filepath.Join(dir, "config.yaml"), "")
	require.False(t, problems.Fatal(), "defaults in the home are left out")
	assert.Empty(t, c.SSH.IdentityFiles)
	assert.Empty(t, c.SSH.KnownHostsFiles)
	assert.Empty(t, c.SSH.ConfigFile)

	file := filepath.Join(dir, "tilde.yaml")
	_, problems = config.Load(file, "")
	const why = "~ cannot be expanded: the home directory is not known (HOME is not set)"
	assert.Equal(t, []string{file + `:1: ssh.identity_files "~/.ssh/id": ` + why, file + `:2: packs_dir "~/packs": ` + why}, texts(problems)[:2])
}

func TestPathsAreNotTakenFromTheEnvironment(t *testing.T) {
	t.Setenv("PACKS", "/elsewhere")
	file := filepath.Join(write(t, map[string]string{"config.yaml": "packs_dir: $PACKS/${PACKS}"}), "config.yaml")
	c, _ := config.Load(file, home)
	assert.Equal(t, filepath.Join(filepath.Dir(file), "$PACKS/${PACKS}"), c.PacksDir)
}

func TestBecomeUserWithoutBecomeWarns(t *testing.T) {
	file := filepath.Join(write(t, map[string]string{"config.yaml": "machines: [{name: a, packs: [base], become_user: app}, {name: b}]"}), "config.yaml")
	c, problems := config.Load(file, home)
	assert.Equal(t, []string{
		file + `:1: warning: machine "a": become_user has no effect without become: true`,
		file + `:1: warning: machine "b": no packs: nothing is checked on this machine`,
	}, texts(problems))
	assert.Equal(t, []string{"a", "b"}, names(c))
}

func TestDisabledMachine(t *testing.T) {
	c := load(t, "machines: [{name: a, packs: [base], drift_detection_enabled: no}, {name: b, packs: [base], drift_detection_enabled: }]")
	assert.False(t, c.Machines[0].Enabled)
	assert.True(t, c.Machines[1].Enabled)
}

func TestUnreadableFile(t *testing.T) {
	if os.Getuid() == 0 {
		t.Skip("root can read every file")
	}
	dir := write(t, map[string]string{"config.yaml": "{}"})
	file := filepath.Join(dir, "config.yaml")
	require.NoError(t, os.Chmod(file, 0))
	_, problems := config.Load(file, home)
	assert.Equal(t, []string{file + ": cannot be read: permission denied"}, texts(problems))
}
