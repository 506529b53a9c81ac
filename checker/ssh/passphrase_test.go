package ssh

import (
	"bytes"
	"log/slog"
	"os"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

const passphrase = testsecret.Mark + " cor rect horse"

// lock encrypts a copy of the server's key in the way that the options of ssh-keygen say.
func lock(t testing.TB, s *testsshd.Server, args ...string) string {
	t.Helper()
	data, err := os.ReadFile(s.KeyFile)
	require.NoError(t, err)
	file := writeFile(t, filepath.Join(t.TempDir(), "id_locked"), string(data))
	keygen(t, append([]string{"-p", "-P", "", "-N", passphrase, "-f", file}, args...)...)
	return file
}

// lockedAs is a new encrypted key in a format that ssh-keygen knows.
func lockedAs(t testing.TB, format string) string {
	t.Helper()
	key := newPair(t, "ecdsa", "-m", format)
	keygen(t, "-p", "-P", "", "-N", passphrase, "-m", format, "-f", key)
	return key
}

func TestEncryptedKeys(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{})
	file := lock(t, server)
	for name, text := range map[string]string{
		"a line": passphrase + "\n", "a line of another system": passphrase + "\r\n", "no end of the line": passphrase,
	} {
		t.Run(name, func(t *testing.T) {
			m := machineOf(server)
			m.SSH.IdentityFiles = []string{file}
			m.SSH.PassphraseFile = writeFile(t, filepath.Join(t.TempDir(), "passphrase"), text)
			_, err := run(t, newTransport(t), m, "true")
			require.NoError(t, err)
		})
	}
	t.Run("an old format", func(t *testing.T) {
		key := newPair(t, "rsa", "-m", "PEM")
		keygen(t, "-p", "-P", "", "-N", passphrase, "-m", "PEM", "-f", key)
		public, err := os.ReadFile(key + ".pub")
		require.NoError(t, err)
		authorized := filepath.Join(server.Home, ".ssh", "authorized_keys")
		was, err := os.ReadFile(authorized)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(authorized, append(was, public...), 0o600))
		m := machineOf(server)
		m.SSH.IdentityFiles = []string{key}
		m.SSH.PassphraseFile = writeFile(t, filepath.Join(t.TempDir(), "passphrase"), passphrase)
		_, err = run(t, newTransport(t), m, "true")
		require.NoError(t, err)
	})
	t.Run("for the jump hosts too", func(t *testing.T) {
		jump := testsshd.Start(t, testsshd.Options{})
		m := through(t, server, jump)
		m.SSH.IdentityFiles = []string{file, lock(t, jump)}
		m.SSH.PassphraseFile = writeFile(t, filepath.Join(t.TempDir(), "passphrase"), passphrase)
		_, err := run(t, newTransport(t), m, "true")
		require.NoError(t, err)
	})
}

func TestKeysThatCannotBeOpened(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{})
	dir := t.TempDir()
	file := lock(t, server)
	right := writeFile(t, filepath.Join(dir, "right"), passphrase)
	tests := []struct {
		name, key, passphrases, text string
	}{
		{"no passphrase", file, "", "encrypted with a passphrase, and no passphrase_file is given"},
		{"another passphrase", file, writeFile(t, filepath.Join(dir, "wrong"), "battery staple\n"), "the passphrase in " + dir + "/wrong does not open it"},
		{"another passphrase, old format", lockedAs(t, "PEM"), filepath.Join(dir, "wrong"), "the passphrase in " + dir + "/wrong does not open it"},
		{"with a space that is not its", file, writeFile(t, filepath.Join(dir, "spaces"), passphrase+" \n"), "does not open it"},
		{"two lines", file, writeFile(t, filepath.Join(dir, "lines"), passphrase+"\n\n"), "does not open it"},
		{"no such file", file, filepath.Join(dir, "missing"), "passphrase_file " + dir + "/missing cannot be used: no such file"},
		{"nothing in it", file, writeFile(t, filepath.Join(dir, "empty"), "\n"), "passphrase_file " + dir + "/empty cannot be used: empty"},
		{"a directory", file, dir, "cannot be used: not a regular file"},
		{"a large file", file, writeFile(t, filepath.Join(dir, "large"), string(make([]byte, maxPassphrase+1))), "too large"},
		{"a format that is not supported", lockedAs(t, "PKCS8"), right, "encrypted in a format that is not supported (PKCS #8)"},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			m := machineOf(server)
			m.SSH.IdentityFiles, m.SSH.PassphraseFile = []string{tt.key}, tt.passphrases
			err := start(t, contextOf(t), m)
			requireFailure(t, err, state.ReasonAuth, false, tt.key+" cannot be used: ", tt.text)
			assert.NotContains(t, err.Error(), "horse")
			assert.NotContains(t, err.Error(), "staple")
			m.SSH.IdentityFiles = append(m.SSH.IdentityFiles, server.KeyFile)
			require.NoError(t, start(t, contextOf(t), m), "another key still counts")
		})
	}
}

func TestOpenedKeysAreKept(t *testing.T) {
	file := filepath.Join(t.TempDir(), "id")
	keygen(t, "-t", "ed25519", "-N", passphrase, "-f", file)
	secret := writeFile(t, filepath.Join(t.TempDir(), "passphrase"), "wrong")
	transport := newTransport(t)
	assert.Contains(t, transport.identity(file, secret).problem, "does not open it")
	writeFile(t, secret, passphrase)
	first := transport.identity(file, secret)
	require.NotNil(t, first.signer, first.problem)
	assert.Equal(t, file, first.path)
	var work sync.WaitGroup
	for range 20 {
		work.Go(func() { assert.Same(t, first.signer, transport.identity(file, secret).signer) })
	}
	work.Wait()
	assert.Nil(t, transport.identity(file, "").signer, "another machine without the passphrase does not get it")

	keygen(t, "-p", "-P", passphrase, "-N", "another one", "-f", file)
	assert.Contains(t, transport.identity(file, secret).problem, "does not open it")
	require.NoError(t, os.Remove(secret))
	assert.Contains(t, transport.identity(file, secret).problem, "no such file")
}

func TestSecretsThatOthersMayReadAreWarnedOf(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{})
	secret := writeFile(t, filepath.Join(t.TempDir(), "passphrase"), passphrase)
	for mode, warnings := range map[os.FileMode]int{0o600: 0, 0o640: 0, 0o644: 2, 0o604: 2} {
		plain, _ := newKeyFile(t, filepath.Join(t.TempDir(), "id"))
		require.NoError(t, os.Chmod(secret, mode))
		require.NoError(t, os.Chmod(plain, mode))
		m := machineOf(server)
		m.SSH.IdentityFiles, m.SSH.PassphraseFile = []string{plain, lock(t, server)}, secret
		var log bytes.Buffer
		transport := New(Options{Logger: slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))})
		for range 2 {
			_, err := run(t, transport, m, "true")
			require.NoError(t, err)
		}
		assert.Equal(t, warnings, bytes.Count(log.Bytes(), []byte("level=WARN msg=\"other users may read")), "%o: %s", mode, &log)
		assert.NotContains(t, log.String(), "horse")
	}
}
