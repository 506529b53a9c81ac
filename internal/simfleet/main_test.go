package simfleet

import (
	"bytes"
	"io"
	"net"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"golang.org/x/crypto/ssh"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience bounds a wait for what must happen.
const patience = 30 * time.Second

// oneMachine is a fleet of one machine, and a connection to it.
func oneMachine(t *testing.T, exec Exec) (*Machine, *ssh.Client) {
	t.Helper()
	f, err := New()
	require.NoError(t, err)
	t.Cleanup(f.Close)
	m, err := f.Add(exec)
	require.NoError(t, err)
	key, err := f.Key()
	require.NoError(t, err)
	signer, err := ssh.ParsePrivateKey(key)
	require.NoError(t, err)
	client, err := login(m, User, signer)
	require.NoError(t, err)
	t.Cleanup(func() { _ = client.Close() })
	return m, client
}

func address(m *Machine) string { return net.JoinHostPort(Host, strconv.Itoa(m.Port())) }

func login(m *Machine, user string, key ssh.Signer) (*ssh.Client, error) {
	return ssh.Dial("tcp", address(m), &ssh.ClientConfig{
		User: user, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(m.key.PublicKey()),
	})
}

// only knows one script.
func only(script string) func(string) bool { return func(sent string) bool { return sent == script } }

// shellOf is a machine whose one script is this one, and what to send to run it.
func shellOf(t *testing.T, script string) (Exec, string) {
	t.Helper()
	script = "{\n" + script + "\nexit\n}\n"
	exec, err := Shell(t.TempDir(), only(script))
	require.NoError(t, err)
	return exec, script
}

// command is a command that runs on a machine.
type command struct {
	*ssh.Session
	io.WriteCloser
	stdout io.Reader
	stderr bytes.Buffer
}

func start(t *testing.T, client *ssh.Client) *command {
	t.Helper()
	session, err := client.NewSession()
	require.NoError(t, err)
	c := &command{Session: session}
	c.Stderr = &c.stderr
	c.WriteCloser, err = session.StdinPipe()
	require.NoError(t, err)
	c.stdout, err = session.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, session.Start(Command))
	return c
}

// runScript sends a script and waits for the first line that it prints: a shell may take what follows a script too soon
// for a part of it.
func (c *command) runScript(t *testing.T, script string) (line string) {
	t.Helper()
	_, err := io.WriteString(c, script)
	require.NoError(t, err)
	for char := make([]byte, 1); char[0] != '\n'; line += string(char) {
		_, err := c.stdout.Read(char)
		require.NoError(t, err)
	}
	return line
}

// status is how the command ended.
func (c *command) status(t *testing.T) int {
	t.Helper()
	err := c.Wait()
	if err == nil {
		return 0
	}
	var exit *ssh.ExitError
	require.ErrorAs(t, err, &exit)
	return exit.ExitStatus()
}
