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
	return built(t, "alertmanager", binaryVariable)
}

// built is the path of a program: what the environment's variable names, or bin/name of this repository.
func built(t testing.TB, name, variable string) string {
	t.Helper()
	file := os.Getenv(variable)
	if file == "" {
		file = filepath.Join(testenv.Repository(t), "bin", name)
	}
	if info, err := os.Stat(file); err != nil || info.IsDir() || info.Mode()&0o111 == 0 {
		testenv.Missing(t, "%s is not an executable (make builds %s as bin/%s; or set %s)", file, name, name, variable)
	}
	return file
}
