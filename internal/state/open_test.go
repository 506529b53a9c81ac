package state

import (
	"bufio"
	"context"
	"io"
	"io/fs"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestOpenIsExclusiveAcrossProcesses(t *testing.T) {
	dir := t.TempDir()
	cmd := child(t, "open", dir)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	line, err := bufio.NewReader(stdout).ReadString('\n')
	require.NoError(t, err)
	require.Equal(t, "opened\n", line)

	_, err = Open(t.Context(), Options{Dir: dir})
	require.ErrorIs(t, err, ErrLocked)
	require.EqualError(t, err, "storage directory "+dir+": in use by another process")

	_, err = io.WriteString(stdin, "close\n")
	require.NoError(t, err)
	require.NoError(t, cmd.Wait())
	s := open(t, dir)

	out, err := child(t, "open", dir).Output()
	var exit *exec.ExitError
	require.ErrorAs(t, err, &exit)
	assert.Equal(t, 3, exit.ExitCode())
	assert.Contains(t, string(out), dir)
	assert.True(t, s.View().Live())
}

func TestOpenInOneProcessTwice(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	_, err := Open(t.Context(), Options{Dir: dir})
	require.ErrorIs(t, err, ErrLocked)
	require.NoError(t, s.Close())
	require.NoError(t, s.Close(), "closing again does no harm")
	open(t, dir)
}

func TestOpenMakesPrivateDirectories(t *testing.T) {
	parent := filepath.Join(t.TempDir(), "a")
	dir := filepath.Join(parent, "b")
	s := open(t, dir)
	store(t, s, drifted(pair, 1))
	for _, d := range []string{parent, dir, filepath.Join(dir, "jetstream")} {
		info, err := os.Stat(d)
		require.NoError(t, err)
		assert.Equal(t, fs.FileMode(0o700), info.Mode().Perm(), d)
	}
	lock, err := os.Stat(filepath.Join(dir, "lock"))
	require.NoError(t, err)
	assert.Equal(t, fs.FileMode(0o600), lock.Mode().Perm())
	left, err := filepath.Glob(filepath.Join(dir, ".preflight*"))
	require.NoError(t, err)
	assert.Empty(t, left)
}

func TestOpenListensNowhere(t *testing.T) {
	s := open(t, t.TempDir())
	assert.Nil(t, s.server.server.Addr())
	assert.Nil(t, s.server.server.MonitorAddr())
}

func TestOpenSaysWhatIsWrong(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o600))
	jetstreamIsFile := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(jetstreamIsFile, "jetstream"), nil, 0o600))
	for name, tc := range map[string]struct{ dir, want string }{
		"a file in its place":         {file, "create storage directory: mkdir " + file + ": not a directory"},
		"a file in its parent's":      {filepath.Join(file, "sub"), "not a directory"},
		"a file in the server's":      {jetstreamIsFile, "open storage directory " + jetstreamIsFile + ": create storage directory"},
		"where nothing can be made":   {"/proc/nowhere", "create storage directory: mkdir /proc/nowhere: no such file or directory"},
		"where nothing can be stored": {"/proc/self", "lock storage directory /proc/self"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := Open(t.Context(), Options{Dir: tc.dir})
			require.ErrorContains(t, err, tc.want)
		})
	}
}

func TestOpenOnAReadOnlyFilesystem(t *testing.T) {
	dir := mount(t, "ro")
	_, err := Open(t.Context(), Options{Dir: dir})
	require.ErrorContains(t, err, dir)
	require.ErrorContains(t, err, "read-only file system")
}

func TestOpenOnAFullFilesystem(t *testing.T) {
	dir := mount(t, "size=1m")
	fill(t, dir)
	_, err := Open(t.Context(), Options{Dir: dir})
	require.ErrorContains(t, err, "storage directory "+dir+" is not usable")
	require.ErrorContains(t, err, "no space left on device")
}

// A disk that fills up makes writes fail, not hang, and costs nothing that was acknowledged.
func TestFilesystemThatFillsUp(t *testing.T) {
	dir := mount(t, "size=32m")
	s := open(t, dir)
	store(t, s, drifted(pair, 1))
	ballast := fill(t, dir)
	var err error
	stored := 1
	for n := 2; n < 200 && err == nil; n++ { // what is allocated already may still take some
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		err = s.Transition(ctx, pair, func(*Record) (*Record, bool) { return drifted(pair, n), true })
		cancel()
		if err == nil {
			stored = n
		}
	}
	require.Error(t, err)
	r, ok := s.View().Record(pair)
	require.True(t, ok)
	assert.Equal(t, stored, r.Verdict.Mismatches, "the view shows what is stored")
	require.NoError(t, s.Close())
	require.NoError(t, os.Remove(ballast))

	s = open(t, dir)
	full, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.GreaterOrEqual(t, full.Verdict.Mismatches, stored)
	assert.Len(t, full.Detail.Mismatches, full.Verdict.Mismatches)
	store(t, s, drifted(pair, 5))
}

// fill takes all space that there is.
func fill(t *testing.T, dir string) (file string) {
	t.Helper()
	file = filepath.Join(dir, "ballast")
	f, err := os.Create(file)
	require.NoError(t, err)
	for err == nil {
		_, err = f.Write(make([]byte, 4<<10))
	}
	require.ErrorIs(t, err, syscall.ENOSPC)
	require.NoError(t, f.Close())
	return file
}

// mount mounts a tmpfs, which only root may do, and not everywhere.
func mount(t *testing.T, options string) string {
	t.Helper()
	dir := t.TempDir()
	out, err := exec.Command("mount", "-t", "tmpfs", "-o", options, "drift-test", dir).CombinedOutput()
	if err != nil {
		testenv.Missing(t, "the right to mount a tmpfs: %v: %s", err, strings.TrimSpace(string(out)))
	}
	t.Cleanup(func() {
		out, err := exec.Command("umount", dir).CombinedOutput()
		assert.NoError(t, err, string(out))
	})
	return dir
}
