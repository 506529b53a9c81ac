package ssh

import (
	"context"
	"net"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// start tries to start a command and returns why that failed.
func start(t *testing.T, ctx context.Context, m *config.Machine) error { //nolint:revive // t comes first in tests
	t.Helper()
	s, err := newTransport(t).Start(ctx, m, []string{"true"})
	if err == nil {
		require.NoError(t, s.Close())
	}
	return err
}

func TestNoConnection(t *testing.T) {
	m := startFake(t, nil).machine()

	t.Run("refused", func(t *testing.T) {
		l, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(t, err)
		m := *m
		m.SSH.Port = l.Addr().(*net.TCPAddr).Port
		require.NoError(t, l.Close())
		err = start(t, contextOf(t), &m)
		requireFailure(t, err, state.ReasonConnect, true, "refused")
		require.ErrorIs(t, err, syscall.ECONNREFUSED)
		assert.ErrorContains(t, err, "machine fake: ")
	})
	t.Run("no such name", func(t *testing.T) {
		m := *m
		m.Address, m.SSH.ConnectTimeout = "no-such-host.invalid", time.Second
		requireFailure(t, start(t, contextOf(t), &m), state.ReasonConnect, true, "no-such-host.invalid")
	})
	t.Run("connect timeout", func(t *testing.T) {
		m := *m
		m.SSH.Port, m.SSH.ConnectTimeout = deafPort(t), 200*time.Millisecond
		requireFailure(t, start(t, contextOf(t), &m), state.ReasonConnect, true, "timeout")
	})
	t.Run("deadline before the connection", func(t *testing.T) {
		m := *m
		m.SSH.Port = deafPort(t)
		ctx, cancel := context.WithTimeout(contextOf(t), 200*time.Millisecond)
		defer cancel()
		requireFailure(t, start(t, ctx, &m), state.ReasonConnect, true)
	})
	t.Run("canceled", func(t *testing.T) {
		m := *m
		m.SSH.Port = deafPort(t)
		ctx, cancel := context.WithCancel(contextOf(t))
		time.AfterFunc(100*time.Millisecond, cancel)
		err := start(t, ctx, &m)
		requireFailure(t, err, state.ReasonInternal, true, "canceled while connecting to 127.0.0.1")
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("canceled before it starts", func(t *testing.T) {
		ctx, cancel := context.WithCancel(contextOf(t))
		cancel()
		require.ErrorIs(t, start(t, ctx, m), context.Canceled)
	})
}

// deafPort is a port where a SYN is not answered: its listener's queue is full.
func deafPort(t *testing.T) int {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: [4]byte{127, 0, 0, 1}}))
	require.NoError(t, syscall.Listen(fd, 0))
	name, err := syscall.Getsockname(fd)
	require.NoError(t, err)
	port := name.(*syscall.SockaddrInet4).Port
	for range 5 { // until one is not answered
		conn, err := net.DialTimeout("tcp", (&net.TCPAddr{IP: net.IPv4(127, 0, 0, 1), Port: port}).String(), 100*time.Millisecond)
		if err != nil {
			return port
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the queue does not fill")
	return 0
}

func TestBrokenHandshake(t *testing.T) {
	say := func(text string) func(net.Conn) {
		return func(c net.Conn) {
			_, _ = c.Write([]byte(text))
			_, _ = c.Read(make([]byte, 1000)) // what the client says
			_ = c.Close()
		}
	}
	hold := func(c net.Conn) { _, _ = c.Read(make([]byte, 1000)) }
	tests := []struct {
		name    string
		onConn  func(net.Conn)
		timeout time.Duration
		reason  state.Reason
		retry   bool
		text    string
	}{
		{"silent", hold, 200 * time.Millisecond, state.ReasonTimeout, true, "no SSH handshake of 127.0.0.1"},
		{"silent after its version", func(c net.Conn) { _, _ = c.Write([]byte("SSH-2.0-x\r\n")); hold(c) },
			200 * time.Millisecond, state.ReasonTimeout, true, "no SSH handshake"},
		{"closed at once", func(c net.Conn) { _ = c.Close() }, patience, state.ReasonProtocol, true, "closed the connection before"},
		{"too many connections", say("Exceeded MaxStartups\r\n"), patience, state.ReasonProtocol, true,
			`saying "Exceeded MaxStartups"`},
		{"closed after its version", say("SSH-2.0-x\r\n"), patience, state.ReasonProtocol, true, "closed the connection before"},
		{"another protocol", say("HTTP/1.1 400 Bad Request\r\n\r\n"), patience, state.ReasonProtocol, true, "HTTP/1.1 400"},
		{"terminal escapes", say("\x1b[2Jhello\u202e\xff\r\n"), patience, state.ReasonProtocol, true, `\x1b[2Jhello\u202e\xff`},
		{"nonsense", say("SSH-2.0-x\r\n" + strings.Repeat("\xff", 5000)), patience, state.ReasonProtocol, true, "made no sense"},
		{"a preamble without end", say(strings.Repeat("x", 100_000)), patience, state.ReasonProtocol, true, "made no sense"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := startFake(t, func(f *fakeServer) { f.onConn = tt.onConn })
			m := f.machine()
			m.SSH.ConnectTimeout = tt.timeout
			requireFailure(t, start(t, contextOf(t), m), tt.reason, tt.retry, tt.text)
		})
	}
	t.Run("deadline", func(t *testing.T) {
		f := startFake(t, func(f *fakeServer) { f.onConn = hold })
		ctx, cancel := context.WithTimeout(contextOf(t), 200*time.Millisecond)
		defer cancel()
		err := start(t, ctx, f.machine())
		requireFailure(t, err, state.ReasonTimeout, true, "waiting for the SSH handshake")
		require.ErrorIs(t, err, context.DeadlineExceeded)
	})
	t.Run("deadline while logging in", func(t *testing.T) {
		release := make(chan struct{})
		f := startFake(t, func(f *fakeServer) {
			f.config.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
				<-release
				return nil, nil
			}
		})
		defer close(release)
		ctx, cancel := context.WithTimeout(contextOf(t), time.Second)
		defer cancel()
		m := f.machine()
		m.SSH.ConnectTimeout = 500 * time.Millisecond // which a slow login may exceed
		requireFailure(t, start(t, ctx, m), state.ReasonTimeout, true, "logging in as tester@127.0.0.1")
	})
	t.Run("closed while logging in", func(t *testing.T) {
		var f *fakeServer
		f = startFake(t, func(s *fakeServer) {
			s.config.PublicKeyCallback = func(ssh.ConnMetadata, ssh.PublicKey) (*ssh.Permissions, error) {
				f.hangUp()
				return nil, nil
			}
		})
		requireFailure(t, start(t, contextOf(t), f.machine()), state.ReasonProtocol, true, "broke off while logging in")
	})
	t.Run("deadline while starting the command", func(t *testing.T) {
		f := startFake(t, func(f *fakeServer) { f.onExec = func(ssh.Channel, *ssh.Request) {} })
		ctx, cancel := context.WithTimeout(contextOf(t), time.Second)
		defer cancel()
		requireFailure(t, start(t, ctx, f.machine()), state.ReasonTimeout, true, "starting a command")
	})
	t.Run("nothing in common", func(t *testing.T) {
		f := startFake(t, func(f *fakeServer) { f.config.Ciphers = []string{ssh.InsecureCipherAES128CBC} })
		requireFailure(t, start(t, contextOf(t), f.machine()), state.ReasonProtocol, false, "no algorithm in common")
	})
}

func TestRealServerDropsConnections(t *testing.T) {
	s := testsshd.Start(t, testsshd.Options{Config: []string{"MaxStartups 1"}})
	conn, err := net.Dial("tcp", s.Addr)
	require.NoError(t, err)
	defer func() { _ = conn.Close() }()
	_, err = conn.Read(make([]byte, 3)) // it has been accepted, and is the one that may log in
	require.NoError(t, err)
	requireFailure(t, start(t, contextOf(t), machineOf(s)), state.ReasonProtocol, true, "before the SSH handshake")
}

func TestUnusableConfiguration(t *testing.T) {
	f := startFake(t, nil)
	tests := []struct {
		name string
		set  func(*config.Machine)
		text string
	}{
		{"address", func(m *config.Machine) { m.Address = "web1,web2" }, "neither a host name nor an IP address"},
		{"address with a line break", func(m *config.Machine) { m.Address = "web1\nx" }, `"web1\nx"`},
		{"port", func(m *config.Machine) { m.SSH.Port = 70000 }, "port 70000"},
		{"user", func(m *config.Machine) { m.SSH.User = "a b" }, "user name"},
		{"proxy jump", func(m *config.Machine) { m.SSH.ProxyJump = "a:b:c" }, "proxy_jump cannot be used"},
		{"known_hosts", func(m *config.Machine) {
			m.SSH.KnownHostsFiles = []string{t.TempDir()} // no file
		}, "known_hosts file cannot be used"},
		{"ssh_config", func(m *config.Machine) {
			m.SSH.ConfigFile = writeFile(t, filepath.Join(t.TempDir(), "c"), "Match exec\n")
		}, "ssh_config cannot be used"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := f.machine()
			tt.set(m)
			requireFailure(t, start(t, contextOf(t), m), state.ReasonInternal, false, tt.text)
		})
	}
	for _, word := range []string{"", "a b", "$(reboot)", "a;b", "a\nb", "`id`", "ä", "'x'", "~", "*", "a\x00"} {
		_, err := newTransport(t).Start(contextOf(t), f.machine(), []string{"echo", word})
		requireFailure(t, err, state.ReasonInternal, false, "refusing to run")
		_, err = NewLocal().Start(contextOf(t), f.machine(), []string{"echo", word})
		requireFailure(t, err, state.ReasonInternal, false, "refusing to run")
	}
	_, err := newTransport(t).Start(contextOf(t), f.machine(), nil)
	requireFailure(t, err, state.ReasonInternal, false)
	assert.Zero(t, f.attempts.Load())
}
