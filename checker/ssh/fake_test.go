package ssh

import (
	"crypto/ecdsa"
	"crypto/ed25519"
	"crypto/elliptic"
	"crypto/rand"
	"crypto/rsa"
	"encoding/pem"
	"errors"
	"net"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/skeema/knownhosts"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// fakeServer is an SSH server in this process, for what a real one does not do.
type fakeServer struct {
	t        testing.TB
	listener net.Listener
	config   *ssh.ServerConfig
	keys     []ssh.Signer

	attempts atomic.Int64 // to log in, "none" and keys alike
	work     sync.WaitGroup
	mu       sync.Mutex
	conns    []net.Conn

	// What it does with a connection, with one that has logged in, and with its session. nil: what a server does.
	onConn    func(net.Conn)
	onLogin   func(*ssh.ServerConn)
	onSession func(ssh.NewChannel)
	onExec    func(ssh.Channel, *ssh.Request)
}

// startFake starts a server that takes any key. set changes what it does.
func startFake(t testing.TB, set func(*fakeServer)) *fakeServer {
	t.Helper()
	f := &fakeServer{t: t, keys: []ssh.Signer{newSigner(t, "ed25519")}}
	f.config = &ssh.ServerConfig{
		PublicKeyCallback: func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) { return nil, nil },
		AuthLogCallback:   func(ssh.ConnMetadata, string, error) { f.attempts.Add(1) },
	}
	if set != nil {
		set(f)
	}
	for _, k := range f.keys {
		f.config.AddHostKey(k)
	}
	var err error
	f.listener, err = net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	f.work.Go(f.accept)
	t.Cleanup(f.stop)
	return f
}

func (f *fakeServer) stop() {
	_ = f.listener.Close()
	f.hangUp()
	f.work.Wait()
}

// hangUp closes every connection.
func (f *fakeServer) hangUp() {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, c := range f.conns {
		_ = c.Close()
	}
}

func (f *fakeServer) accept() {
	for {
		conn, err := f.listener.Accept()
		if err != nil {
			return
		}
		f.mu.Lock()
		f.conns = append(f.conns, conn)
		f.mu.Unlock()
		f.work.Go(func() { f.serve(conn) })
	}
}

func (f *fakeServer) serve(conn net.Conn) {
	if f.onConn != nil {
		f.onConn(conn)
		return
	}
	c, channels, requests, err := ssh.NewServerConn(conn, f.config)
	if err != nil {
		_ = conn.Close()
		return
	}
	if f.onLogin != nil {
		f.onLogin(c)
	}
	f.work.Go(func() { ssh.DiscardRequests(requests) })
	for channel := range channels {
		if f.onSession != nil {
			f.onSession(channel)
			continue
		}
		ch, requests, err := channel.Accept()
		if err != nil {
			continue
		}
		f.work.Go(func() {
			for r := range requests {
				if r.Type == "exec" && f.onExec != nil {
					f.onExec(ch, r)
				} else if r.WantReply {
					_ = r.Reply(r.Type == "exec", nil)
				}
			}
		})
	}
}

// answer is an onExec that accepts the command and does what act does.
func answer(act func(ssh.Channel)) func(ssh.Channel, *ssh.Request) {
	return func(ch ssh.Channel, r *ssh.Request) {
		_ = r.Reply(true, nil)
		go act(ch)
	}
}

func exitWith(ch ssh.Channel, status uint32) {
	_, _ = ch.SendRequest("exit-status", false, ssh.Marshal(struct{ Status uint32 }{status}))
	_ = ch.Close()
}

func (f *fakeServer) port() int { return f.listener.Addr().(*net.TCPAddr).Port }

func (f *fakeServer) addr() string { return f.listener.Addr().String() }

// machine is the server as a machine whose host key is known.
func (f *fakeServer) machine() *config.Machine {
	dir := f.t.TempDir()
	key, _ := newKeyFile(f.t, filepath.Join(dir, "id"))
	known := ""
	for _, k := range f.keys {
		known += knownhosts.Line([]string{f.addr()}, k.PublicKey()) + "\n"
	}
	return &config.Machine{
		Name:    "fake",
		Address: "127.0.0.1",
		SSH: config.SSH{
			User: "tester", Port: f.port(), IdentityFiles: []string{key},
			KnownHostsFiles: []string{writeFile(f.t, filepath.Join(dir, "known_hosts"), known)},
			HostKeyPolicy:   config.HostKeyStrict, ConnectTimeout: patience,
		},
	}
}

// newPrivateKey makes a key of a type that ssh-keygen knows.
func newPrivateKey(t testing.TB, keyType string) any {
	t.Helper()
	var key any
	var err error
	switch keyType {
	case "ed25519":
		_, key, err = ed25519.GenerateKey(rand.Reader)
	case "ecdsa":
		key, err = ecdsa.GenerateKey(elliptic.P256(), rand.Reader)
	case "rsa":
		key, err = rsa.GenerateKey(rand.Reader, 2048)
	default:
		err = errors.New(keyType)
	}
	require.NoError(t, err)
	return key
}

func newSigner(t testing.TB, keyType string) ssh.Signer {
	t.Helper()
	signer, err := ssh.NewSignerFromKey(newPrivateKey(t, keyType))
	require.NoError(t, err)
	return signer
}

// newKeyFile writes a new private key to path.
func newKeyFile(t testing.TB, path string) (string, any) {
	t.Helper()
	key := newPrivateKey(t, "ed25519")
	block, err := ssh.MarshalPrivateKey(key.(ed25519.PrivateKey), "test")
	require.NoError(t, err)
	return writeFile(t, path, string(pem.EncodeToMemory(block))), key
}

// waitFor waits until a channel is closed.
func waitFor(t testing.TB, c <-chan struct{}) {
	t.Helper()
	select {
	case <-c:
	case <-time.After(patience):
		t.Fatal("it did not happen")
	}
}
