package ssh

import (
	"context"
	"fmt"
	"net"
	"net/netip"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/skeema/knownhosts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// resolving is a transport for which names have these addresses.
func resolving(t *testing.T, names map[string]string) *Transport {
	transport := newTransport(t)
	transport.lookupIP = func(_ context.Context, host string) ([]netip.Addr, error) {
		var ips []netip.Addr
		for ip := range strings.FieldsSeq(names[host]) {
			ips = append(ips, netip.MustParseAddr(ip))
		}
		if ips == nil {
			return nil, &net.DNSError{Err: "no such host", Name: host, IsNotFound: true}
		}
		return ips, nil
	}
	return transport
}

// deafAt makes an address swallow connections to the port.
func deafAt(t *testing.T, ip string, port int) {
	t.Helper()
	fd, err := syscall.Socket(syscall.AF_INET, syscall.SOCK_STREAM, 0)
	require.NoError(t, err)
	t.Cleanup(func() { _ = syscall.Close(fd) })
	require.NoError(t, syscall.Bind(fd, &syscall.SockaddrInet4{Addr: netip.MustParseAddr(ip).As4(), Port: port}))
	require.NoError(t, syscall.Listen(fd, 0))
	for range 5 {
		conn, err := net.DialTimeout("tcp", net.JoinHostPort(ip, strconv.Itoa(port)), 100*time.Millisecond)
		if err != nil {
			return
		}
		t.Cleanup(func() { _ = conn.Close() })
	}
	t.Fatal("the queue does not fill")
}

// as makes the server's key the known one of a host.
func as(t *testing.T, m *config.Machine, key ssh.PublicKey, hosts ...string) {
	t.Helper()
	text := ""
	for _, host := range hosts {
		text += knownhosts.Line([]string{net.JoinHostPort(host, strconv.Itoa(m.SSH.Port))}, key) + "\n"
	}
	m.SSH.KnownHostsFiles = []string{writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), text)}
}

func startExec(t *testing.T) *fakeServer {
	return startFake(t, func(f *fakeServer) { f.onExec = answer(func(c ssh.Channel) { exitWith(c, 0) }) })
}

func TestEveryAddressOfANameIsTried(t *testing.T) {
	f := startExec(t) // at 127.0.0.1 only
	deafAt(t, "127.0.0.2", f.port())
	names := map[string]string{
		"web1": "127.0.0.3 127.0.0.1", "deaf": "127.0.0.2 127.0.0.1", "mapped": "::ffff:127.0.0.1",
		"families": "::1 127.0.0.3 127.0.0.1", "down": "127.0.0.3 127.0.0.2", "one": "127.0.0.3",
	}
	m := f.machine()
	as(t, m, f.keys[0].PublicKey(), "web1", "deaf", "families", "mapped")
	transport := resolving(t, names)
	for _, name := range []string{"web1", "deaf", "families", "mapped", "WEB1"} {
		if m.Address = name; name == "WEB1" {
			names[name] = names["web1"]
		}
		_, err := run(t, transport, m, "true")
		require.NoError(t, err, name)
	}

	m.SSH.ConnectTimeout = time.Second
	m.Address = "down"
	_, err := transport.Start(contextOf(t), m, []string{"true"})
	requireFailure(t, err, state.ReasonConnect, true, fmt.Sprintf("no connection to down:%d: ", f.port()),
		"127.0.0.3: connect: connection refused", "127.0.0.2: i/o timeout")
	require.ErrorIs(t, err, syscall.ECONNREFUSED)
	m.Address = "one"
	_, err = transport.Start(contextOf(t), m, []string{"true"})
	requireFailure(t, err, state.ReasonConnect, true, "127.0.0.3:"+strconv.Itoa(f.port()), "refused")
	m.Address = "nobody"
	_, err = transport.Start(contextOf(t), m, []string{"true"})
	requireFailure(t, err, state.ReasonConnect, true, "no connection to nobody:", "no such host")
}

func TestSeveralAddressesOfAMachine(t *testing.T) {
	f := startExec(t)
	deafAt(t, "127.0.0.2", f.port())
	transport := resolving(t, map[string]string{"lan": "127.0.0.2", "vpn": "127.0.0.3 127.0.0.1"})
	m := f.machine()
	m.Address, m.FurtherAddresses = "lan", []string{"127.0.0.4", "nobody", "vpn"}
	key := f.keys[0].PublicKey()

	as(t, m, key, "vpn")
	_, err := run(t, transport, m, "true")
	require.NoError(t, err)
	as(t, m, key, "lan")
	_, err = run(t, transport, m, "true")
	require.NoError(t, err, "where the one that answered is not known, the others' keys count")

	as(t, m, newSigner(t, "ed25519").PublicKey(), "lan")
	for _, policy := range []config.HostKeyPolicy{config.HostKeyStrict, config.HostKeyAcceptNew} {
		m.SSH.HostKeyPolicy = policy
		_, err = transport.Start(contextOf(t), m, []string{"true"})
		requireFailure(t, err, state.ReasonHostKey, false, "the host key of [vpn]:", "has changed")
	}
	m.SSH.HostKeyPolicy = config.HostKeyStrict
	m.SSH.KnownHostsFiles = []string{writeFile(t, filepath.Join(t.TempDir(), "k"),
		knownhosts.Line([]string{fmt.Sprintf("lan:%d", f.port())}, key)+"\n"+
			knownhosts.Line([]string{fmt.Sprintf("vpn:%d", f.port())}, newSigner(t, "ecdsa").PublicKey())+"\n")}
	_, err = transport.Start(contextOf(t), m, []string{"true"})
	requireFailure(t, err, state.ReasonHostKey, false, "has changed", "known is ecdsa-")

	m.SSH.KnownHostsFiles, m.SSH.HostKeyPolicy = nil, config.HostKeyAcceptNew
	_, err = run(t, transport, m, "true")
	require.NoError(t, err)
	learned, err := transport.hostKeys.keysOf(nil, fmt.Sprintf("vpn:%d", f.port()))
	require.NoError(t, err)
	assert.Len(t, learned, 1, "under the address that answered")

	f.stop()
	m.SSH.ConnectTimeout = time.Second
	_, err = transport.Start(contextOf(t), m, []string{"true"})
	requireFailure(t, err, state.ReasonConnect, true, "no connection to any address: lan:", "i/o timeout", "127.0.0.4:",
		"nobody:", "no such host", fmt.Sprintf("vpn:%d (127.0.0.3: connect: connection refused; 127.0.0.1: connect: connection refused)", f.port()))
}

func TestSSHConfigOfSeveralAddresses(t *testing.T) {
	file := writeFile(t, filepath.Join(t.TempDir(), "c"), "Host lan\n HostName 10.0.0.1\n Port 2\nHost vpn\n HostName 10.0.0.2\n Port 3\n")
	tg, err := New(Options{User: "me"}).resolve(&config.Machine{
		Name: "m", Address: "lan", FurtherAddresses: []string{"vpn", "other"}, SSH: config.SSH{ConfigFile: file},
	})
	require.NoError(t, err)
	assert.Equal(t, []string{"10.0.0.1:2", "10.0.0.2:2", "other:2"}, tg.hops[0].addrs())
	assert.Equal(t, []string{"10.0.0.2:2", "10.0.0.1:2", "other:2"}, tg.hops[0].answering(1).addrs())
}

func TestSeveralAddressesBehindAJumpHost(t *testing.T) {
	jump, server := testsshd.Start(t, testsshd.Options{}), testsshd.Start(t, testsshd.Options{})
	m := through(t, server, jump)
	m.Address, m.FurtherAddresses = "127.0.0.9", []string{server.Host} // sshd listens at one of them
	out, err := run(t, newTransport(t), m, "id", "-un")
	require.NoError(t, err)
	assert.Equal(t, server.User+"\n", out)
	server.Stop()
	_, err = newTransport(t).Start(contextOf(t), m, []string{"true"})
	requireFailure(t, err, state.ReasonConnect, true, "the jump host made no connection to any address: 127.0.0.9:", "; "+server.Host)
}

func TestRealNameWithSeveralAddresses(t *testing.T) {
	ips, err := lookupIP(t.Context(), "localhost")
	require.NoError(t, err)
	f := startExec(t)
	m := f.machine()
	m.Address = "localhost" // ::1, too, on most systems, where nothing listens
	as(t, m, f.keys[0].PublicKey(), "localhost")
	_, err = run(t, newTransport(t), m, "true")
	require.NoError(t, err, ips)
}

func TestFamiliesTakeTurns(t *testing.T) {
	var ips, want []netip.Addr
	for _, ip := range []string{"::1", "::2", "::3", "10.0.0.1", "::ffff:10.0.0.2"} {
		ips = append(ips, netip.MustParseAddr(ip))
	}
	for _, ip := range []string{"::1", "10.0.0.1", "::2", "10.0.0.2", "::3"} {
		want = append(want, netip.MustParseAddr(ip))
	}
	assert.Equal(t, want, mixed(ips))
	assert.Len(t, mixed(make([]netip.Addr, 100)), maxAddresses)
	assert.Empty(t, mixed(nil))
}
