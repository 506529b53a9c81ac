package testexporter

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

var build = sync.OnceValues(func() (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("where the repository is: %w", err)
	}
	// A folder for each package's tests, as they run side by side; always the same, so that nothing piles up.
	tests := strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
	binary := filepath.Join(strings.TrimSpace(string(out)), "bin", "test", tests, "drift_exporter")
	build := exec.Command("go", "build", "-race", "-o", binary, "github.com/drift-exporter/drift_exporter/cmd/drift_exporter")
	if out, err := build.CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the binary: %w: %s", err, out)
	}
	return binary, nil
})

// Binary is the program itself, built once with the race detector.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := build()
	require.NoError(t, err)
	return path
}
