package main

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// machines are Debian machines as far as a check can tell: behind each loopback address of one sshd is a root of its
// own, with its own /etc, packages, kernel parameters and host name, and this machine's programs. Who logs in is
// the user drift there, who has no special rights.
type machines struct {
	t    *testing.T
	sshd *testsshd.Server
	dir  string
}

// enter is what sshd runs for a login, as root through sudo: it makes the machine that was dialled, in namespaces that
// go away with it. While the file .hold is there, the machine lets its callers wait.
const enter = `
root=$1/$2
while [ -e "$root/.hold" ]; do sleep 0.05; done
exec unshare --mount --uts /bin/sh -c '
	set -e
	hostname "$(cat "$1/etc/hostname")"
	for name in usr etc/alternatives proc dev sys; do
		mkdir -p "$1/$name"
		mount --rbind "/$name" "$1/$name"
	done
	(cd "$1/.sysctl" && find . -type f) | while read -r file; do mount --bind "$1/.sysctl/$file" "$1/proc/sys/$file"; done
	exec env -i HOME=/home/drift USER=drift LOGNAME=drift SHELL=/bin/sh PATH=/usr/local/bin:/usr/bin:/bin \
		/usr/sbin/chroot --userspec="$2" "$1" /bin/sh' sh "$root" "$3"
`

func startMachines(t *testing.T) *machines {
	t.Helper()
	testenv.Program(t, "unshare", "util-linux")
	m := &machines{t: t, dir: t.TempDir()}
	require.NoError(t, os.Chmod(filepath.Dir(m.dir), 0o755)) // so that the login gets through to here
	require.NoError(t, os.Chmod(m.dir, 0o755))
	script := filepath.Join(m.dir, "enter")
	require.NoError(t, os.WriteFile(script, []byte(enter), 0o644))
	m.sshd = testsshd.Start(t, testsshd.Options{AllLoopbacks: true, Config: []string{
		fmt.Sprintf(`ForceCommand set -- $SSH_CONNECTION; exec sudo -n /bin/sh %s %s "$3" "$(id -u):$(id -g)"`, script, m.dir),
	}})
	m.sshd.AllowSudo(t)
	return m
}

// add makes a machine with a Debian of its own.
func (m *machines) add(address, hostname string) {
	m.t.Helper()
	root := m.root(address)
	for _, dir := range []string{"home/drift", "root", "tmp", "var/lib/dpkg/info", "var/lib/dpkg/updates", ".sysctl"} {
		require.NoError(m.t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	for _, dir := range []string{"bin", "sbin", "lib", "lib64"} { // links into /usr
		if target, err := os.Readlink("/" + dir); err == nil {
			require.NoError(m.t, os.Symlink(target, filepath.Join(root, dir)))
		}
	}
	info, err := os.Stat(m.sshd.Home)
	require.NoError(m.t, err)
	require.NoError(m.t, m.sshd.Chown(filepath.Join(root, "home/drift")))
	login := info.Sys().(*syscall.Stat_t)
	m.write(address, "etc/hostname", hostname+"\n")
	m.write(address, "etc/os-release", "PRETTY_NAME=\"Debian GNU/Linux 12 (bookworm)\"\nID=debian\nVERSION_ID=\"12\"\n")
	m.write(address, "etc/passwd", fmt.Sprintf("root:x:0:0:root:/root:/bin/sh\ndrift:x:%d:%d::/home/drift:/bin/sh\n", login.Uid, login.Gid))
	m.write(address, "etc/group", fmt.Sprintf("root:x:0:\ndrift:x:%d:\n", login.Gid))
}

func (m *machines) root(address string) string { return filepath.Join(m.dir, address) }

// write writes a file that root owns and everybody may read.
func (m *machines) write(address, path, text string) {
	m.t.Helper()
	file := filepath.Join(m.root(address), path)
	require.NoError(m.t, os.MkdirAll(filepath.Dir(file), 0o755))
	require.NoError(m.t, os.WriteFile(file, []byte(text), 0o644))
	require.NoError(m.t, os.Chmod(file, 0o644))
}

func (m *machines) chmod(address, path string, mode os.FileMode) {
	m.t.Helper()
	require.NoError(m.t, os.Chmod(filepath.Join(m.root(address), path), mode))
}

// install makes these the machine's packages, by name and version in turn.
func (m *machines) install(address string, packages ...string) {
	m.t.Helper()
	var status strings.Builder
	for i := 0; i < len(packages); i += 2 {
		fmt.Fprintf(&status, "Package: %s\nStatus: install ok installed\nArchitecture: amd64\nVersion: %s\n"+
			"Maintainer: Debian <debian@example.org>\nDescription: %s\n\n", packages[i], packages[i+1], packages[i])
	}
	m.write(address, "var/lib/dpkg/status", status.String())
}

// sysctl sets a kernel parameter, which must be one that this kernel has.
func (m *machines) sysctl(address, key, value string) {
	m.t.Helper()
	m.write(address, ".sysctl/"+strings.ReplaceAll(key, ".", "/"), value+"\n")
}

// hold lets callers of the machine wait until the function is called that it returns.
func (m *machines) hold(address string) (release func()) {
	m.t.Helper()
	file := filepath.Join(m.root(address), ".hold")
	require.NoError(m.t, os.WriteFile(file, nil, 0o644))
	return func() { require.NoError(m.t, os.Remove(file)) }
}
