package testalertmanager

import (
	"os/exec"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// Amtool runs amtool, which must succeed, and returns what it writes. If it is missing, the test is skipped, or fails
// where the environment has CI=true.
func Amtool(t testing.TB, args ...string) string {
	t.Helper()
	out, err := exec.Command(AmtoolBinary(t), args...).CombinedOutput()
	require.NoError(t, err, "amtool %q\n%s", args, out)
	return string(out)
}

// AmtoolBinary is the path of amtool, or ends the test as Amtool does.
func AmtoolBinary(t testing.TB) string {
	t.Helper()
	return testenv.Built(t, "amtool")
}
