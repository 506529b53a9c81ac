package testsecret_test

import (
	"encoding/base64"
	"encoding/hex"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

func TestSecretsAreFoundHoweverTheyAreWritten(t *testing.T) {
	secret := testsecret.Of("password")
	for _, before := range []string{"", "a", "ab", "user:", "user1:", "user12:"} {
		for name, text := range map[string]string{
			"as it is": before + secret, "in base64": base64.StdEncoding.EncodeToString([]byte(before + secret)),
			"in the base64 of URLs": base64.RawURLEncoding.EncodeToString([]byte(before + secret)),
			"in hex":                hex.EncodeToString([]byte(before + secret)), "in a query": url.QueryEscape(before + secret),
			"in capitals": strings.ToUpper(before + secret),
		} {
			assert.NotEmpty(t, testsecret.Found("something "+text+" else"), "%s after %q", name, before)
		}
	}
	assert.NotEmpty(t, testsecret.Found("-----BEGIN OPENSSH PRIVATE KEY-----"))
	assert.NotEmpty(t, testsecret.Found(base64.StdEncoding.EncodeToString([]byte("openssh-key-v1\x00"))))
	assert.Empty(t, testsecret.Found("a password, <secret>, -----BEGIN CERTIFICATE-----"))
}

func TestFilesAreSearched(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.MkdirAll(filepath.Join(dir, "a/b"), 0o700))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a/b/c"), []byte("x"), 0o600))
	failed := &recorder{TB: t}
	assert.Equal(t, 1, testsecret.CheckFiles(failed, dir))
	assert.Zero(t, failed.times)
	require.NoError(t, os.WriteFile(filepath.Join(dir, "a", testsecret.Of("name")), []byte("x"+testsecret.Of("content")), 0o600))
	assert.Equal(t, 2, testsecret.CheckFiles(failed, dir))
	assert.Equal(t, 2, failed.times, "the name and the content")
	assert.Zero(t, testsecret.CheckFiles(failed, filepath.Join(dir, "none")))
}

// recorder is a test that counts how often it has failed.
type recorder struct {
	testing.TB
	times int
}

func (r *recorder) Errorf(string, ...any) { r.times++ }
