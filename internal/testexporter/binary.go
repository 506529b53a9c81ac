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

var (
	raced   = sync.OnceValues(func() (string, error) { return build("drift_exporter", "-race") })
	unraced = sync.OnceValues(func() (string, error) { return build("drift_exporter_unraced") })
)

func build(name string, flags ...string) (string, error) {
	out, err := exec.Command("go", "list", "-m", "-f", "{{.Dir}}").Output()
	if err != nil {
		return "", fmt.Errorf("where the repository is: %w", err)
	}
	// A folder for each package's tests, as they run side by side; always the same, so that nothing piles up.
	tests := strings.TrimSuffix(filepath.Base(os.Args[0]), ".test")
	binary := filepath.Join(strings.TrimSpace(string(out)), "bin", "test", tests, name)
	args := append(append([]string{"build"}, flags...), "-o", binary, "github.com/drift-exporter/drift_exporter/cmd/drift_exporter")
	if out, err := exec.Command("go", args...).CombinedOutput(); err != nil {
		return "", fmt.Errorf("building the binary: %w: %s", err, out)
	}
	return binary, nil
}

// Binary is the program itself, built once with the race detector.
func Binary(t testing.TB) string {
	t.Helper()
	path, err := raced()
	require.NoError(t, err)
	return path
}

// unracedBinary is the program as it ships: with the race detector it takes several times the memory.
func unracedBinary(t testing.TB) string {
	t.Helper()
	path, err := unraced()
	require.NoError(t, err)
	return path
}
