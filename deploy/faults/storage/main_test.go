// Package storage_test does to the state directory of the whole program what disks, administrators and cosmic rays do, and
// compares what the program then says with the truth.
package storage_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testlocal"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// mount mounts something for as long as the test lasts, which only root may do, and not everywhere.
func mount(t *testing.T, args ...string) (dir string) {
	t.Helper()
	dir = t.TempDir()
	out, err := exec.Command("mount", append(args, dir)...).CombinedOutput()
	if err != nil {
		testenv.Missing(t, "the right to mount: %v: %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		out, err := exec.Command("umount", dir).CombinedOutput()
		assert.NoError(t, err, string(out))
	})
	return dir
}

// fill takes all space that there is, until the returned function is called.
func fill(t *testing.T, dir string) (free func()) {
	t.Helper()
	file := filepath.Join(dir, "ballast")
	f, err := os.Create(file)
	require.NoError(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4<<10))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())
	return func() { require.NoError(t, os.Remove(file)) }
}

// anyStatus is an exporter that answers at all.
func anyStatus(status int) bool { return status != 0 }

// requireRefused wants a start that ended with status 1 and one line that says why, names the directory and has that text.
func requireRefused(t *testing.T, f *testlocal.Fleet, err error, texts ...string) {
	t.Helper()
	require.ErrorContains(t, err, "exit status 1")
	testlocal.RequireNoPanic(t, err.Error())
	said := 0
	for line := range strings.Lines(err.Error()) {
		if strings.Contains(line, `msg="could not start"`) {
			said++
			for _, text := range append(texts, f.Storage) {
				assert.Contains(t, line, text)
			}
		}
	}
	require.Equal(t, 1, said, err.Error())
}

// eventuallyStuck waits until the exporter says everywhere that it cannot store anything, and why.
func eventuallyStuck(f *testlocal.Fleet, why string) {
	f.Exporter.Eventually("it says that it is not ready and why", func() bool {
		status, text := f.Exporter.TryGet("/-/ready")
		return status == 503 && strings.Contains(text, why) && strings.Contains(text, f.Storage)
	})
	f.Exporter.Eventually("drift_state_connected is 0", func() bool { return f.Exporter.Metric("drift_state_connected") == "0" })
	f.Exporter.Eventually("the log says so", func() bool {
		return strings.Contains(f.Exporter.Log(), `msg="the state cannot be written, verdicts cannot be stored"`)
	})
}

// eventuallyReady waits until all is well again.
func eventuallyReady(f *testlocal.Fleet) {
	f.Exporter.Eventually("it is ready", func() bool {
		status, _ := f.Exporter.TryGet("/-/ready")
		return status == 200 && f.Exporter.Metric("drift_state_connected") == "1"
	})
}
