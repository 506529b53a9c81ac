package fleetbench

import (
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// programs are our programs, built as a release builds them.
type programs struct{ exporter, floor, fleet string }

var built sync.Once

func build(t testing.TB) programs {
	t.Helper()
	repository := testenv.Repository(t)
	dir := filepath.Join(repository, "bin", "test", "fleetbench")
	built.Do(func() {
		cmd := exec.Command("go", "build", "-trimpath", "-buildvcs=false", "-ldflags=-s -w", "-o", dir+"/",
			"./cmd/drift_exporter", "./internal/fleetbench/cmd/floor", "./internal/fleetbench/cmd/fleet")
		cmd.Dir, cmd.Env = repository, append(os.Environ(), "CGO_ENABLED=0")
		out, err := cmd.CombinedOutput()
		require.NoError(t, err, "%s", out)
	})
	return programs{filepath.Join(dir, "drift_exporter"), filepath.Join(dir, "floor"), filepath.Join(dir, "fleet")}
}

// clean is an environment in which no contestant finds files of who runs the benchmark.
func clean(cmd *exec.Cmd, home string) *exec.Cmd {
	cmd.Dir = home
	cmd.Env = []string{"PATH=" + os.Getenv("PATH"), "HOME=" + home, "LC_ALL=C.UTF-8"}
	return cmd
}

// status is how a command has ended, -1 if it was not by itself.
func status(cmd *exec.Cmd) int {
	if cmd.ProcessState == nil {
		return -1
	}
	return cmd.ProcessState.ExitCode()
}
