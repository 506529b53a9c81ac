package ssh

import (
	"fmt"
	"net"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"syscall"
	"testing"

	"github.com/skeema/knownhosts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

func TestAcceptNew(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{})
	m := machineOf(server)
	m.SSH.KnownHostsFiles = []string{filepath.Join(t.TempDir(), "missing")}
	m.SSH.HostKeyPolicy = config.HostKeyAcceptNew
	transport := newTransport(t)
	file := transport.o.AcceptedKeysFile

	_, err := run(t, transport, m, "true")
	require.NoError(t, err)
	data, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, server.KnownHosts(), string(data))
	for path, mode := range map[string]os.FileMode{file: 0o600, filepath.Dir(file): 0o700} {
		info, err := os.Stat(path)
		require.NoError(t, err)
		assert.Equal(t, mode, info.Mode().Perm(), path)
	}
	m.SSH.HostKeyPolicy = config.HostKeyStrict
	_, err = run(t, transport, m, "true")
	require.NoError(t, err, "what was accepted is known under strict too")
	m.SSH.HostKeyPolicy = config.HostKeyAcceptNew
	_, err = run(t, New(transport.o), m, "true")
	require.NoError(t, err, "and to the next process")
	after, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(data), string(after), "once")

	logins := server.Logins()
	server.RotateHostKeys()
	for _, tr := range []*Transport{transport, New(transport.o)} {
		_, err = tr.Start(contextOf(t), m, []string{"true"})
		requireFailure(t, err, state.ReasonHostKey, false, "has changed", file)
	}
	assert.Equal(t, logins, server.Logins())
	after, err = os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(data), string(after))

	require.NoError(t, os.WriteFile(file, nil, 0o600))
	_, err = run(t, transport, m, "true")
	require.NoError(t, err, "whoever removes the line accepts the new key")
}

func TestManyNewHostsAtOnce(t *testing.T) {
	const hosts, each = 50, 4
	server := testsshd.Start(t, testsshd.Options{AllLoopbacks: true})
	transport := newTransport(t)
	other := New(transport.o) // as another process that shares the file
	slots := make(chan struct{}, 32)
	var work sync.WaitGroup
	for i := range hosts * each {
		work.Go(func() {
			slots <- struct{}{}
			defer func() { <-slots }()
			m := machineOf(server)
			m.Address = fmt.Sprintf("127.0.1.%d", 1+i%hosts)
			m.SSH.KnownHostsFiles = nil
			m.SSH.HostKeyPolicy = config.HostKeyAcceptNew
			s, err := []*Transport{transport, other}[i/hosts%2].Start(contextOf(t), m, []string{"true"})
			if assert.NoError(t, err) {
				assert.NoError(t, s.Wait())
				assert.NoError(t, s.Close())
			}
		})
	}
	work.Wait()
	data, err := os.ReadFile(transport.o.AcceptedKeysFile)
	require.NoError(t, err)
	lines := map[string]int{}
	for line := range strings.Lines(string(data)) {
		lines[line]++
	}
	assert.Len(t, lines, hosts)
	for line, n := range lines {
		assert.Equal(t, 1, n, line)
		assert.True(t, strings.HasSuffix(line, "]:"+fmt.Sprint(server.Port)+" "+server.HostKey("ed25519")+"\n"), line)
	}
}

func TestAcceptedKeysFile(t *testing.T) {
	remote := &net.TCPAddr{IP: net.IPv4(10, 0, 0, 1), Port: 22}
	key, other := newSigner(t, "ed25519").PublicKey(), newSigner(t, "ed25519").PublicKey()
	line := func(host string) string { return knownhosts.Line([]string{host}, key) }
	known := func(t *testing.T, a *acceptedKeys, addr string) bool {
		t.Helper()
		o, err := a.ask(addr, remote, key)
		require.NoError(t, err)
		return o.trusted
	}
	file := func(t *testing.T, content string) *acceptedKeys {
		t.Helper()
		return &acceptedKeys{path: writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), content)}
	}

	t.Run("a line that was cut off is as if it was never written", func(t *testing.T) {
		whole := line("web1") + "\n" + line("web2")
		for cut := len(line("web1")) + 1; cut < len(whole); cut += 7 {
			a := file(t, whole[:cut])
			assert.True(t, known(t, a, "web1:22"))
			assert.False(t, known(t, a, "web2:22"))
			o, err := a.learn("web2:22", remote, key)
			require.NoError(t, err)
			assert.True(t, o.trusted)
			data, err := os.ReadFile(a.path)
			require.NoError(t, err)
			assert.Equal(t, whole+"\n", string(data))
		}
	})
	t.Run("a last line without an end is kept", func(t *testing.T) {
		a := file(t, line("web1"))
		_, err := a.learn("web2:22", remote, key)
		require.NoError(t, err)
		data, err := os.ReadFile(a.path)
		require.NoError(t, err)
		assert.Equal(t, line("web1")+"\n"+line("web2")+"\n", string(data))
	})
	t.Run("a line that is broken is an error, not forgotten", func(t *testing.T) {
		a := file(t, strings.Replace(line("web1"), "AAAA", "!!!!", 1)+"\n"+line("web2")+"\n")
		_, err := a.ask("web1:22", remote, key)
		requireFailure(t, err, state.ReasonInternal, false, "known_hosts:1")
		_, err = a.learn("web1:22", remote, key)
		requireFailure(t, err, state.ReasonInternal, false, "known_hosts:1")
	})
	t.Run("what another process has written meanwhile counts", func(t *testing.T) {
		a := file(t, "")
		assert.False(t, known(t, a, "web1:22"))
		writeFile(t, a.path, line("web1")+"\n")
		o, err := a.learn("web1:22", remote, other)
		require.NoError(t, err)
		assert.False(t, o.trusted)
		assert.Len(t, o.known, 1)
		assert.True(t, known(t, a, "web1:22"))
	})
	t.Run("what root makes in a service's directory is the service's", func(t *testing.T) {
		if os.Geteuid() != 0 {
			testenv.Missing(t, "root, to make a directory of somebody else")
		}
		dir := t.TempDir()
		require.NoError(t, os.Chown(dir, 12345, 23456))
		a := &acceptedKeys{path: filepath.Join(dir, "known_hosts")}
		_, err := a.learn("web1:22", remote, key)
		require.NoError(t, err)
		for _, path := range []string{a.path, a.path + ".lock"} {
			info, err := os.Stat(path)
			require.NoError(t, err)
			assert.Equal(t, os.FileMode(0o600), info.Mode().Perm())
			owner, ok := info.Sys().(*syscall.Stat_t)
			require.True(t, ok)
			assert.Equal(t, [2]uint32{12345, 23456}, [2]uint32{owner.Uid, owner.Gid}, path)
		}
	})
	t.Run("nowhere to write", func(t *testing.T) {
		_, err := (&acceptedKeys{}).learn("web1:22", remote, key)
		requireFailure(t, err, state.ReasonInternal, false, "no file to record")
		a := &acceptedKeys{path: filepath.Join(writeFile(t, filepath.Join(t.TempDir(), "f"), ""), "known_hosts")}
		_, err = a.learn("web1:22", remote, key)
		requireFailure(t, err, state.ReasonInternal, false, "cannot be recorded")
	})
	t.Run("many lines are parsed once", func(t *testing.T) {
		a := file(t, line("web0")+"\n")
		assert.True(t, known(t, a, "web0:22"))
		parsed := a.parsed
		for i := range 100 {
			_, err := a.learn(fmt.Sprintf("new%d:22", i), remote, key)
			require.NoError(t, err)
			require.True(t, known(t, a, fmt.Sprintf("new%d:22", i)))
		}
		assert.Same(t, parsed, a.parsed)
	})
}
