package checker

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestMountProblems(t *testing.T) {
	decodeCases{
		{"everything", "{path: /data/, device: /dev/sda1, root: /sub, fstype: ext4, options: [noexec, 'context=\"a,b\"']}", nil},
		{"no path", "{device: x}", []string{"path is required"}},
		{"relative path", "{path: data}", []string{"path must be absolute or begin with ~/"}},
		{"home", "{path: ~/data}", []string{"path must be absolute"}},
		{"tag of a device", "{path: /data, device: UUID=1234}", []string{"device must be what the kernel says, such as /dev/sda1: it knows no UUID"}},
		{"option of fstab", "{path: /data, options: [defaults, x-systemd.automount]}", []string{
			"options: defaults is for mount(8) and /etc/fstab: no mount shows it", "options: x-systemd.automount is for mount(8) and /etc/fstab: no mount shows it",
		}},
		{"options in one", "{path: /data, options: 'nodev,noexec'}", []string{"options must be a list, not options with commas between them"}},
		{"option twice", "{path: /data, options: [ro, ro]}", []string{`options has "ro" twice`}},
		{"absent with demands", "{path: /data, state: absent, fstype: ext4}", []string{"state absent excludes fstype"}},
	}.run(t, mountKind{})
}

// withMounts runs a shell in a mount namespace of its own, in which these commands ran in the directory dir.
func withMounts(t testing.TB, sh shell, dir, commands string) shell {
	if os.Getuid() != 0 {
		testenv.Missing(t, "root: only root may mount")
	}
	sh.argv = append([]string{
		testenv.Program(t, "unshare", "util-linux"), "-m", "/bin/sh", "-c",
		"PATH=" + os.Getenv("PATH") + "; set -e; cd '" + dir + "'; " + commands + "\n" + `PATH=$0; exec "$@"`, strings.TrimPrefix(sh.environ()[0], "PATH="),
	}, sh.argv...)
	return sh
}

// mountCommands mount what is odd: on odd paths, on each other, below others, and parts of others.
const mountCommands = `
mkdir plain 'a b#c\d' bound stacked hidden hidden/below other
mount -t tmpfs -o noexec,nosuid,size=1m,mode=700 'dev name' plain
mount -t tmpfs -o ro none 'a b#c\d'
mkdir plain/sub && mount --bind plain/sub bound
mount -t tmpfs first stacked && mount -t tmpfs second stacked
mount -t tmpfs inner hidden/below && mount -t tmpfs outer hidden
mount -t tmpfs -o noexec x other && mount -o remount,bind,ro other`

func TestMountMismatches(t *testing.T) {
	dir := t.TempDir()
	cases := mismatchCases{
		{"{path: D/plain, device: dev name, fstype: tmpfs, root: /, options: [rw, noexec, nosuid, size=1024k, mode=700, dev, async]}", ""},
		{"{path: D/plain/}", ""},
		{"{path: D/plain, device: dev}", "wrong_mount D/plain: device dev → device dev name"},
		{"{path: D/plain, fstype: ext4, root: /sub}", "wrong_mount D/plain: root /sub → root /; wrong_mount D/plain: fstype ext4 → fstype tmpfs"},
		{`{path: 'D/a b#c\d', device: none, options: ro}`, ""},
		{"{path: D/bound, device: dev name, root: /sub}", ""},
		{"{path: D/stacked, device: second}", ""},
		{"{path: D/stacked, device: first}", "wrong_mount D/stacked: device first → device second"},
		{"{path: D/hidden, device: outer}", ""},
		{"{path: D/hidden/below}", "missing_mount D/hidden/below: mounted → not mounted"},
		{"{path: D/hidden/below, state: absent}", ""},
		{"{path: D/plain/sub}", "missing_mount D/plain/sub: mounted → not mounted"},
		{"{path: D/nowhere/at/all, fstype: x}", "missing_mount D/nowhere/at/all: mounted → not mounted"},
		{"{path: D/plain, state: absent}", "unexpected_mount D/plain: not mounted → dev name, tmpfs"},
		{"{path: D, state: absent}", "unexpected_mount D: not mounted → top, tmpfs"},
		{"{path: /proc, fstype: proc}", ""},
		{"{path: /}", ""},
		{"{path: '/$(touch canary)*', state: absent}", ""},
		{"{path: D/plain, device: x, sensitive: true}", "wrong_mount D/plain: (sensitive) → (sensitive)"},
	}
	at := strings.NewReplacer("D/", dir+"/", "D,", dir+",", "D:", dir+":")
	for i := range cases {
		cases[i].item, cases[i].want = at.Replace(cases[i].item), at.Replace(cases[i].want)
	}
	f := cases.fleet(t, "mounts")
	assertHarmless(t, "canary", func(sh shell) {
		cases.check(t, check(t, withMounts(t, sh, dir, "mount -t tmpfs top .; cd '"+dir+"'"+mountCommands), f))
	})
}

func TestOptionsOfAMountThatMayNotBeWritten(t *testing.T) {
	m, err := parseMount(`36 35 98:0 /mnt1 /mnt2 ro,noatime master:1 - ext3 /dev/root rw,errors=continue,context="u:r,c1\040"`)
	require.NoError(t, err)
	assert.Equal(t, []string{"ro", "noatime", "errors=continue", `context="u:r,c1 "`}, m.options)
	m, err = parseMount(`36 35 98:0 / /mnt2 rw - tmpfs  ro`)
	require.NoError(t, err)
	assert.Equal(t, []string{"ro"}, m.options)
	assert.Empty(t, m.device)
}

func TestMountsAreFoundTheWayTheKernelGoes(t *testing.T) {
	for _, c := range []struct{ name, table, want string }{
		{"plain", "1 0 / / a|2 1 / /m b", "b"},
		{"nothing there", "1 0 / / a", ""},
		{"root on rootfs", "1 1 / / rootfs|2 1 / / a|3 2 / /m b", "b"},
		{"hidden by a new root", "1 1 / / rootfs|3 1 / /m b|2 1 / / a", ""},
		{"stacked", "1 0 / / a|2 1 / /m b|3 2 / /m c", "c"},
		{"chroot that is no mount", "7 3 / /m b", "b"},
		{"two on the same", "1 0 / / a|2 1 / /m b|3 1 / /m c", "c"},
	} {
		lines := map[string]string{}
		for _, line := range strings.Split(c.table, "|") {
			f := strings.Fields(line)
			lines[f[3]] += f[0] + " " + f[1] + " 0:1 " + f[2] + " " + f[3] + " rw - tmpfs " + f[4] + " rw\n"
		}
		answers := Answers{{Op: "mount", Arg: "/"}: {Payload: lines["/"]}, {Op: "mount", Arg: "/m"}: {Payload: lines["/m"]}}
		m, err := mountAt("/m", answers)
		require.NoError(t, err, c.name)
		if m == nil {
			m = &mounted{}
		}
		assert.Equal(t, c.want, m.device, c.name)
	}
}

func TestMountsThatCannotBeObserved(t *testing.T) {
	f := onePack(t, "  mounts: [{path: /proc}, {path: /nowhere, state: absent}]", nil)
	for _, c := range []struct{ name, cat, want string }{
		{"unreadable", "exit 1", "/proc/self/mountinfo cannot be read"},
		{"cut off", "echo '1 0 0:1 / / rw - tmpfs x rw'; exit 1", "/proc/self/mountinfo cannot be read"},
		{"nonsense", "echo '1 0 0:1 / / rw tmpfs x rw'", `a mount makes no sense: "1 0 0:1 / / rw tmpfs x rw"`},
	} {
		sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "awk")}
		fakeTool(t, sh.path, "cat", c.cat)
		assert.Equal(t, []string{c.want, c.want}, errorTexts(check(t, sh, f)), c.name)
	}
	sh := shell{argv: shells(t)[0].argv, path: toolbox(t, "cat")}
	assert.Equal(t, []string{"awk is missing", "awk is missing"}, errorTexts(check(t, sh, f)))
}

func TestSnapshotOfMounts(t *testing.T) {
	dir := t.TempDir()
	eachShell(t, func(t *testing.T, sh shell) {
		sh = withMounts(t, sh, dir, "mount -t tmpfs top .; cd '"+dir+"'"+mountCommands)
		s := snapshot(t, sh, Selection{"mount", "all"}, Selection{"mount", "/proc"})
		assert.Empty(t, s.Errors)
		assert.Contains(t, string(s.Pack), "- path: "+dir+"/plain\n      device: dev name\n      fstype: tmpfs\n      options: [rw, nosuid, noexec]\n")
		assert.NotContains(t, string(s.Pack), "first")
		assert.NotContains(t, string(s.Pack), "/hidden/below")
		complies(t, sh, s)
	})
	s := snapshot(t, shells(t)[0], Selection{"mount", "/no/mount"}, Selection{"mount", "relative"})
	require.Len(t, s.Errors, 2)
	assert.Equal(t, "nothing is mounted there", s.Errors[0].Error)
}

func FuzzMount(f *testing.F) {
	f.Add("26 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,discard", "/a b")
	f.Add(`36 35 98:0 /mnt1 /mnt\0402 rw,noatime master:1 - ext3 /dev/root rw,errors=continue`, `/mnt\0402`)
	f.Add("1 1 0:2 / / rw - rootfs  rw", "/")
	f.Fuzz(func(t *testing.T, line, path string) {
		if got := unescapeMount(escapeMount(path)); got != path {
			t.Fatalf("%q became %q", path, got)
		}
		m, err := parseMount(line)
		if err == nil && (m.id == "" || m.parent == "" || !strings.HasPrefix(m.path, "/")) {
			t.Fatalf("%q gave %+v", line, m)
		}
		if !strings.HasPrefix(path, "/") || strings.Contains(path, "//") || path != "/" && strings.HasSuffix(path, "/") {
			return
		}
		answers := Answers{}
		for _, prefix := range prefixes(path) {
			answers[Question{Op: "mount", Arg: escapeMount(prefix)}] = Answer{Payload: line + "\n"}
		}
		if at, err := mountAt(path, answers); err == nil && at != nil && at.path != path {
			t.Fatalf("%q was taken for %q", at.path, path)
		}
	})
}
