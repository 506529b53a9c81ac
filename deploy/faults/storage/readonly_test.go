package storage_test

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testlocal"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// firing is a running fleet of which m0 has drifted and fires.
func firing(t *testing.T, storage func(f *testlocal.Fleet) string) *testlocal.Fleet {
	t.Helper()
	f := testlocal.New(t, 3)
	f.Storage = storage(f)
	f.Start()
	f.Set(0, false)
	f.Fires["m0"] = true
	f.Exporter.CheckNow()
	f.RequireTruth("before the fault")
	return f
}

// start is one start of the program with these arguments, which must not succeed.
func refusedStart(t *testing.T, f *testlocal.Fleet, as *syscall.Credential) error {
	t.Helper()
	binary := testexporter.Binary(t)
	if as != nil {
		binary = asEverybody(t, binary)
	}
	address := testprocess.FreeAddress(t)
	cmd := exec.Command(binary, "--config.file="+f.Path("config.yaml"), "--storage.path="+f.Storage, "--web.listen-address="+address)
	cmd.SysProcAttr = &syscall.SysProcAttr{Credential: as}
	p, err := testprocess.StartWhere(cmd, "http://"+address+"/-/ready", anyStatus)
	p.Kill()
	return err
}

// asEverybody is a copy of a program where every user can run it.
func asEverybody(t *testing.T, program string) string {
	t.Helper()
	dir, err := os.MkdirTemp("", "drift-test")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, os.RemoveAll(dir)) })
	require.NoError(t, os.Chmod(dir, 0o755))
	text, err := os.ReadFile(program)
	require.NoError(t, err)
	file := filepath.Join(dir, filepath.Base(program))
	require.NoError(t, os.WriteFile(file, text, 0o755))
	return file
}

func TestFaultOurDiskIsReadOnlyAtStart(t *testing.T) {
	f := testlocal.New(t, 1)
	f.Storage = mount(t, "-t", "tmpfs", "-o", "ro", "drift-test")
	requireRefused(t, f, refusedStart(t, f, nil), "read-only file system")
	testfaults.Survived(t, "our disk read-only at start", 1)
}

func TestFaultOurDirectoryIsAnothersOrClosed(t *testing.T) {
	if os.Getuid() != 0 {
		testenv.Missing(t, "root, to be another user")
	}
	nobody := &syscall.Credential{Uid: 65534, Gid: 65534}
	for name, c := range map[string]struct {
		mode  os.FileMode
		owner int
	}{
		"root's": {0o700, 0}, "root's, readable": {0o755, 0}, "its own, not writable": {0o500, 65534}, "its own, closed": {0, 65534},
	} {
		f := testlocal.New(t, 1)
		openTo(t, f.Dir)
		require.NoError(t, os.Mkdir(f.Storage, 0o700))
		require.NoError(t, os.Chmod(f.Storage, c.mode))
		require.NoError(t, os.Chown(f.Storage, c.owner, c.owner))
		requireRefused(t, f, refusedStart(t, f, nobody), "permission denied")
		testfaults.Survived(t, "our directory "+name+" at start", 1)
	}
}

// openTo lets every user go to a folder.
func openTo(t *testing.T, dir string) {
	t.Helper()
	for ; dir != os.TempDir() && dir != "/"; dir = filepath.Dir(dir) {
		require.NoError(t, os.Chmod(dir, 0o755))
	}
}

// An ext4 that meets an error makes itself read-only, whoever has files open there.
func TestFaultOurDiskTurnsReadOnly(t *testing.T) {
	if _, err := exec.LookPath("mkfs.ext4"); err != nil {
		testenv.Missing(t, "mkfs.ext4 (Debian package e2fsprogs)")
	}
	image := filepath.Join(t.TempDir(), "image")
	run(t, "truncate", "--size=32M", image)
	run(t, "mkfs.ext4", "-q", image)
	disk := mount(t, "-o", "loop,errors=remount-ro", image)
	f := firing(t, func(*testlocal.Fleet) string { return filepath.Join(disk, "state") })
	device := strings.TrimSpace(run(t, "findmnt", "--noheadings", "--output=SOURCE", disk))
	run(t, "sync", "--file-system", disk) // the store does so each second; what came after it may go with the disk
	trigger := fmt.Sprintf("/sys/fs/ext4/%s/trigger_fs_error", filepath.Base(device))
	if err := os.WriteFile(trigger, []byte("1"), 0); err != nil {
		testenv.Missing(t, "an ext4 that errors can be given to: %v", err)
	}
	eventuallyStuck(f, "read-only file system")
	f.Set(1, false)
	f.Set(0, true)
	f.Exporter.Post("/api/v1/runs", "") // nothing of it can be kept
	before := map[string]bool{"m0": false, "m1": true, "m2": true}
	requireOldOrNew(t, f, before)

	f.Exporter.Kill()
	requireRefused(t, f, f.Exporter.TryLaunch(anyStatus), "read-only file system")
	run(t, "umount", disk)
	out, err := exec.Command("fsck.ext4", "-fy", image).CombinedOutput()
	t.Logf("fsck: %v\n%s", err, out) // its status tells what it mended
	run(t, "mount", "-o", "loop", image, disk)
	f.Exporter.Launch()
	assert.Equal(t, before, f.Verdicts(), "nothing was lost")
	f.Fires["m0"], f.Fires["m1"] = false, true
	f.Exporter.CheckNow()
	f.RequireTruth("after a repair of the disk and a restart")
	f.Exporter.Terminate()
	testfaults.Survived(t, "our disk turns read-only while alerts fire, is repaired, restart", 1)
}

func run(t *testing.T, name string, args ...string) string {
	t.Helper()
	out, err := exec.Command(name, args...).CombinedOutput()
	require.NoError(t, err, "%s %v: %s", name, args, out)
	return string(out)
}

func TestFaultOurDirectoryIsRemovedWhileRunning(t *testing.T) {
	f := firing(t, func(f *testlocal.Fleet) string { return f.Storage })
	require.NoError(t, os.RemoveAll(f.Storage))
	eventuallyStuck(f, "it was removed, or another directory is in its place")
	assert.Equal(t, f.Complies, f.Verdicts(), "what it knows it still knows")
	f.RequireAlerts("while the directory is gone")
	f.Exporter.Kill()

	f.Set(1, false) // nobody knows what it was before
	f.Exporter.Launch()
	f.Exporter.Eventually("the first verdicts", func() bool { return len(f.Verdicts()) == 3 })
	assert.Equal(t, f.Complies, f.Verdicts())
	f.RequireAlerts("after a restart without what was known") // m0's stands, of m1 there is none
	f.Set(2, false)
	f.Fires["m2"] = true
	f.Exporter.CheckNow()
	f.RequireAlerts("the next drift")
	assert.Equal(t, f.Complies, f.Verdicts())
	f.Exporter.Terminate()
	testfaults.Survived(t, "our directory removed while running, restart with nothing known", 1)
}
