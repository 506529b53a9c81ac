package testalertmanager

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// binaryVariable names the Alertmanager to test with, where it is not the one that the Makefile builds.
const binaryVariable = "DRIFT_TEST_ALERTMANAGER"

// Binary is the path of the Alertmanager to test with: what DRIFT_TEST_ALERTMANAGER names, or bin/alertmanager of
// this repository. If there is none, the test is skipped, or fails where the environment has CI=true.
func Binary(t testing.TB) string {
	t.Helper()
	file := os.Getenv(binaryVariable)
	if file == "" {
		file = filepath.Join(testenv.Repository(t), "bin", "alertmanager")
	}
	if info, err := os.Stat(file); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
		testenv.Missing(t, "Alertmanager: %s is not an executable (make builds it as bin/alertmanager; or set %s)", file, binaryVariable)
	}
	return file
}
