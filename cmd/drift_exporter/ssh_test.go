package main

import (
	"bytes"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// remote is a workspace whose machine is reached over a real sshd.
func remote(t *testing.T, s *testsshd.Server, ssh string) *workspace {
	t.Helper()
	w := newWorkspace(t)
	w.write("config.yaml", fmt.Sprintf("ssh: {user: %s, port: %d, %s}\nmachines: [{name: here, address: %s, packs: [base]}]\n",
		s.User, s.Port, ssh, s.Host))
	w.write("packs/base.yaml", "items: {files: [{path: /etc, type: directory}]}\n") // whoever looks
	return w
}

func TestAcceptedHostKeysAreKeptBesideTheState(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	w := remote(t, s, fmt.Sprintf("identity_files: [%s], known_hosts_files: [], host_key_policy: accept-new", s.KeyFile))
	status, stdout, stderr := w.run("check")
	assert.Equal(t, 0, status, stdout+stderr)
	assert.FileExists(t, w.path("data/known_hosts"))

	s.RotateHostKeys()
	status, stdout, _ = w.run("check")
	assert.Equal(t, 2, status)
	assert.Contains(t, stdout, "unknown  host_key: ")
}

func TestTheAgentOfTheEnvironmentIsAsked(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{})
	socket := startAgent(t, s.KeyFile)
	w := remote(t, s, fmt.Sprintf("identity_files: [], known_hosts_files: [%s]", s.KnownHostsFile))
	for agent, want := range map[string]int{socket: 0, "": 2} {
		var stdout, stderr bytes.Buffer
		status := execute([]string{"check", "--config.file=" + w.path("config.yaml"), "--storage.path=" + w.path("data")},
			environment{home: w.dir, agentSocket: agent}, &stdout, &stderr)
		assert.Equal(t, want, status, "agent %q: %s%s", agent, &stdout, &stderr)
	}
}

// startAgent runs OpenSSH's agent with a key until the test ends and returns its socket.
func startAgent(t *testing.T, key string) string {
	t.Helper()
	program := testenv.Program(t, "ssh-agent", "openssh-client")
	dir, err := os.MkdirTemp("", "agent") // a socket's path must be short
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	socket := filepath.Join(dir, "s")
	agent := exec.Command(program, "-D", "-a", socket)
	require.NoError(t, agent.Start())
	t.Cleanup(func() {
		_ = agent.Process.Kill()
		_ = agent.Wait() // killed
	})
	require.True(t, testprocess.WaitFor(func() bool { _, err := os.Stat(socket); return err == nil }))
	add := exec.Command("ssh-add", "-q", key)
	add.Env = append(os.Environ(), "SSH_AUTH_SOCK="+socket)
	out, err := add.CombinedOutput()
	require.NoError(t, err, "%s", out)
	return socket
}
