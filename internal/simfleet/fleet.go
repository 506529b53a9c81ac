package simfleet

import (
	"context"
	"crypto/ed25519"
	"crypto/rand"
	"encoding/pem"
	"fmt"
	"io"
	"net"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

const (
	// Host is where all machines listen.
	Host = "127.0.0.1"
	// User is who can log in to them.
	User = "drift"
	// Command is the only one that they run.
	Command = "/bin/sh"
)

// Exec is what a machine does when Command is run on it, and returns its exit status. Reads of stdin end when the client
// ends it, and when Exec closes it, as it must before it returns if anything of it still reads. When ctx ends, the
// client is gone or wants it to end.
type Exec func(ctx context.Context, stdin io.ReadCloser, stdout, stderr io.Writer) (status int)

// Fleet is a number of machines and the key to log in with.
type Fleet struct {
	public  ssh.PublicKey
	private ed25519.PrivateKey

	// LoggedIn is told of each connection once somebody is logged in, if it is not nil. Set it before there are machines.
	LoggedIn func(*ssh.ServerConn)

	mu       sync.Mutex
	machines []*Machine
}

// Commands is what a machine does for a command; nil if it refuses that one.
type Commands func(command string) Exec

// New makes a fleet without machines.
func New() (*Fleet, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a key to log in with: %w", err)
	}
	public, err := ssh.NewPublicKey(private.Public())
	if err != nil {
		return nil, fmt.Errorf("make a key to log in with: %w", err)
	}
	return &Fleet{public: public, private: private}, nil
}

// Add makes a machine, which listens when it returns, and runs Command only.
func (f *Fleet) Add(exec Exec) (*Machine, error) {
	listener, err := net.Listen("tcp", net.JoinHostPort(Host, "0"))
	if err != nil {
		return nil, fmt.Errorf("listen as a machine: %w", err)
	}
	return f.AddAt(listener, func(command string) Exec {
		if command != Command {
			return nil
		}
		return exec
	})
}

// AddAt makes a machine that listens there and runs what commands has. One that listens on all addresses may stand for any
// number of machines with the same host key.
func (f *Fleet) AddAt(listener net.Listener, commands Commands) (*Machine, error) {
	key, err := newHostKey()
	if err != nil {
		_ = listener.Close()
		return nil, err
	}
	m := newMachine(listener, f, key, commands)
	f.mu.Lock()
	defer f.mu.Unlock()
	f.machines = append(f.machines, m)
	return m, nil
}

func newHostKey() (ssh.Signer, error) {
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		return nil, fmt.Errorf("make a host key: %w", err)
	}
	key, err := ssh.NewSignerFromKey(private)
	if err != nil {
		return nil, fmt.Errorf("make a host key: %w", err)
	}
	return key, nil
}

// Key is the private key to log in with, as an identity file has it.
func (f *Fleet) Key() ([]byte, error) {
	block, err := ssh.MarshalPrivateKey(f.private, "simfleet")
	if err != nil {
		return nil, fmt.Errorf("write the key to log in with: %w", err)
	}
	return pem.EncodeToMemory(block), nil
}

// KnownHosts is a known_hosts file with the host keys of all machines.
func (f *Fleet) KnownHosts() []byte {
	f.mu.Lock()
	defer f.mu.Unlock()
	var text strings.Builder
	for _, m := range f.machines {
		fmt.Fprintf(&text, "[%s]:%d %s", Host, m.Port(), ssh.MarshalAuthorizedKey(m.key.PublicKey()))
	}
	return []byte(text.String())
}

// Close stops all machines, and returns when nothing of them is left.
func (f *Fleet) Close() {
	f.mu.Lock()
	defer f.mu.Unlock()
	var work sync.WaitGroup
	for _, m := range f.machines {
		work.Go(m.Stop)
	}
	work.Wait()
}
