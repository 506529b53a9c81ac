package testsshd_test

import (
	"net"
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// ssh runs a command on the server with OpenSSH's own client.
func ssh(t *testing.T, s *testsshd.Server, host, command string) (string, error) {
	t.Helper()
	testenv.Program(t, "ssh", "openssh-client")
	out, err := exec.Command("ssh", "-F", "none", "-o", "BatchMode=yes", "-o", "StrictHostKeyChecking=yes",
		"-o", "UserKnownHostsFile="+s.KnownHostsFile, "-o", "GlobalKnownHostsFile=none", "-o", "IdentitiesOnly=yes",
		"-i", s.KeyFile, "-p", strconv.Itoa(s.Port), s.User+"@"+host, command).CombinedOutput()
	return string(out), err
}

func TestOpenSSHLogsIn(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{HostKeyTypes: []string{"ed25519", "ecdsa", "rsa"}})
	require.Zero(t, s.Connections(), s.Log())

	out, err := ssh(t, s, s.Host, `echo "$HOME $(id -un)"`)
	require.NoError(t, err, out)
	assert.Equal(t, s.Home+" "+s.User+"\n", out)
	assert.Equal(t, 1, s.Connections(), s.Log())
	assert.Equal(t, 1, s.Logins(), s.Log())
}

func TestAllLoopbacks(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{AllLoopbacks: true})
	for _, host := range []string{"127.0.0.1", "127.1.2.3"} {
		out, err := ssh(t, s, host, "echo hello")
		require.NoError(t, err, out)
		assert.Equal(t, "hello\n", out)
	}
}

func TestStopAndRestart(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	s.Stop()
	_, err := net.Dial("tcp", s.Addr)
	require.Error(t, err)

	s.Restart()
	out, err := ssh(t, s, s.Host, "echo again")
	require.NoError(t, err, out)
	assert.Equal(t, "again\n", out)

	s.RotateHostKeys()
	out, err = ssh(t, s, s.Host, "echo no")
	require.Error(t, err)
	assert.Contains(t, out, "Host key verification failed")

	s.WriteKnownHosts()
	out, err = ssh(t, s, s.Host, "echo known")
	require.NoError(t, err, out)
}

func TestSudo(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	out, err := ssh(t, s, s.Host, "sudo -n /bin/sh -c 'id -u'")
	require.Error(t, err, out)

	s.AllowSudo(t)
	out, err = ssh(t, s, s.Host, "sudo -n /bin/sh -c 'id -u'")
	require.NoError(t, err, out)
	assert.Equal(t, "0\n", out)

	s.AskSudo(t)
	out, err = ssh(t, s, s.Host, "sudo -n /bin/sh -c 'id -u'")
	require.Error(t, err)
	assert.Contains(t, out, "a password is required")

	s.RefuseSudo(t)
	out, err = ssh(t, s, s.Host, "sudo -n /bin/sh -c 'id -u'")
	require.Error(t, err, out)
}

func TestNothingStaysBehind(t *testing.T) {
	var s *testsshd.Server
	t.Run("server", func(t *testing.T) {
		s = testsshd.Start(t, testsshd.Options{})
		s.AllowSudo(t)
	})
	_, err := user.Lookup(s.User)
	require.Error(t, err)
	assert.NoDirExists(t, s.Home)
	assert.NoFileExists(t, filepath.Join("/etc/sudoers.d", s.User))
	_, err = os.Stat(s.KeyFile)
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = net.Dial("tcp", s.Addr)
	require.Error(t, err)
}

func TestStopEndsCommands(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	out, err := ssh(t, s, s.Host, "sleep 1000 >/dev/null 2>&1 & echo $!")
	require.NoError(t, err, out)
	pid := strings.TrimSpace(out)
	require.DirExists(t, filepath.Join("/proc", pid))
	s.Stop()
	assert.Eventually(t, func() bool { // init reaps it
		status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
		return err != nil || strings.Contains(string(status), "State:\tZ")
	}, 20*time.Second, 10*time.Millisecond)
}
