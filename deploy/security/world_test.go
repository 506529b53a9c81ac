// Package security_test attacks the real exporter as docs/security.md says that somebody might, and holds that page to the
// tests that it names.
package security_test

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// workspace is the folder of a configuration and its packs.
type workspace struct {
	t   *testing.T
	dir string
}

func (w workspace) path(name string) string { return filepath.Join(w.dir, name) }

func (w workspace) write(name, text string) {
	w.t.Helper()
	require.NoError(w.t, os.MkdirAll(filepath.Dir(w.path(name)), 0o755))
	require.NoError(w.t, os.WriteFile(w.path(name), []byte(text), 0o600))
}

// run runs the program to its end and returns what it printed, in which no planted secret may be.
func (w workspace) run(args ...string) string {
	w.t.Helper()
	cmd := exec.Command(testexporter.Binary(w.t), append(args, "--config.file="+w.path("config.yaml"), "--storage.path="+w.path("cli"))...)
	cmd.Env = append(os.Environ(), "HOME="+w.dir)
	out, err := cmd.CombinedOutput()
	if err != nil {
		var exit *exec.ExitError
		require.ErrorAs(w.t, err, &exit)
	}
	testsecret.Check(w.t, "what "+args[0]+" printed", string(out))
	require.NotContains(w.t, string(out), "DATA RACE")
	return string(out)
}

// onMachine writes a file into the home of a machine's user.
func onMachine(t *testing.T, s *testsshd.Server, name, text string, mode os.FileMode) {
	t.Helper()
	path := filepath.Join(s.Home, name)
	require.NoError(t, os.WriteFile(path, []byte(text), mode))
	require.NoError(t, os.Chmod(path, mode))
	require.NoError(t, s.Chown(path))
}

// isUp is a server that answers, whatever it says.
func isUp(status int) bool { return status == http.StatusOK || status == http.StatusUnauthorized }
