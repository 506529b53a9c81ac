package ssh

import (
	"context"
	"io"
	"net"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

func TestParseJumps(t *testing.T) {
	tests := []struct {
		spec string
		want []jump
		err  string
	}{
		{spec: ""},
		{spec: "none"},
		{spec: "bastion", want: []jump{{host: "bastion"}}},
		{spec: "ann@bastion:2222", want: []jump{{user: "ann", host: "bastion", port: 2222}}},
		{spec: "a, b@c ,d:1", want: []jump{{host: "a"}, {user: "b", host: "c"}, {host: "d", port: 1}}},
		{spec: "ann@corp@10.0.0.1", want: []jump{{user: "ann@corp", host: "10.0.0.1"}}},
		{spec: "[::1]", want: []jump{{host: "::1"}}},
		{spec: "x@[fe80::1%eth0]:22", want: []jump{{user: "x", host: "fe80::1%eth0", port: 22}}},
		{spec: ",", err: "host is not valid"},
		{spec: "a,,b", err: "host is not valid"},
		{spec: "@a", err: "user name is not valid"},
		{spec: "a b@c", err: "user name is not valid"},
		{spec: "-oProxyCommand=x", err: "host is not valid"},
		{spec: "a:", err: "port is not valid"},
		{spec: "a:0", err: "1 to 65535"},
		{spec: "a:+1", err: "1 to 65535"},
		{spec: "a:65536", err: "1 to 65535"},
		{spec: "a:ssh", err: "1 to 65535"},
		{spec: "::1", err: "host is not valid"},
		{spec: "fe80::1:22", err: "1 to 65535"},
		{spec: "[::1", err: "a ] is missing"},
		{spec: "[::1]22", err: "port is not valid"},
		{spec: "a\nb", err: "host is not valid"},
		{spec: strings.Repeat("a,", 8) + "a", err: "more than 8"},
	}
	for _, tt := range tests {
		t.Run(tt.spec, func(t *testing.T) {
			got, err := parseJumps(tt.spec)
			if tt.err != "" {
				require.ErrorContains(t, err, tt.err)
				return
			}
			require.NoError(t, err)
			assert.Equal(t, tt.want, got)
		})
	}
}

func FuzzParseJumps(f *testing.F) {
	for _, s := range []string{"", "none", "a", "u@h:22,[::1]:2", "a@b@c:1", "[", "[]:", ",", "x\x00", "ü@ä"} {
		f.Add(s)
	}
	f.Fuzz(func(t *testing.T, spec string) {
		jumps, err := parseJumps(spec)
		if err != nil {
			assert.Empty(t, jumps)
			return
		}
		var parts []string
		for _, j := range jumps {
			require.True(t, validHost(j.host), j.host)
			part := "[" + j.host + "]"
			if j.user != "" {
				require.True(t, validUser(j.user), j.user)
				part = j.user + "@" + part
			}
			if j.port != 0 {
				part += ":" + strconv.Itoa(j.port)
			}
			parts = append(parts, part)
		}
		again, err := parseJumps(strings.Join(parts, ","))
		if strings.Contains(spec, ",") || len(jumps) != 0 && !strings.Contains(jumps[0].user, ",") {
			require.NoError(t, err)
			assert.Equal(t, jumps, again)
		}
	})
}

// through is target as a machine that is reached through jumps, all of whose keys are known.
func through(t *testing.T, target *testsshd.Server, jumps ...*testsshd.Server) *config.Machine {
	t.Helper()
	m := machineOf(target)
	known := target.KnownHosts()
	var specs []string
	for _, j := range jumps {
		known += j.KnownHosts()
		m.SSH.IdentityFiles = append(m.SSH.IdentityFiles, j.KeyFile)
		specs = append(specs, j.User+"@"+j.Addr)
	}
	m.SSH.ProxyJump = strings.Join(specs, ",")
	m.SSH.KnownHostsFiles = []string{writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), known)}
	return m
}

func TestProxyJump(t *testing.T) {
	target := testsshd.Start(t, testsshd.Options{})
	first := testsshd.Start(t, testsshd.Options{})
	second := testsshd.Start(t, testsshd.Options{})
	refusing := testsshd.Start(t, testsshd.Options{Config: []string{"AllowTcpForwarding no"}})
	transport := newTransport(t)

	t.Run("one", func(t *testing.T) {
		logins := first.Logins()
		out, err := run(t, transport, through(t, target, first), "id", "-un")
		require.NoError(t, err)
		assert.Equal(t, target.User+"\n", out)
		assert.Equal(t, logins+1, first.Logins())
	})
	t.Run("a chain", func(t *testing.T) {
		logins := second.Logins()
		out, err := run(t, transport, through(t, target, first, second), "id", "-un")
		require.NoError(t, err)
		assert.Equal(t, target.User+"\n", out)
		assert.Equal(t, logins+1, second.Logins())
	})
	t.Run("keys of hosts behind it are accepted by their own name", func(t *testing.T) {
		m := through(t, target, first)
		m.SSH.KnownHostsFiles, m.SSH.HostKeyPolicy = nil, config.HostKeyAcceptNew
		transport := newTransport(t)
		_, err := run(t, transport, m, "true")
		require.NoError(t, err)
		keys, err := transport.hostKeys.keysOf(nil, target.Addr)
		require.NoError(t, err)
		assert.Len(t, keys, 1)
		keys, err = transport.hostKeys.keysOf(nil, first.Addr)
		require.NoError(t, err)
		assert.Len(t, keys, 1)
	})
	t.Run("the deadline ends the session", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(contextOf(t), 3*time.Second)
		defer cancel()
		s := shell(t, ctx, transport, through(t, target, first, second), "sleep 1000")
		_, err := io.ReadAll(s.Stdout())
		requireFailure(t, err, state.ReasonTimeout, true)
	})

	deaf := through(t, target, first)
	deaf.SSH.Port, deaf.SSH.ConnectTimeout = deafPort(t), time.Second
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	closedPort := l.Addr().(*net.TCPAddr).Port
	require.NoError(t, l.Close())
	tests := []struct {
		name   string
		m      *config.Machine
		set    func(*config.Machine)
		reason state.Reason
		retry  bool
		texts  []string
	}{
		{"the machine is down", through(t, target, first), func(m *config.Machine) { m.SSH.Port = closedPort },
			state.ReasonConnect, true, []string{"the jump host made no connection to 127.0.0.1"}},
		{"the machine does not answer", deaf, func(*config.Machine) {}, state.ReasonConnect, true, []string{"no connection to", "within 1s"}},
		{"the jump host is down", through(t, target, first), func(m *config.Machine) { m.SSH.ProxyJump = "127.0.0.1:" + strconv.Itoa(closedPort) },
			state.ReasonConnect, true, []string{"jump host 127.0.0.1", "refused"}},
		{"the jump host forwards nothing", through(t, target, refusing), func(*config.Machine) {},
			state.ReasonConnect, false, []string{"the jump host made no connection"}},
		{"the jump host refuses the login", through(t, target, first), func(m *config.Machine) { m.SSH.IdentityFiles = []string{target.KeyFile} },
			state.ReasonAuth, false, []string{"jump host " + first.Addr, "cannot log in as " + first.User}},
		{"the jump host is not known", through(t, target, first), func(m *config.Machine) { m.SSH.KnownHostsFiles = []string{target.KnownHostsFile} },
			state.ReasonHostKey, false, []string{"jump host " + first.Addr, "is not known"}},
		{"the machine is not known", through(t, target, first), func(m *config.Machine) { m.SSH.KnownHostsFiles = []string{first.KnownHostsFile} },
			state.ReasonHostKey, false, []string{"is not known"}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			tt.set(tt.m)
			requireFailure(t, start(t, contextOf(t), tt.m), tt.reason, tt.retry, tt.texts...)
		})
	}
}

func TestJumpHostBreaksOff(t *testing.T) {
	var jump *fakeServer
	jump = startFake(t, func(f *fakeServer) {
		f.onSession = func(ssh.NewChannel) { jump.hangUp() }
	})
	m := jump.machine()
	m.SSH.ProxyJump = jump.addr()
	requireFailure(t, start(t, contextOf(t), m), state.ReasonProtocol, true, "broke off while connecting")
}
