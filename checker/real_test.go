package checker_test

import (
	"cmp"
	"log/slog"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"testing/fstest"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/checker/ssh"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// checkReal checks a machine over the real transports.
func checkReal(t *testing.T, m config.Machine, items string) checker.Outcome {
	return checkRealWithin(t, time.Minute, m, items)
}

func checkRealWithin(t *testing.T, timeout time.Duration, m config.Machine, items string) checker.Outcome {
	packs, problems := pack.Load(fstest.MapFS{"p.yaml": {Data: []byte("items:\n" + items)}}, "packs", checker.Kinds())
	require.Empty(t, problems)
	m.Name, m.Enabled, m.Packs, m.BecomeUser = "m1", true, []string{"p"}, cmp.Or(m.BecomeUser, "root")
	cfg := &config.Config{Check: config.Check{Timeout: timeout, AllowCommands: true}, Machines: []config.Machine{m}}
	fleet, problems := checker.NewFleet(cfg, packs)
	require.Empty(t, problems)
	transports := map[config.Transport]checker.Transport{
		config.TransportSSH: ssh.New(ssh.Options{}), config.TransportLocal: ssh.NewLocal(),
	}
	return checker.New(transports, slog.New(slog.DiscardHandler), clockwork.NewRealClock()).Check(t.Context(), fleet, "m1", "")
}

func machineOf(s *testsshd.Server) config.Machine {
	return config.Machine{Transport: config.TransportSSH, Address: s.Host, SSH: config.SSH{
		User: s.User, Port: s.Port, IdentityFiles: []string{s.KeyFile}, KnownHostsFiles: []string{s.KnownHostsFile},
		HostKeyPolicy: config.HostKeyStrict, ConnectTimeout: 10 * time.Second,
	}}
}

// ofTheUser are items about the user that logs in: they match whoever the script runs as.
func ofTheUser(t *testing.T, s *testsshd.Server) string {
	for name, text := range map[string]string{"motd": "hello\n", ".profile": "export EDITOR=vim\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(s.Home, name), []byte(text), 0o644))
		require.NoError(t, s.Chown(filepath.Join(s.Home, name)))
	}
	return "  files: [{path: ~/motd, owner: " + s.User + ", content: \"hello\\nworld\\n\"}]\n  settings: [{key: EDITOR, expected: vim, type: env_var}]\n"
}

func TestCheckOverSSH(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	out := checkReal(t, machineOf(s), ofTheUser(t, s))
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Equal(t, s.User, out.Facts.User)
	assert.Equal(t, s.Home, out.Facts.Home)
	require.Len(t, out.Results[0].Mismatches, 1)
	assert.Equal(t, "--- expected\n+++ actual\n@@ -1,2 +1 @@\n hello\n-world\n", out.Results[0].Mismatches[0].Diff)
	assert.Equal(t, 1, s.Connections())
}

func TestLoginsThatPrintAreTolerated(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{Config: []string{"ForceCommand printf 'Welcome\\n$ '; (sleep 0.1; echo late) & exec /bin/sh"}})
	out := checkReal(t, machineOf(s), ofTheUser(t, s))
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Len(t, out.Results[0].Mismatches, 1)
}

// Debian's bash reads ~/.bashrc for a command of sshd, which no login does.
func TestSessionIsNotALogin(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{Config: []string{"SetEnv FROM_SESSION=x"}})
	bash := testenv.Program(t, "bash", "bash")
	out, err := exec.Command("usermod", "-s", bash, s.User).CombinedOutput()
	require.NoError(t, err, "%s", out)
	for name, text := range map[string]string{".bashrc": "touch ~/was-read\nexport EDITOR=vim PAGER=less\n", ".profile": "export PAGER=more\n"} {
		require.NoError(t, os.WriteFile(filepath.Join(s.Home, name), []byte(text), 0o644))
		require.NoError(t, s.Chown(filepath.Join(s.Home, name)))
	}
	items := "  settings:\n"
	for _, key := range []string{"EDITOR", "PAGER", "FROM_SESSION", "SSH_CLIENT"} {
		items += "    - {key: " + key + ", expected: x, type: env_var}\n"
	}
	want := map[string]string{"EDITOR": "(unset)", "PAGER": "more", "FROM_SESSION": "(unset)", "SSH_CLIENT": "(unset)"}
	for _, become := range []bool{false, true} {
		m := machineOf(s)
		if m.Become = become; become {
			s.AllowSudo(t)
		}
		out := checkReal(t, m, items)
		require.Nil(t, out.Failure, "%v", out.Failure)
		assert.FileExists(t, filepath.Join(s.Home, "was-read"), "else this test proves nothing")
		got := map[string]string{}
		for _, mismatch := range out.Results[0].Mismatches {
			got[mismatch.Item] = mismatch.Actual
		}
		assert.Equal(t, want, got)
	}
}

func TestBecomeOverSSH(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	m := machineOf(s)
	m.Become = true
	secret := filepath.Join(t.TempDir(), "secret") // only root may read it
	require.NoError(t, os.WriteFile(secret, []byte("x"), 0o600))
	items := "  files:\n    - {path: " + secret + ", content: x, owner: root}\n    - {path: ~/motd, owner: " + s.User + ", content: \"hello\\n\"}\n  settings: [{key: EDITOR, expected: vim, type: env_var}]\n"
	ofTheUser(t, s)

	s.RefuseSudo(t)
	out := checkReal(t, m, items)
	require.NotNil(t, out.Failure)
	assert.Equal(t, state.ReasonBecome, out.Failure.Reason)

	s.AskSudo(t)
	out = checkReal(t, m, items)
	require.NotNil(t, out.Failure)
	assert.Equal(t, state.ReasonBecome, out.Failure.Reason)
	assert.Contains(t, out.Failure.Message, "password")
	assert.Contains(t, out.Failure.Message, "(sudoers must allow "+s.User+" NOPASSWD: /bin/sh)")

	s.AllowSudo(t)
	out = checkReal(t, m, items)
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Equal(t, state.Compliant, out.Results[0].Status, "%v", out.Results[0].Mismatches)
	assert.Equal(t, s.User, out.Facts.User, "~ and the login shell are of who logged in")
}

func TestShippedPackOverTheLocalTransport(t *testing.T) {
	text, err := os.ReadFile("../packs/base.yaml")
	require.NoError(t, err)
	packs, problems := pack.Load(fstest.MapFS{"base.yaml": {Data: text}}, "packs", checker.Kinds())
	require.Empty(t, problems)
	m := config.Machine{Name: "m1", Transport: config.TransportLocal, Enabled: true, Packs: []string{"base"}}
	fleet, problems := checker.NewFleet(&config.Config{Machines: []config.Machine{m}}, packs)
	require.Empty(t, problems)
	c := checker.New(map[config.Transport]checker.Transport{config.TransportLocal: ssh.NewLocal()}, slog.New(slog.DiscardHandler), clockwork.NewRealClock())
	out := c.Check(t.Context(), fleet, "m1", "")
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Equal(t, state.Compliant, out.Results[0].Status, "%v", out.Results[0].Mismatches)
}
