package ssh

import (
	"io"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// A machine must not be able to log in elsewhere with the agent that the exporter logs in with.
func TestNoMachineGetsTheAgent(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{Config: []string{"AllowAgentForwarding yes", "X11Forwarding yes", "AllowTcpForwarding yes"}})
	key := readKey(t, server.KeyFile)
	m := machineOf(server)
	m.SSH.IdentityFiles = nil
	transport := newTransport(t)
	transport.o.AgentSocket, _ = serveAgent(t, ring(t, key))
	t.Setenv("SSH_AUTH_SOCK", transport.o.AgentSocket)
	t.Setenv("DISPLAY", ":0")
	session := shell(t, contextOf(t), transport, m, `echo "agent=${SSH_AUTH_SOCK-none} display=${DISPLAY-none}"; exit`)
	out, err := io.ReadAll(session.Stdout())
	require.NoError(t, err)
	assert.Contains(t, string(out), "agent=none display=none\n")
	assert.NotContains(t, server.Log(), "forwarding request")
}

// What a machine, or a jump host, asks of us: to open a connection, to sign with the agent, to listen.
func TestMachinesAskInVainForMoreThanASession(t *testing.T) {
	asked := make(chan string, 100)
	f := startFake(t, func(f *fakeServer) {
		f.onLogin = func(c *ssh.ServerConn) {
			for _, kind := range []string{"auth-agent@openssh.com", "x11", "forwarded-tcpip", "forwarded-streamlocal@openssh.com", "direct-tcpip", "session", "tun@openssh.com"} {
				_, _, err := c.OpenChannel(kind, ssh.Marshal(struct {
					Host string
					Port uint32
				}{"127.0.0.1", 1}))
				var refused *ssh.OpenChannelError
				if assert.ErrorAs(f.t, err, &refused, kind) {
					asked <- kind
				}
			}
			for _, kind := range []string{"tcpip-forward", "streamlocal-forward@openssh.com", "hostkeys-00@openssh.com", "no-more-sessions@openssh.com"} {
				ok, _, err := c.SendRequest(kind, true, nil)
				assert.False(f.t, ok || err != nil, "%s: %v", kind, err)
				asked <- kind
			}
		}
		f.onExec = answer(func(c ssh.Channel) {
			for _, kind := range []string{"auth-agent-req@openssh.com", "x11-req", "exec", "shell", "subsystem", "env"} {
				ok, err := c.SendRequest(kind, true, nil)
				assert.False(f.t, ok || err != nil, "%s: %v", kind, err)
				asked <- kind
			}
			exitWith(c, 0)
		})
	})
	transport := newTransport(t)
	var connections chan struct{}
	transport.o.AgentSocket, connections = serveAgent(t, ring(t, newPrivateKey(t, "ed25519")))
	_, err := run(t, transport, f.machine(), "true")
	require.NoError(t, err)
	assert.Len(t, asked, 7+4+6)
	assert.Empty(t, connections, "the agent is not even asked: the key of the file was accepted")
}
