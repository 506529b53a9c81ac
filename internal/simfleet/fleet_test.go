package simfleet

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"fmt"
	"io"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/knownhosts"
)

func TestAFunctionAnswersInPlaceOfAShell(t *testing.T) {
	_, client := oneMachine(t, func(_ context.Context, stdin io.ReadCloser, stdout, stderr io.Writer) int {
		all, err := io.ReadAll(stdin)
		fmt.Fprintf(stdout, "%d %v\n", len(all), err)
		fmt.Fprint(stderr, "done")
		return 7
	})
	for range 2 { // a connection may carry several
		c := start(t, client)
		_, err := c.Write(make([]byte, 5<<20)) // more than any window
		require.NoError(t, err)
		require.NoError(t, c.WriteCloser.Close())
		got, err := io.ReadAll(c.stdout)
		require.NoError(t, err)
		assert.Equal(t, "5242880 <nil>\n", string(got))
		assert.Equal(t, 7, c.status(t))
		assert.Equal(t, "done", c.stderr.String())
	}
}

func TestOnlyTheFleetsKeyAndUserLogIn(t *testing.T) {
	f, err := New()
	require.NoError(t, err)
	defer f.Close()
	m, err := f.Add(nil)
	require.NoError(t, err)
	text, err := f.Key()
	require.NoError(t, err)
	own, err := ssh.ParsePrivateKey(text)
	require.NoError(t, err)
	_, private, err := ed25519.GenerateKey(rand.Reader)
	require.NoError(t, err)
	other, err := ssh.NewSignerFromKey(private)
	require.NoError(t, err)

	_, err = login(m, "root", own)
	require.ErrorContains(t, err, "unable to authenticate")
	_, err = login(m, User, other)
	require.ErrorContains(t, err, "unable to authenticate")
	client, err := login(m, User, own)
	require.NoError(t, err)
	require.NoError(t, client.Close())
}

func TestEachMachineHasAHostKeyThatIsKnown(t *testing.T) {
	f, err := New()
	require.NoError(t, err)
	defer f.Close()
	var machines []*Machine
	for range 3 {
		m, err := f.Add(nil)
		require.NoError(t, err)
		machines = append(machines, m)
	}
	file := filepath.Join(t.TempDir(), "known_hosts")
	require.NoError(t, os.WriteFile(file, f.KnownHosts(), 0o600))
	known, err := knownhosts.New(file)
	require.NoError(t, err)
	for i, m := range machines {
		at := &net.TCPAddr{IP: net.ParseIP(Host), Port: m.Port()}
		require.NoError(t, known(address(m), at, m.key.PublicKey()))
		require.Error(t, known(address(m), at, machines[(i+1)%3].key.PublicKey()))
	}
}

func TestWhatIsNotTheCommandIsRefused(t *testing.T) {
	_, client := oneMachine(t, func(context.Context, io.ReadCloser, io.Writer, io.Writer) int {
		t.Error("it ran")
		return 0
	})
	for _, line := range []string{"/bin/sh -c id", "/bin/bash", "id", "", "/bin/sh; id"} {
		session, err := client.NewSession()
		require.NoError(t, err)
		require.Error(t, session.Run(line), line)
		_ = session.Close()
	}
	session, err := client.NewSession()
	require.NoError(t, err)
	require.Error(t, session.Shell())
	require.Error(t, session.RequestSubsystem("sftp"))
	require.Error(t, session.RequestPty("xterm", 24, 80, nil))
	require.Error(t, session.Setenv("ENV", "/tmp/x"))
	_ = session.Close()
	_, err = client.Dial("tcp", "127.0.0.1:1")
	require.ErrorContains(t, err, "sessions only")
	_, _, err = client.SendRequest("keepalive@openssh.com", true, nil)
	require.NoError(t, err)
}

func TestOneServerIsManyMachines(t *testing.T) {
	f, err := New()
	require.NoError(t, err)
	defer f.Close()
	var mu sync.Mutex
	users := map[string]int{}
	f.LoggedIn = func(c *ssh.ServerConn) {
		mu.Lock()
		defer mu.Unlock()
		users[c.User()]++
	}
	listener, err := net.Listen("tcp4", "0.0.0.0:0")
	require.NoError(t, err)
	m, err := f.AddAt(listener, func(command string) Exec {
		return func(_ context.Context, _ io.ReadCloser, stdout, _ io.Writer) int {
			fmt.Fprint(stdout, "it was "+command)
			return 0
		}
	})
	require.NoError(t, err)
	text, err := f.Key()
	require.NoError(t, err)
	key, err := ssh.ParsePrivateKey(text)
	require.NoError(t, err)
	for _, host := range []string{"127.0.0.1", "127.1.2.3"} {
		client, err := ssh.Dial("tcp", net.JoinHostPort(host, fmt.Sprint(m.Port())), &ssh.ClientConfig{
			User: User, Auth: []ssh.AuthMethod{ssh.PublicKeys(key)}, HostKeyCallback: ssh.FixedHostKey(m.HostKey()),
		})
		require.NoError(t, err)
		session, err := client.NewSession()
		require.NoError(t, err)
		said, err := session.Output("uptime -p")
		require.NoError(t, err)
		assert.Equal(t, "it was uptime -p", string(said))
		require.NoError(t, client.Close())
	}
	f.Close()
	assert.Equal(t, map[string]int{User: 2}, users)
}

func TestAMachineThatStopsEndsWhatRunsOnItAndRefusesConnections(t *testing.T) {
	runs := make(chan struct{})
	m, client := oneMachine(t, func(ctx context.Context, _ io.ReadCloser, _, _ io.Writer) int {
		close(runs)
		<-ctx.Done()
		return 0
	})
	c := start(t, client)
	<-runs
	m.Stop()
	m.Stop()
	var missing *ssh.ExitMissingError
	require.ErrorAs(t, c.Wait(), &missing)
	_, err := net.DialTimeout("tcp", address(m), patience)
	require.ErrorContains(t, err, "refused")
}

func TestWhoNeverLogsInIsHungUpOnWhenTheMachineStops(t *testing.T) {
	m, _ := oneMachine(t, nil)
	conn, err := net.Dial("tcp", address(m))
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	m.Stop()
	require.NoError(t, conn.SetReadDeadline(time.Now().Add(patience)))
	said, err := io.ReadAll(conn)
	if err == nil { // else it was reset
		assert.True(t, strings.HasPrefix(string(said), "SSH-2.0-") || len(said) == 0)
	}
}
