package container_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// nonroot is the image's user.
const nonroot = 65532

// rootfs is a container without an engine: a root file system with nothing but what distroless/static and the
// Dockerfile put there, read-only except for the volume.
type rootfs struct {
	t     *testing.T
	root  string
	state string // the volume
	uid   int
}

// newRootfs makes one whose volume belongs to uid.
func newRootfs(t *testing.T, uid int) *rootfs {
	t.Helper()
	if os.Geteuid() != 0 {
		testenv.Missing(t, "root, to mount and to become another user")
	}
	testenv.Program(t, "unshare", "util-linux")
	r := &rootfs{t: t, root: t.TempDir(), state: t.TempDir(), uid: uid}
	require.NoError(t, os.Chmod(r.root, 0o755))
	require.NoError(t, os.Chown(r.state, uid, 0))
	require.NoError(t, os.Chmod(r.state, 0o700))
	for _, dir := range []string{"var/lib/drift_exporter", "etc/drift_exporter/packs", "proc", "dev", "home/nonroot", "root", "run/secrets"} {
		require.NoError(t, os.MkdirAll(filepath.Join(r.root, dir), 0o755))
	}
	for file, text := range map[string]string{
		"etc/passwd":        "root:x:0:0:root:/root:/sbin/nologin\nnobody:x:65534:65534:nobody:/nonexistent:/sbin/nologin\nnonroot:x:65532:65532:nonroot:/home/nonroot:/sbin/nologin\n",
		"etc/group":         "root:x:0:\nnobody:x:65534:\nnonroot:x:65532:\n",
		"etc/nsswitch.conf": "hosts: files dns\n",
		"etc/hosts":         "127.0.0.1 localhost machine.test\n", // as an engine writes it
		"dev/null":          "", "dev/urandom": "",
	} {
		r.write(file, text, 0o644)
	}
	program, err := os.ReadFile(binary(t))
	require.NoError(t, err)
	r.write("usr/bin/drift_exporter", string(program), 0o755)
	return r
}

// write writes a file that belongs to root.
func (r *rootfs) write(file, text string, mode os.FileMode) {
	r.t.Helper()
	path := filepath.Join(r.root, file)
	require.NoError(r.t, os.MkdirAll(filepath.Dir(path), 0o755))
	require.NoError(r.t, os.WriteFile(path, []byte(text), mode))
	require.NoError(r.t, os.Chmod(path, mode))
}

// enter makes the mounts, gives up all that a container with no capabilities lacks, and runs a command in WORKDIR.
const enter = `root=$1 state=$2 uid=$3 gid=$4 workdir=$5; shift 5
mount --bind "$root" "$root"
mount --bind "$state" "$root/var/lib/drift_exporter"
mount --rbind /proc "$root/proc"
for device in null urandom; do mount --bind /dev/$device "$root/dev/$device"; done
mount -o remount,bind,ro "$root"
exec setpriv --no-new-privs unshare --root="$root" --wd="$workdir" --setgid="$gid" --setuid="$uid" -- "$@"`

// command runs a command of the image: its ENTRYPOINT with these arguments, with the environment that an engine gives.
func (r *rootfs) command(args ...string) *exec.Cmd {
	r.t.Helper()
	d := readDockerfile(r.t, "Dockerfile")
	user, group, _ := strings.Cut(d.last(r.t, "USER")[0], ":")
	home := "/home/nonroot"
	if r.uid != nonroot { // a number that the platform chose: in group 0, without an entry in passwd
		user, group, home = strconv.Itoa(r.uid), "0", "/"
	}
	all := []string{"-m", "/bin/sh", "-euc", enter, "enter", r.root, r.state, user, group, d.last(r.t, "WORKDIR")[0]}
	cmd := exec.Command("unshare", append(append(all, d.last(r.t, "ENTRYPOINT")...), args...)...)
	cmd.Env = []string{"PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=" + home}
	return cmd
}

// serve starts the image as its CMD says, on another port, and returns its URL.
func (r *rootfs) serve() (url string, p *testprocess.Process) {
	r.t.Helper()
	testprocess.OnFreeAddress(r.t, func(address string) (err error) {
		url = "http://" + address
		cmd := r.command(append(readDockerfile(r.t, "Dockerfile").last(r.t, "CMD"), "--web.listen-address="+address)...)
		p, err = testprocess.Start(cmd, url+"/-/ready")
		return err
	})
	r.t.Cleanup(p.Kill)
	return url, p
}
