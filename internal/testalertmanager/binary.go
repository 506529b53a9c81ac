package testalertmanager

import (
	"testing"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// Binary is the path of the Alertmanager to test with: what DRIFT_TEST_ALERTMANAGER names, or bin/alertmanager of
// this repository. If there is none, the test is skipped, or fails where the environment has CI=true.
func Binary(t testing.TB) string {
	t.Helper()
	return testenv.Built(t, "alertmanager")
}
