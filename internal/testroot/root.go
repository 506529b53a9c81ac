// Package testroot makes a throw-away copy of this machine, in which a test may install packages and run services: its
// files are below an overlay, its processes and its network are its own, and nothing of it outlives the test. It is for
// tests only, and needs root.
package testroot

import (
	"bufio"
	"fmt"
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// Root is a copy of this machine.
type Root struct {
	t     testing.TB
	pid   string // of its first process, as this machine counts
	dir   string // where its root is, in its own mounts
	files string // the same, as this machine reaches it
}

// holder sets the copy up, says so, and keeps it until its standard input ends. /run is empty there, so that whatever
// asks finds no systemd, and so are /tmp and /home. The accounts are copied at once: users that other tests make meanwhile are
// not seen.
const holder = `set -eu
read -r pid rest </proc/self/stat
mount -t tmpfs -o mode=755 tmpfs "$1"
mkdir "$1/upper" "$1/work" "$1/root"
mount -t overlay overlay -o "lowerdir=/,upperdir=$1/upper,workdir=$1/work" "$1/root"
mount -t proc proc "$1/root/proc"
mount --rbind /dev "$1/root/dev"
mount -t tmpfs -o mode=755 tmpfs "$1/root/run"
mount -t tmpfs -o mode=1777 tmpfs "$1/root/tmp"
mount -t tmpfs -o mode=755 tmpfs "$1/root/home"
for file in passwd group shadow gshadow subuid subgid; do touch -c "$1/root/etc/$file"; done
ip link set lo up
echo "$pid"
exec cat >/dev/null`

// New makes a copy. Where that is not possible, the test is skipped, or fails with CI=true in the environment.
func New(t testing.TB) *Root {
	t.Helper()
	if os.Getuid() != 0 {
		testenv.Missing(t, "root, to make a throw-away copy of this machine")
	}
	unshare := testenv.Program(t, "unshare", "util-linux")
	testenv.Program(t, "nsenter", "util-linux")
	testenv.Program(t, "ip", "iproute2")
	dir := t.TempDir()
	cmd := exec.Command(unshare, "--mount", "--net", "--pid", "--fork", "--kill-child", "sh", "-c", holder, "sh", dir)
	stdin, err := cmd.StdinPipe()
	require.NoError(t, err)
	stdout, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var said strings.Builder
	cmd.Stderr = &said
	require.NoError(t, cmd.Start())
	pid, err := bufio.NewReader(stdout).ReadString('\n')
	if err != nil {
		_ = cmd.Wait()
		testenv.Missing(t, "mounts and namespaces of its own, for a throw-away copy of this machine: %s", said.String())
	}
	t.Cleanup(func() { // with the first process all others end, and with them the mounts
		_ = stdin.Close()
		_, _ = io.Copy(io.Discard, stdout)
		require.NoError(t, cmd.Wait())
	})
	r := &Root{t: t, pid: strings.TrimSpace(pid), dir: filepath.Join(dir, "root")}
	r.files = filepath.Join("/proc", r.pid, "root", r.dir)
	return r
}

// Command is a script of sh as root in the copy, with its arguments.
func (r *Root) Command(script string, args ...string) *exec.Cmd {
	enter := []string{"--target", r.pid, "--mount", "--net", "--pid", "--", "chroot", r.dir, "/bin/sh", "-euc", script, "sh"}
	cmd := exec.Command("nsenter", append(enter, args...)...)
	cmd.Dir = "/"
	cmd.Env = []string{"PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL=C.UTF-8", "DEBIAN_FRONTEND=noninteractive"}
	return cmd
}

// Try runs a script, and tells what it printed on both outputs.
func (r *Root) Try(script string, args ...string) (string, error) {
	out, err := r.Command(script, args...).CombinedOutput()
	if err != nil {
		return string(out), fmt.Errorf("%s: %w: %s", script, err, out)
	}
	return string(out), nil
}

// Run is Try for a script that must succeed.
func (r *Root) Run(script string, args ...string) string {
	r.t.Helper()
	out, err := r.Try(script, args...)
	require.NoError(r.t, err)
	return out
}

// Path is where this machine reaches a file of the copy. Links in it that are absolute lead elsewhere.
func (r *Root) Path(name string) string { return filepath.Join(r.files, name) }

// Put copies a file of this machine into the copy, with the directories above it.
func (r *Root) Put(from, to string, mode os.FileMode) {
	r.t.Helper()
	data, err := os.ReadFile(from)
	require.NoError(r.t, err)
	require.NoError(r.t, os.MkdirAll(filepath.Dir(r.Path(to)), 0o755))
	require.NoError(r.t, os.WriteFile(r.Path(to), data, mode))
	require.NoError(r.t, os.Chmod(r.Path(to), mode))
}
