package testroot

import (
	"os/exec"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// Binary is the program as `make build` makes it.
func Binary(t testing.TB) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command(testenv.Program(t, "make", "make"), "-s", "-C", testenv.Repository(t), "build", "BIN="+dir).CombinedOutput()
	require.NoError(t, err, "make build: %s", out)
	return filepath.Join(dir, "drift_exporter")
}
