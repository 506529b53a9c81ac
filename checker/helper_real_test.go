package checker_test

import (
	"os"
	"path/filepath"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// installHelper puts the script where everybody may start it and returns its path.
func installHelper(t *testing.T, o checker.HelperOptions) string {
	t.Helper()
	file := filepath.Join(t.TempDir(), "drift_exporter_helper")
	for dir := filepath.Dir(file); dir != os.TempDir(); dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755))
	}
	require.NoError(t, os.WriteFile(file, []byte(checker.Helper(o)), 0o755))
	return file
}

// everyKind are items of every kind, of which some match and some do not; root's and anybody's.
func everyKind(t *testing.T, s *testsshd.Server) string {
	t.Helper()
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "secret"), []byte("hello\n"), 0o600))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "app.env"), []byte("MODE=test\n"), 0o600))
	require.NoError(t, os.Symlink("/etc/passwd", filepath.Join(dir, "link")))
	return strings.NewReplacer("DIR", dir, "USER", s.User, "PORT", strconv.Itoa(s.Port)).Replace(`  files:
    - {path: DIR/secret, content: "hello\n", mode: "0600", owner: root}
    - {path: DIR/secret2}
    - {path: ~/motd, owner: USER, content: "hello\nworld\n"}
    - {path: DIR/link, type: symlink, target: /etc/shadow}
    - {path: /etc/shadow, owner: root, contains: ["/^nobody:/", nothing]}
    - {path: "/etc/ssh/ssh_config", owner: nobody}
  packages:
    - {name: dpkg, min_version: "1.0"}
    - {name: no-such-package}
  settings:
    - {key: EDITOR, expected: vi, type: env_var}
    - {key: kernel.ostype, expected: Minix, type: sysctl}
    - {key: MODE, expected: production, type: config, path: DIR/app.env, format: env}
  ports:
    - {port: PORT, process: sshd}
    - {port: PORT, protocol: udp}
  users:
    - {name: USER, shell: /bin/zsh, groups: [USER]}
    - {name: no-such-user}
  groups:
    - {name: USER, members: [root]}
  authorized_keys:
    - {user: USER, keys: ["ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIJd7w5TPLbVvVt8YwLq0m8h0Y9n1qZ1Yf1m0a8N4l3xk x"]}
  mounts:
    - {path: /proc, fstype: tmpfs}
  services:
    - {name: no-such-service, running: true}
  kernel_modules:
    - {name: no_such_module}
  cron:
    - {name: no-such-job, file: /etc/cron.d/no-such-job, schedule: "0 6 * * *", user: root, command: "true"}
  commands:
    - {name: nothing, argv: [echo, hello], stdout: "bye\n"}
`)
}

// known is what a check told of a machine, without when.
func known(out checker.Outcome) checker.Outcome {
	out.At, out.Duration, out.Results = time.Time{}, 0, slices.Clone(out.Results)
	for i := range out.Results {
		out.Results[i].At, out.Results[i].Duration = time.Time{}, 0
	}
	return out
}

func TestInstalledAndSentScriptGiveTheSameVerdicts(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	ofTheUser(t, s)
	items := everyKind(t, s)
	m := machineOf(s)
	helper := installHelper(t, checker.HelperOptions{AllowCommands: true})
	for become, judged := range map[bool]int{true: 17, false: 12} {
		m.Become, m.SSH.Helper = become, ""
		s.AllowSudo(t)
		sent := checkReal(t, m, items)
		m.SSH.Helper = helper
		s.AllowSudoCommand(t, helper+` ""`)
		assert.Equal(t, known(sent), known(checkReal(t, m, items)), "become %t", become)
		assert.GreaterOrEqual(t, len(sent.Results[0].Mismatches), judged, "%v", summary(sent))
		kinds := map[string]bool{}
		for _, mismatch := range sent.Results[0].Mismatches {
			kinds[mismatch.Kind] = true
		}
		for _, failed := range sent.Results[0].Errors {
			kinds[failed.Kind] = true
		}
		for _, name := range checker.Kinds().Names() {
			assert.True(t, kinds[name], "nothing was said of a %s", name)
		}
	}

	m.Become = true // sudo allows nothing but the helper, and no argument to it
	for _, other := range []string{"/bin/sh", "/bin/cat"} {
		m.SSH.Helper = other
		out := checkReal(t, m, "  files: [{path: /etc/passwd}]\n")
		require.NotNil(t, out.Failure)
		assert.Equal(t, state.ReasonBecome, out.Failure.Reason)
	}
}

// Whatever an account can put into its own session must not reach what runs as root.
func TestHelperIsNotSteeredByTheSession(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{Config: []string{"PermitUserEnvironment yes", "AcceptEnv *", "SetEnv QUOTING_STYLE=c"}})
	ofTheUser(t, s)
	items, _, _ := strings.Cut(everyKind(t, s), "  commands:")
	canary := filepath.Join(s.Home, "canary")
	program := "#!/bin/sh\ntouch " + canary + "\n"
	environment := "ENV=~/rc\nBASH_ENV=~/rc\nLD_LIBRARY_PATH=~/bin\nIFS=adst/\nDPKG_ADMINDIR=/nonexistent\nPOSIXLY_CORRECT=1\nSUDO_USER=root\n" +
		"HOME=/tmp\nd_installed=\nLC_ALL=de_DE.UTF-8\nPATH=~/bin:/usr/bin:/bin\n"
	files := map[string]string{
		".ssh/environment": strings.ReplaceAll(environment, "~", s.Home), "rc": "touch " + canary + "\n", ".profile": "export EDITOR=vim\n",
	}
	for _, name := range []string{"stat", "id", "awk", "sha256sum", "getent", "dpkg-query", "su", "env", "cat"} {
		files["bin/"+name] = program
	}
	m := machineOf(s)
	m.Become, m.SSH.Helper = true, installHelper(t, checker.HelperOptions{})
	s.AllowSudoCommand(t, m.SSH.Helper+` ""`)
	want := checkReal(t, m, items)
	require.Greater(t, len(want.Results[0].Mismatches), 12)
	writeHome(t, s, files)
	for name := range files {
		if strings.HasPrefix(name, "bin/") {
			require.NoError(t, os.Chmod(filepath.Join(s.Home, name), 0o755))
		}
	}
	assert.Equal(t, known(want), known(checkReal(t, m, items)))
	m.Become = false
	out := checkReal(t, m, "  files: [{path: /etc/passwd, owner: root}]\n")
	require.NotNil(t, out.Failure, "a SUDO_USER that the session brings along is not believed")
	assert.Equal(t, state.ReasonProtocol, out.Failure.Reason)
	assert.NoFileExists(t, canary)
}

// One who forgets to say that there is a helper, or how it is started, learns that, and is given no verdict.
func TestHelperThatIsNotExpectedGivesNoVerdict(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	helper := installHelper(t, checker.HelperOptions{})
	s.AllowSudoCommand(t, helper+` ""`)
	s.Configure("ForceCommand sudo -n -u root -- " + helper)
	for says, change := range map[string]func(*config.Machine){
		"must name it as ssh.helper": func(m *config.Machine) { m.Become = true },
		"must say become: true":      func(m *config.Machine) { m.SSH.Helper = helper },
	} {
		m := machineOf(s)
		change(&m)
		out := checkReal(t, m, "  files: [{path: /etc/passwd, owner: root}]\n")
		require.NotNil(t, out.Failure)
		assert.Equal(t, state.ReasonProtocol, out.Failure.Reason)
		assert.Contains(t, out.Failure.Message, says)
		assert.Equal(t, state.Unknown, out.Results[0].Status)
	}
}
