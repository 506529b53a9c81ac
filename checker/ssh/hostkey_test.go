package ssh

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/skeema/knownhosts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

func TestHostWithSeveralKeysShowsTheKnownOne(t *testing.T) {
	types := []string{"ed25519", "ecdsa", "rsa"}
	server := testsshd.Start(t, testsshd.Options{HostKeyTypes: types})
	for _, known := range types {
		t.Run(known, func(t *testing.T) {
			m := machineOf(server)
			m.SSH.KnownHostsFiles = []string{
				filepath.Join(t.TempDir(), "missing"),
				writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), server.KnownHosts(known)),
			}
			_, err := run(t, newTransport(t), m, "true")
			require.NoError(t, err)
		})
	}
	t.Run("a key of another type does not pass for the known one", func(t *testing.T) {
		other := testsshd.Start(t, testsshd.Options{HostKeyTypes: []string{"ed25519"}})
		m := machineOf(other)
		line := strings.Replace(server.KnownHosts("rsa"), fmt.Sprint(server.Port), fmt.Sprint(other.Port), 1)
		for _, policy := range []config.HostKeyPolicy{config.HostKeyStrict, config.HostKeyAcceptNew} {
			m.SSH.HostKeyPolicy = policy
			m.SSH.KnownHostsFiles = []string{writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), line)}
			_, err := newTransport(t).Start(contextOf(t), m, []string{"true"})
			requireFailure(t, err, state.ReasonHostKey, false, "has changed", "it is ssh-ed25519 SHA256:", "known is ssh-rsa SHA256:")
		}
		assert.Zero(t, other.Logins())
	})
}

func TestUnknownHost(t *testing.T) {
	f := startFake(t, nil)
	m := f.machine()
	fingerprint := ssh.FingerprintSHA256(f.keys[0].PublicKey())
	for name, files := range map[string][]string{
		"no files": nil, "a missing file": {filepath.Join(t.TempDir(), "known_hosts")},
		"a file without it": {writeFile(t, filepath.Join(t.TempDir(), "k"), knownhosts.Line([]string{"127.0.0.1"}, f.keys[0].PublicKey())+"\n")},
	} {
		t.Run(name, func(t *testing.T) {
			m.SSH.KnownHostsFiles = files
			requireFailure(t, start(t, contextOf(t), m), state.ReasonHostKey, false,
				fmt.Sprintf("[127.0.0.1]:%d", f.port()), "is not known", fingerprint)
			if len(files) > 0 {
				requireFailure(t, start(t, contextOf(t), m), state.ReasonHostKey, false, files[0])
			}
		})
	}
	assert.Zero(t, f.attempts.Load(), "no attempt to log in")
}

func TestChangedKeyIsRefusedBeforeAuthentication(t *testing.T) {
	f := startFake(t, nil)
	m := f.machine()
	known := filepath.Join(t.TempDir(), "known_hosts")
	m.SSH.KnownHostsFiles = []string{known}
	other := newSigner(t, "ed25519").PublicKey()
	lines := map[string]string{
		"another key": knownhosts.Line([]string{f.addr()}, other),
		"revoked":     "@revoked * " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(f.keys[0].PublicKey()))),
		"known and revoked": knownhosts.Line([]string{f.addr()}, f.keys[0].PublicKey()) + "\n" +
			"@revoked * " + strings.TrimSpace(string(ssh.MarshalAuthorizedKey(f.keys[0].PublicKey()))),
	}
	for name, line := range lines {
		for _, policy := range []config.HostKeyPolicy{config.HostKeyStrict, config.HostKeyAcceptNew} {
			t.Run(name+" "+string(policy), func(t *testing.T) {
				m.SSH.HostKeyPolicy = policy
				writeFile(t, known, line+"\n")
				requireFailure(t, start(t, contextOf(t), m), state.ReasonHostKey, false,
					ssh.FingerprintSHA256(f.keys[0].PublicKey()))
			})
		}
	}
	f.stop() // once it has seen all that we sent
	assert.Zero(t, f.attempts.Load(), "no attempt to log in")
}

// A machine that is somebody else's by now, or stands at another's address, is not believed under that one's name.
func TestMachinesCannotTakeEachOthersPlace(t *testing.T) {
	exits := func(f *fakeServer) { f.onExec = answer(func(c ssh.Channel) { exitWith(c, 0) }) }
	one, two := startFake(t, exits), startFake(t, exits)
	for _, policy := range []config.HostKeyPolicy{config.HostKeyStrict, config.HostKeyAcceptNew} {
		transport := newTransport(t)
		for f, other := range map[*fakeServer]*fakeServer{one: two, two: one} {
			m := f.machine()
			m.SSH.HostKeyPolicy = policy
			if policy == config.HostKeyAcceptNew {
				m.SSH.KnownHostsFiles = nil
			}
			_, err := run(t, transport, m, "true")
			require.NoError(t, err)
			swapped := knownhosts.Line([]string{f.addr()}, other.keys[0].PublicKey()) + "\n"
			m.SSH.KnownHostsFiles = []string{writeFile(t, filepath.Join(t.TempDir(), "swapped"), swapped)}
			fresh := newTransport(t) // which has accepted nothing
			before := f.attempts.Load()
			_, err = fresh.Start(contextOf(t), m, []string{"true"})
			requireFailure(t, err, state.ReasonHostKey, false, "has changed")
			assert.Equal(t, before, f.attempts.Load(), "no attempt to log in")
		}
	}
}

func TestHostCertificate(t *testing.T) {
	authority := newSigner(t, "ed25519")
	key := newSigner(t, "ecdsa")
	cert := &ssh.Certificate{
		Key: key.PublicKey(), CertType: ssh.HostCert, ValidPrincipals: []string{"127.0.0.1"}, ValidBefore: ssh.CertTimeInfinity,
	}
	require.NoError(t, cert.SignCert(strings.NewReader(strings.Repeat("r", 1000)), authority))
	signer, err := ssh.NewCertSigner(cert, key)
	require.NoError(t, err)
	f := startFake(t, func(f *fakeServer) {
		f.keys = []ssh.Signer{signer, key}
		f.onExec = answer(func(c ssh.Channel) { exitWith(c, 0) })
	})
	m := f.machine()
	caLine := func(pattern string, k ssh.PublicKey) string {
		return "@cert-authority " + pattern + " " + string(ssh.MarshalAuthorizedKey(k))
	}
	use := func(line string) {
		m.SSH.KnownHostsFiles = []string{writeFile(t, filepath.Join(t.TempDir(), "k"), line)}
	}

	use(caLine("*", authority.PublicKey()))
	_, err = run(t, newTransport(t), m, "true")
	require.NoError(t, err, "a certificate of a known authority")

	use(knownhosts.Line([]string{f.addr()}, key.PublicKey()) + "\n")
	_, err = run(t, newTransport(t), m, "true")
	require.NoError(t, err, "the plain key, where no authority is known")

	use(caLine("*", newSigner(t, "ed25519").PublicKey()))
	requireFailure(t, start(t, contextOf(t), m), state.ReasonHostKey, false, "certificate of 127.0.0.1")

	use(caLine("elsewhere", authority.PublicKey()))
	requireFailure(t, start(t, contextOf(t), m), state.ReasonHostKey, false, "is not known")

	plain := startFake(t, func(f *fakeServer) { f.onExec = answer(func(c ssh.Channel) { exitWith(c, 0) }) })
	m = plain.machine()
	use(caLine("*", authority.PublicKey()))
	requireFailure(t, start(t, contextOf(t), m), state.ReasonHostKey, false, "is not known")
	m.SSH.HostKeyPolicy = config.HostKeyAcceptNew
	_, err = run(t, newTransport(t), m, "true")
	require.NoError(t, err, "an authority says nothing about a host without a certificate")
}

func TestKnownHostsAreCached(t *testing.T) {
	k := newHostKeys(newAccepted(Options{}), nil)
	file := filepath.Join(t.TempDir(), "known_hosts")
	key := newSigner(t, "ed25519").PublicKey()
	keys := func() int {
		known, err := k.keysOf([]string{file}, "web1:22")
		require.NoError(t, err)
		return len(known)
	}
	assert.Zero(t, keys())
	writeFile(t, file, knownhosts.Line([]string{"web1"}, key)+"\n")
	assert.Equal(t, 1, keys())
	first, err := k.files.get(file)
	require.NoError(t, err)
	again, err := k.files.get(file)
	require.NoError(t, err)
	assert.Same(t, first, again)
	writeFile(t, file, "")
	assert.Zero(t, keys())
	require.NoError(t, os.Remove(file))
	assert.Zero(t, keys())

	var work sync.WaitGroup
	for range 20 {
		work.Go(func() { _, _ = k.keysOf([]string{file}, "web1:22") })
	}
	work.Wait()
}
