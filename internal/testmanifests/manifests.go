// Package testmanifests reads what is shipped for containers and Kubernetes with the libraries of the programs that
// will: BuildKit, Compose, kustomize. They are in tools/manifests, a program of its own. It is for tests only.
package testmanifests

import (
	"bytes"
	"fmt"
	"os/exec"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// Read is what a command of tools/manifests prints of a path.
func Read(t testing.TB, command, path string) []byte {
	t.Helper()
	out, err := Try(t, command, path)
	require.NoError(t, err)
	return out
}

// Try is Read for what may be refused: the error says why.
func Try(t testing.TB, command, path string) ([]byte, error) {
	t.Helper()
	var out, problems bytes.Buffer
	cmd := exec.Command(testenv.Built(t, "manifests"), command, path)
	cmd.Stdout, cmd.Stderr = &out, &problems
	if err := cmd.Run(); err != nil {
		return nil, fmt.Errorf("%s %s: %w: %s", command, path, err, strings.TrimSpace(problems.String()))
	}
	return out.Bytes(), nil
}
