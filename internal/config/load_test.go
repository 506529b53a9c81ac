package config_test

import (
	"fmt"
	"net/url"
	"os"
	"path/filepath"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

const home = "/home/drift"

// write writes files into a new directory and returns it.
func write(t *testing.T, files map[string]string) string {
	t.Helper()
	dir := t.TempDir()
	for name, text := range files {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o700))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o600))
	}
	return dir
}

// load loads a configuration that has no problems that stop it.
func load(t *testing.T, text string) *config.Config {
	t.Helper()
	c, problems := config.Load(filepath.Join(write(t, map[string]string{"config.yaml": text}), "config.yaml"), home)
	require.False(t, problems.Fatal(), "%v", problems)
	return c
}

func texts(problems yamlfile.Problems) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}

func TestSampleLoads(t *testing.T) {
	c, problems := config.Load("testdata/sample.yaml", home)
	assert.Equal(t, []string{`testdata/sample.yaml:34: warning: machine_files "machines/*.yaml" matches no file`}, texts(problems))

	here, err := filepath.Abs("testdata")
	require.NoError(t, err)
	ssh := config.SSH{
		User: "drift", Port: 22, IdentityFiles: []string{home + "/.ssh/id_ed25519"}, KnownHostsFiles: []string{home + "/.ssh/known_hosts"},
		HostKeyPolicy: config.HostKeyStrict, ConnectTimeout: 10 * time.Second, MaxStartups: 8, ConfigFile: home + "/.ssh/config",
	}
	own := ssh
	own.User, own.Port, own.Explicit = "admin", 2222, map[string]bool{"user": true, "port": true}
	assert.Equal(t, &config.Config{
		File:     "testdata/sample.yaml",
		Schedule: config.Schedule{Cron: "0 6 * * *", Location: time.UTC, CatchUp: true},
		Check:    config.Check{Concurrency: 32, Timeout: time.Minute, Retries: 2, RetryDelay: 5 * time.Minute},
		PacksDir: filepath.Join(here, "packs"),
		SSH:      ssh,
		Alerting: config.Alerting{
			Alertmanagers: []config.Alertmanager{{
				URL: &url.URL{Scheme: "http", Host: "localhost:9093"}, ExternalURL: &url.URL{Scheme: "http", Host: "localhost:9093"},
				HTTPClient: promconfig.DefaultHTTPClientConfig, Timeout: 10 * time.Second,
			}},
			ResendDelay: time.Minute, ExternalLabels: map[string]string{},
		},
		Machines: []config.Machine{{
			Name: "web1", DisplayName: "Web 1", Address: "10.0.0.5", Transport: config.TransportSSH, Packs: []string{"base", "web"}, PackLines: []int{24, 24},
			Enabled: true, BecomeUser: "root", Labels: map[string]string{"env": "prod"}, Vars: map[string]any{"role": "web"}, SSH: own,
			Waivers: []config.Waiver{{
				Pack: "base", Kind: "file", Item: "/etc/motd", Reason: "…", Expires: time.Date(2026, 3, 2, 0, 0, 0, 0, time.UTC),
			}},
			File: "testdata/sample.yaml", Line: 20,
		}},
		MachineFiles: []string{filepath.Join(here, "machines/*.yaml")},
	}, c)
}

func TestDefaultsAreThoseOfTheSample(t *testing.T) {
	file := filepath.Join(write(t, map[string]string{"config.yaml": "machines: [{name: web1, packs: [base]}]"}), "config.yaml")
	c, problems := config.Load(file, home)
	require.Empty(t, problems)
	sample, _ := config.Load("testdata/sample.yaml", home)

	assert.Equal(t, sample.Schedule, c.Schedule)
	assert.Equal(t, sample.Check, c.Check)
	assert.Equal(t, filepath.Join(filepath.Dir(file), "packs"), c.PacksDir)
	sample.SSH.User = ""
	assert.Equal(t, sample.SSH, c.SSH, "but for the user, which is ssh_config's or the one who runs the program")
	assert.Equal(t, sample.Alerting.ResendDelay, c.Alerting.ResendDelay)
	assert.Empty(t, c.Alerting.Alertmanagers)

	ssh := c.SSH
	ssh.Explicit = map[string]bool{}
	assert.Equal(t, []config.Machine{{
		Name: "web1", DisplayName: "web1", Address: "web1", Transport: config.TransportSSH, Packs: []string{"base"}, PackLines: []int{1}, Enabled: true,
		BecomeUser: "root", Labels: map[string]string{}, SSH: ssh, File: file, Line: 1,
	}}, c.Machines)
}

func TestFilesWithoutMachinesLoadWithAWarning(t *testing.T) {
	for _, text := range []string{"{}", "machines:", "machines: []", "packs_dir: packs"} {
		file := filepath.Join(write(t, map[string]string{"config.yaml": text}), "config.yaml")
		c, problems := config.Load(file, home)
		assert.Equal(t, []string{file + ":1: warning: there are no machines: nothing is checked"}, texts(problems))
		assert.Empty(t, c.Machines)
	}
}

func TestFilesThatCannotBeRead(t *testing.T) {
	dir := write(t, map[string]string{"empty.yaml": "# nothing\n", "bad.yaml": "machines: [\n", "two.yaml": "{}\n---\n{}\n"})
	for name, want := range map[string]string{
		"none.yaml":  ": cannot be read: no such file or directory",
		"empty.yaml": ":1: the file is empty",
		"bad.yaml":   ":1: not valid YAML: did not find expected node content",
		"two.yaml":   ":2: a second YAML document starts here: a file holds only one",
	} {
		file := filepath.Join(dir, name)
		c, problems := config.Load(file, home)
		assert.Nil(t, c)
		assert.Equal(t, []string{file + want}, texts(problems))
	}
}

func TestMachineIsFoundByItsName(t *testing.T) {
	text := "machines:\n"
	for i := range 50 {
		text += fmt.Sprintf("  - {name: m%d, packs: [base]}\n", i)
	}
	c := load(t, text)
	for i := range 50 {
		name := fmt.Sprintf("m%d", i)
		m, ok := c.Machine(name)
		require.True(t, ok, name)
		assert.Equal(t, name, m.Name)
	}
	_, ok := c.Machine("m50")
	assert.False(t, ok)
}

func TestAnchorsAndMergeKeysInConfigurations(t *testing.T) {
	c := load(t, `
machines:
  - &web
    name: web1
    packs: &packs [base, web]
    ssh: &ssh {user: admin, port: 2222}
    labels: {env: prod}
  - <<: *web
    name: web2
    ssh: {<<: *ssh, port: 22}
  - name: db1
    packs: *packs
`)
	require.Len(t, c.Machines, 3)
	web2, _ := c.Machine("web2")
	assert.Equal(t, []string{"base", "web"}, web2.Packs)
	assert.Equal(t, "admin", web2.SSH.User)
	assert.Equal(t, 22, web2.SSH.Port)
	assert.Equal(t, map[string]bool{"user": true, "port": true}, web2.SSH.Explicit)
	assert.Equal(t, map[string]string{"env": "prod"}, web2.Labels)
	assert.Equal(t, 8, web2.Line)
}
