package ssh

import (
	"encoding/pem"
	"errors"
	"fmt"
	"net"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	"golang.org/x/crypto/ssh/agent"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// ring is what an ssh-agent holds.
func ring(t testing.TB, keys ...any) agent.Agent {
	t.Helper()
	ring := agent.NewKeyring()
	for i, k := range keys {
		require.NoError(t, ring.Add(agent.AddedKey{PrivateKey: k, Comment: fmt.Sprintf("key %d", i)}))
	}
	return ring
}

// serveAgent is an ssh-agent that holds ring. It tells of every connection.
func serveAgent(t testing.TB, ring agent.Agent) (socket string, connections chan struct{}) {
	t.Helper()
	dir, err := os.MkdirTemp("", "agent") // a socket's path must be short
	require.NoError(t, err)
	socket = filepath.Join(dir, "s")
	l, err := net.Listen("unix", socket)
	require.NoError(t, err)
	connections = make(chan struct{}, 100)
	done := make(chan struct{})
	go func() {
		defer close(done)
		for {
			conn, err := l.Accept()
			if err != nil {
				return
			}
			connections <- struct{}{}
			_ = agent.ServeAgent(ring, conn)
			_ = conn.Close()
		}
	}()
	t.Cleanup(func() { _ = l.Close(); <-done; _ = os.RemoveAll(dir) })
	return socket, connections
}

func readKey(t testing.TB, file string) any {
	t.Helper()
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	key, err := ssh.ParseRawPrivateKey(data)
	require.NoError(t, err)
	return key
}

func encrypt(t testing.TB, path string, key any) string {
	t.Helper()
	block, err := ssh.MarshalPrivateKeyWithPassphrase(key, "", []byte("secret"))
	require.NoError(t, err)
	return writeFile(t, path, string(pem.EncodeToMemory(block)))
}

func TestAgent(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{Config: []string{"MaxAuthTries 3"}})
	good := readKey(t, server.KeyFile)
	others := []any{newPrivateKey(t, "ed25519"), newPrivateKey(t, "rsa"), newPrivateKey(t, "ecdsa"), newPrivateKey(t, "ed25519")}
	dir := t.TempDir()

	t.Run("an accepted key needs no identity file", func(t *testing.T) {
		m := machineOf(server)
		m.SSH.IdentityFiles = nil
		transport := newTransport(t)
		transport.o.AgentSocket, _ = serveAgent(t, ring(t, others[0], good))
		_, err := run(t, transport, m, "true")
		require.NoError(t, err)
	})
	t.Run("an identity file that is accepted does without the agent", func(t *testing.T) {
		transport := newTransport(t)
		var connections chan struct{}
		transport.o.AgentSocket, connections = serveAgent(t, ring(t, others...))
		_, err := run(t, transport, machineOf(server), "true")
		require.NoError(t, err)
		assert.Empty(t, connections)
	})
	t.Run("a key that an identity file names comes first", func(t *testing.T) {
		for name, file := range map[string]string{
			"encrypted":  encrypt(t, filepath.Join(dir, "encrypted"), good),
			"public":     server.KeyFile + ".pub",
			"beside it":  filepath.Join(dir, "missing"),
			"old format": writeFile(t, filepath.Join(dir, "old"), "-----BEGIN RSA PRIVATE KEY-----\nProc-Type: 4,ENCRYPTED\nDEK-Info: AES-128-CBC,00\n\nAAAA\n-----END RSA PRIVATE KEY-----\n"),
		} {
			public, err := os.ReadFile(server.KeyFile + ".pub")
			require.NoError(t, err)
			writeFile(t, file+".pub", string(public))
			m := machineOf(server)
			m.SSH.IdentityFiles = []string{file}
			transport := newTransport(t)
			transport.o.AgentSocket, _ = serveAgent(t, ring(t, append(others, good)...))
			_, err = run(t, transport, m, "true")
			require.NoError(t, err, name)
		}
	})
	t.Run("too many keys", func(t *testing.T) {
		m := machineOf(server)
		m.SSH.IdentityFiles = nil
		transport := newTransport(t)
		transport.o.AgentSocket, _ = serveAgent(t, ring(t, append(others, good)...))
		_, err := transport.Start(contextOf(t), m, []string{"true"})
		requireFailure(t, err, state.ReasonAuth, false, "Too many authentication failures", `the ssh-agent's "key 0"`)
	})
}

// brokenAgent cannot sign with one of its keys.
type brokenAgent struct {
	agent.ExtendedAgent
	broken ssh.PublicKey
}

func (a brokenAgent) SignWithFlags(key ssh.PublicKey, data []byte, flags agent.SignatureFlags) (*ssh.Signature, error) {
	if sameKey(key, a.broken) {
		return nil, errors.New("out of order")
	}
	return a.ExtendedAgent.SignWithFlags(key, data, flags)
}

func TestAKeyThatCannotSign(t *testing.T) {
	f := startFake(t, func(f *fakeServer) { f.onExec = answer(func(c ssh.Channel) { exitWith(c, 0) }) })
	m := f.machine()
	m.SSH.IdentityFiles = nil
	ring := agent.NewKeyring().(agent.ExtendedAgent)
	keys := []any{newPrivateKey(t, "ed25519"), newPrivateKey(t, "ed25519")}
	require.NoError(t, ring.Add(agent.AddedKey{PrivateKey: keys[0], Comment: "key 0"}))
	bad, err := ssh.NewSignerFromKey(keys[0])
	require.NoError(t, err)
	transport := newTransport(t)
	transport.o.AgentSocket, _ = serveAgent(t, brokenAgent{ring, bad.PublicKey()})

	_, err = run(t, transport, m, "true")
	requireFailure(t, err, state.ReasonAuth, false, `the ssh-agent's "key 0" (which could not sign`)

	require.NoError(t, ring.Add(agent.AddedKey{PrivateKey: keys[1], Comment: "key 1"}))
	_, err = run(t, transport, m, "true")
	require.NoError(t, err, "the keys after it are tried")
}

func TestRefusedLogin(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{})
	dir := t.TempDir()
	stranger, key := newKeyFile(t, filepath.Join(dir, "id_stranger"))
	garbage := writeFile(t, filepath.Join(dir, "id_garbage"), "hello")
	locked := encrypt(t, filepath.Join(dir, "id_locked"), newPrivateKey(t, "ed25519"))
	missing := filepath.Join(dir, "id_missing")
	empty, _ := serveAgent(t, ring(t))
	full, _ := serveAgent(t, ring(t, key, newPrivateKey(t, "ecdsa")))
	tests := []struct {
		name   string
		files  []string
		socket string
		texts  []string
	}{
		{"no keys at all", nil, "", []string{"there is no key to log in with", "no ssh-agent"}},
		{"keys that cannot be used", []string{missing, garbage, locked, dir}, "",
			[]string{"there is no key", missing + " cannot be used: no such file", garbage + " cannot be used: not a private key",
				locked + " cannot be used: encrypted with a passphrase", dir + " cannot be used"}},
		{"a key that is not accepted", []string{missing, stranger}, empty,
			[]string{"it accepted no key", "tried " + stranger + " (ssh-ed25519 SHA256:", missing, "the ssh-agent holds no keys"}},
		{"the agent's are not accepted", []string{stranger}, full, []string{"it accepted no key", `the ssh-agent's "key 1" (ecdsa-`}},
		{"the agent does not answer", []string{stranger}, filepath.Join(dir, "socket"),
			[]string{"the ssh-agent cannot be used: dial unix"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := machineOf(server)
			m.SSH.IdentityFiles = tt.files
			transport := newTransport(t)
			transport.o.AgentSocket = tt.socket
			_, err := transport.Start(contextOf(t), m, []string{"true"})
			requireFailure(t, err, state.ReasonAuth, false, append(tt.texts, "cannot log in as "+server.User+"@")...)
		})
	}
	t.Run("another user", func(t *testing.T) {
		m := machineOf(server)
		m.SSH.User = "root"
		_, err := newTransport(t).Start(contextOf(t), m, []string{"true"})
		requireFailure(t, err, state.ReasonAuth, false, "cannot log in as root@")
	})
}

func TestOtherMethods(t *testing.T) {
	t.Run("only passwords", func(t *testing.T) {
		f := startFake(t, func(f *fakeServer) {
			f.config.PublicKeyCallback = nil
			f.config.PasswordCallback = func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil }
			f.config.BannerCallback = func(ssh.ConnMetadata) string { return "go away\x1b[31m\n" }
		})
		requireFailure(t, start(t, contextOf(t), f.machine()), state.ReasonAuth, false,
			"it takes no keys, only password", `it says "go away\x1b[31m"`)
	})
	t.Run("a key and a password", func(t *testing.T) {
		f := startFake(t, func(f *fakeServer) {
			f.config.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
				return nil, &ssh.PartialSuccessError{Next: ssh.ServerAuthCallbacks{
					PasswordCallback: func(ssh.ConnMetadata, []byte) (*ssh.Permissions, error) { return nil, nil },
				}}
			}
		})
		requireFailure(t, start(t, contextOf(t), f.machine()), state.ReasonAuth, false,
			"accepted a key, but wants more than that (password)")
	})
	t.Run("an RSA key signs with SHA-2", func(t *testing.T) {
		var algorithm string
		f := startFake(t, func(f *fakeServer) {
			f.config.VerifiedPublicKeyCallback = func(_ ssh.ConnMetadata, _ ssh.PublicKey, p *ssh.Permissions, a string) (*ssh.Permissions, error) {
				algorithm = a
				return p, nil
			}
			f.onExec = answer(func(c ssh.Channel) { exitWith(c, 0) })
		})
		m := f.machine()
		transport := newTransport(t)
		m.SSH.IdentityFiles = nil
		transport.o.AgentSocket, _ = serveAgent(t, ring(t, newPrivateKey(t, "rsa")))
		_, err := run(t, transport, m, "true")
		require.NoError(t, err)
		assert.Equal(t, ssh.KeyAlgoRSASHA512, algorithm)
	})
}

func TestIdentitiesAreCached(t *testing.T) {
	transport := newTransport(t)
	file, _ := newKeyFile(t, filepath.Join(t.TempDir(), "id"))
	first := transport.identity(file, "")
	require.NotNil(t, first.signer)
	assert.Same(t, first.signer, transport.identity(file, "").signer)
	writeFile(t, file, "no longer")
	assert.Equal(t, "not a private key", transport.identity(file, "").problem)
	require.NoError(t, os.Remove(file))
	assert.Equal(t, "no such file", transport.identity(file, "").problem)
	_, _ = newKeyFile(t, file)
	assert.NotNil(t, transport.identity(file, "").signer)
}
