// Package testsshd starts a real OpenSSH server on a loopback port for tests, with its own host keys, its own
// user and that user's key. It is imported by tests only.
//
// A test that needs it is skipped where it cannot run (not root, no sshd), and fails there if CI=true.
package testsshd

import (
	"cmp"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

const (
	sshdPath    = "/usr/sbin/sshd"
	loopback    = "127.0.0.1"
	startWithin = 20 * time.Second
)

// Options says how a server differs from the default: one ed25519 host key, listening on 127.0.0.1 only.
type Options struct {
	// HostKeyTypes are the types of the host keys as ssh-keygen knows them: ed25519, ecdsa, rsa.
	HostKeyTypes []string
	// AllLoopbacks makes every address in 127.0.0.0/8 answer, as if each were a machine. It listens on all
	// interfaces for that; only the test's user with the test's key can log in.
	AllLoopbacks bool
	// Config are lines of sshd_config. A keyword in them replaces the harness's.
	Config []string
	// Shell is the user's login shell; /bin/sh if empty.
	Shell string
}

// Server is a running sshd. Its fields never change.
type Server struct {
	Host           string // 127.0.0.1
	Port           int
	Addr           string // Host:Port
	User           string // who can log in
	Home           string // the user's home directory
	KeyFile        string // the user's private key (ed25519, no passphrase)
	KnownHostsFile string // the host keys that the server had when it started

	t       testing.TB
	o       Options
	dir     string
	uid     int
	gid     int
	log     *logFile
	mu      sync.Mutex
	process *process // nil while stopped
}

// Start starts a server and waits until it answers. When the test ends, the server and its user are removed.
func Start(t testing.TB, o Options) *Server {
	t.Helper()
	require(t)
	if len(o.HostKeyTypes) == 0 {
		o.HostKeyTypes = []string{"ed25519"}
	}
	s := &Server{t: t, o: o, Host: loopback, dir: t.TempDir()}
	s.log = &logFile{path: filepath.Join(s.dir, "sshd.log")}
	s.KeyFile = filepath.Join(s.dir, "id_ed25519")
	s.KnownHostsFile = filepath.Join(s.dir, "known_hosts")
	s.User, s.Home, s.uid, s.gid = s.newUser(t, cmp.Or(o.Shell, "/bin/sh"))
	s.check("make the user's key", keygen("ed25519", s.KeyFile))
	s.check("authorize the user's key", s.authorize())
	s.check("make host keys", s.makeHostKeys())
	s.check("make /run/sshd", os.MkdirAll("/run/sshd", 0o755))
	t.Cleanup(s.Stop)
	s.listen()
	s.WriteKnownHosts()
	return s
}

// listen starts sshd on a free port. Another process may take the port in between, so it tries more than one.
func (s *Server) listen() {
	s.t.Helper()
	var err error
	for range 5 {
		if s.Port, err = freePort(); err != nil {
			continue
		}
		s.Addr = fmt.Sprintf("%s:%d", s.Host, s.Port)
		if err = s.run(); err == nil {
			return
		}
	}
	s.check("start sshd", err)
}

// Stop ends the server and every connection to it, as a machine does that loses power. A stopped server's
// port refuses connections.
func (s *Server) Stop() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.process != nil {
		s.process.kill()
		s.process = nil
		killUser(s.uid, s.gid)
	}
}

// Restart starts the server again, on the same port and with the same host keys, stopping it before if needed.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	s.check("restart sshd", s.run())
}

// RotateHostKeys replaces the host keys and restarts the server. KnownHostsFile keeps the old ones.
func (s *Server) RotateHostKeys() {
	s.t.Helper()
	s.Stop()
	s.check("make new host keys", s.makeHostKeys())
	s.check("restart sshd", s.run())
}

// Configure adds lines to sshd_config, in which a keyword replaces the harness's, and restarts the server.
func (s *Server) Configure(lines ...string) {
	s.t.Helper()
	s.Stop()
	s.o.Config = append(lines, s.o.Config...) // of a keyword sshd takes the first line
	s.check("restart sshd", s.run())
}

// Log is what the server has logged so far (LogLevel VERBOSE), without the harness's own connections.
func (s *Server) Log() string { return s.log.read(s.t) }

// Connections is the number of connections that the server has accepted so far, not counting the harness's own.
func (s *Server) Connections() int {
	return strings.Count("\n"+s.Log(), "\nConnection from ")
}

// Logins is the number of successful logins so far.
func (s *Server) Logins() int {
	return strings.Count("\n"+s.Log(), "\nAccepted publickey for ")
}

func (s *Server) run() error {
	s.mu.Lock()
	defer s.mu.Unlock()
	file, err := s.writeConfig()
	if err != nil {
		return err
	}
	p, err := startProcess(sshdPath, "-D", "-f", file, "-E", s.log.path)
	if err != nil {
		return err
	}
	if err := p.waitBanner(s.Addr, s.log.ignore); err != nil {
		p.kill()
		return fmt.Errorf("%w; its log:\n%s", err, s.log.read(s.t))
	}
	s.process = p
	return nil
}

func (s *Server) check(what string, err error) {
	s.t.Helper()
	if err != nil {
		s.t.Fatalf("testsshd: %s: %v", what, err)
	}
}

// require skips the test, or fails it in CI, where a server cannot be started.
func require(t testing.TB) {
	t.Helper()
	var missing string
	switch _, err := os.Stat(sshdPath); {
	case err != nil:
		missing = sshdPath + " (Debian package openssh-server)"
	case os.Geteuid() != 0:
		missing = "root, to create a user and start sshd"
	default:
		return
	}
	testenv.Missing(t, "%s", missing)
}
