package checker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestTargetsOfSymlinks(t *testing.T) {
	dir := t.TempDir()
	link := func(target, name string) { require.NoError(t, os.Symlink(target, filepath.Join(dir, name))) }
	makeFiles(t, dir, "file")
	link("file", "link")
	link("nowhere", "dangling")
	link("./file", "dotted")
	link("it's", "quote")
	link(`a\b`, "backslash")
	link("a -> b", "arrow")
	link("' -> '", "arrows")
	link("x\ny", "newline")
	link("x\n", "newlines")
	link("ü \x01", "odd name' -> 'x")
	cases := verdictCases{
		{"{path: D/link, target: file}", ""},
		{"{path: D/link, target: file, type: symlink, mode: 644}", ""},
		{"{path: D/link, target: nowhere}", "wrong_target D/link: nowhere → file"},
		{"{path: D/dangling, target: nowhere}", ""},
		{"{path: D/dangling, target: file}", "wrong_target D/dangling: file → nowhere"},
		{"{path: D/dangling, target: file, owner: root}", "missing_file D/dangling: present → symlink that leads nowhere"},
		{"{path: D/dotted, target: file}", "wrong_target D/dotted: file → ./file"},
		{"{path: D/quote, target: \"it's\"}", ""},
		{"{path: D/backslash, target: 'a\\b'}", ""},
		{"{path: D/arrow, target: a -> b}", ""},
		{"{path: D/arrows, target: \"' -> '\"}", ""},
		{"{path: D/newline, target: x}", "error D/newline: the text of the symbolic link holds a newline"},
		{"{path: D/newlines, target: x}", "error D/newlines: the text of the symbolic link holds a newline"},
		{"{path: \"D/odd name' -> 'x\", target: !!binary w7wgAQ==}", ""},
		{"{path: D/file, target: x}", "wrong_type D/file: symlink → file"},
		{"{path: D/nothing, target: x}", "missing_file D/nothing: present → absent"},
		{"{glob: 'D/do*', target: file}", "wrong_target D/dotted: file → ./file"},
	}
	eachShell(t, func(t *testing.T, sh shell) {
		cases.run(t, sh, dir)
		for _, style := range []string{"literal", "shell", "c", "escape", "locale", "clocale"} {
			sh.env = []string{"QUOTING_STYLE=" + style}
			cases[:11].run(t, sh, dir)
		}
	})
}

func TestOwnersOfSymlinksThemselves(t *testing.T) {
	if os.Getuid() != 0 {
		testenv.Missing(t, "root: only root gives files away")
	}
	dir := t.TempDir()
	makeFiles(t, dir, "file")
	for _, name := range []string{"link", "dangling"} {
		target := map[string]string{"link": "file", "dangling": "nowhere"}[name]
		require.NoError(t, os.Symlink(target, filepath.Join(dir, name)))
		require.NoError(t, os.Lchown(filepath.Join(dir, name), 12345, 54321))
	}
	cases := verdictCases{
		{"{path: D/link, owner: root, group: root}", ""},
		{"{path: D/link, owner: root, group: root, follow: true}", ""},
		{"{path: D/link, owner: root, group: root, follow: false}", "wrong_owner D/link: root → 12345; wrong_group D/link: root → 54321"},
		{"{path: D/link, owner: 12345, follow: false, content: file}", ""},
		{"{path: D/link, owner: 0, follow: false, target: x}", "wrong_target D/link: x → file; wrong_owner D/link: 0 → 12345"},
		{"{path: D/dangling, owner: 12345, follow: false}", ""},
		{"{path: D/dangling, follow: false}", ""},
		{"{path: D/dangling, follow: false, content: x}", "missing_file D/dangling: present → symlink that leads nowhere"},
		{"{path: D/file, owner: root, follow: false}", ""},
		{"{path: D/file, owner: nobody, follow: false}", "wrong_owner D/file: nobody → root"},
		{"{path: D/file, mode: 600, follow: false, type: file}", "wrong_permissions D/file: 0600 → 0644"},
	}
	eachShell(t, func(t *testing.T, sh shell) { cases.run(t, sh, dir) })
}

func TestLinksThatMayNotBeSeenAreErrors(t *testing.T) {
	need(t, "setpriv")
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "closed"), 0o755))
	require.NoError(t, os.Symlink("x", filepath.Join(dir, "closed/link")))
	require.NoError(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "closed"), 0o755) })
	const denied = "permission denied (the check does not run as root there; become: true lets it)"
	cases := verdictCases{
		{"{path: D/closed/link, target: x}", "error D/closed/link: " + denied},
		{"{path: D/closed/link, follow: false, owner: root}", "error D/closed/link: " + denied},
	}
	if os.Getuid() == 0 { // the text of these links is kept from others
		cases = append(cases, verdictCases{
			{"{path: /proc/1/cwd, target: /}", "error /proc/1/cwd: what the symlink leads to: " + denied},
			{"{path: /proc/1/cwd, target: /, follow: false}", "error /proc/1/cwd: " + denied},
		}...)
		cases[2].want = "error /proc/1/cwd: " + denied
	}
	eachShell(t, func(t *testing.T, sh shell) { cases.run(t, asNobody(t, sh), dir) })
}

func TestManyLinksTakeFewProcesses(t *testing.T) {
	dir := t.TempDir()
	var items strings.Builder
	for i := range 150 {
		name := filepath.Join(dir, fmt.Sprint(i))
		require.NoError(t, os.Symlink("to/"+fmt.Sprint(i), name))
		fmt.Fprintf(&items, "    - {path: %s, target: to/%d}\n", name, i)
	}
	busybox := need(t, "busybox")
	for _, tools := range []map[string]string{{}, {"stat": busybox + " stat", "readlink": busybox + " readlink"}} {
		processes := filepath.Join(t.TempDir(), "processes")
		bin := countingTools(t, processes, "stat", "readlink", "uname", "id", "getent")
		for tool, command := range tools {
			fakeTool(t, bin, tool, "echo "+tool+" >>'"+processes+"'\nexec "+command+` "$@"`)
		}
		assert.Empty(t, checkOne(t, shell{argv: shells(t)[0].argv, path: bin}, "  files:\n"+items.String()).Mismatches)
		started, err := os.ReadFile(processes)
		require.NoError(t, err)
		assert.LessOrEqual(t, strings.Count(string(started), "\n"), 2+2+3, "%s", started)
	}
}

func FuzzParseLink(f *testing.F) {
	for _, seed := range []string{"-", "a1ff:0:0:4:root:root\n=file", "a1ff:0:0:4:root:root\n=", "a1ff:0:0:4::\n=a\nb", "", "\n=x"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		status, target, err := parseLink(answer)
		if err == nil && (status == nil) != (answer == "-") || err != nil && (status != nil || target != "") || (status != nil) != (target != "") {
			t.Fatalf("%q: %v %q %v", answer, status, target, err)
		}
	})
}
