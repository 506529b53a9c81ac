package checker

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

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// fileTree makes files to look at.
func fileTree(t testing.TB) string {
	dir := t.TempDir()
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.WriteFile(at("file"), []byte("hello\n"), 0o644))
	require.NoError(t, os.WriteFile(at("secret"), []byte("hunter2\n"), 0o600))
	require.NoError(t, os.WriteFile(at("empty"), nil, 0o644))
	require.NoError(t, os.Mkdir(at("dir"), 0o755))
	require.NoError(t, os.Chmod(at("dir"), 0o1777|os.ModeSticky))
	require.NoError(t, os.Symlink("file", at("link")))
	require.NoError(t, os.Symlink("dir", at("dirlink")))
	require.NoError(t, os.Symlink("nowhere", at("dangling")))
	require.NoError(t, os.Symlink("loop", at("loop")))
	require.NoError(t, syscall.Mkfifo(at("fifo"), 0o644))
	return dir
}

func TestFileMismatches(t *testing.T) {
	dir := fileTree(t)
	hello := hashOf([]byte("hello\n"))
	cases := []struct{ item, want string }{
		{"{path: D/file}", ""},
		{"{path: D/file, mode: 644, type: file, content_hash: " + hello + "}", ""},
		{"{path: D/file, mode: 600}", "wrong_permissions D/file: 0600 → 0644"},
		{"{path: D/file, owner: nobody}", "wrong_owner D/file: nobody → USER"},
		{"{path: D/file, owner: 12345}", "wrong_owner D/file: 12345 → UID"},
		{"{path: D/file, owner: UID, group: GID}", ""},
		{"{path: D/file, owner: 00UID, group: \"0GID\"}", ""},
		{"{path: D/file, group: 12345}", "wrong_group D/file: 12345 → GID"},
		{"{path: D/file, type: directory}", "wrong_type D/file: directory → file"},
		{"{path: D/file, type: symlink, mode: 777}", "wrong_type D/file: symlink → file"},
		{"{path: D/file, state: absent}", "unexpected_file D/file: absent → file"},
		{"{path: D/file, content: \"hello\\n\"}", ""},
		{"{path: D/file, content: \"\"}", "wrong_content D/file: sha256:" + hashOf(nil) + " → sha256:" + hello},
		{"{path: D/empty, content: \"\"}", ""},
		{"{path: D/dir, type: directory, mode: \"1777\"}", ""},
		{"{path: D/dir, content: x, mode: 600}", "wrong_type D/dir: file → directory"},
		{"{path: D/dir/, type: directory}", ""},
		{"{path: D/link, type: symlink, mode: 644}", ""},
		{"{path: D/link, type: file}", "wrong_type D/link: file → symlink"},
		{"{path: D/link, content: \"hello\\n\"}", ""},
		{"{path: D/dirlink, content: x}", "wrong_type D/dirlink: file → directory"},
		{"{path: D/dangling, type: symlink}", ""},
		{"{path: D/dangling}", "missing_file D/dangling: present → symlink that leads nowhere"},
		{"{path: D/dangling, type: symlink, mode: 644}", "missing_file D/dangling: present → symlink that leads nowhere"},
		{"{path: D/dangling, content: x}", "missing_file D/dangling: present → symlink that leads nowhere"},
		{"{path: D/dangling, state: absent}", "unexpected_file D/dangling: absent → symlink"},
		{"{path: D/loop, type: symlink}", ""},
		{"{path: D/loop}", "missing_file D/loop: present → symlink that leads nowhere"},
		{"{path: D/fifo}", ""},
		{"{path: D/fifo, content: x}", "wrong_type D/fifo: file → FIFO"},
		{"{path: D/nowhere, mode: 644, owner: root, content: x}", "missing_file D/nowhere: present → absent"},
		{"{path: D/no/where/at/all}", "missing_file D/no/where/at/all: present → absent"},
		{"{path: D/file/below}", "missing_file D/file/below: present → absent"},
		{"{path: D/nowhere, state: absent}", ""},
		{"{path: /dev/null, type: file}", "wrong_type /dev/null: file → character device"},
	}
	var want []string
	names := strings.NewReplacer("D/", dir+"/", "UID", fmt.Sprint(os.Getuid()), "GID", fmt.Sprint(os.Getgid()), "USER", userName(t))
	packs := map[string]string{}
	for i, c := range cases { // a pack each, since some demand opposites of the same path
		packs[fmt.Sprintf("p%03d.yaml", i)] = "items: {files: [" + names.Replace(c.item) + "]}"
		want = append(want, names.Replace(c.want))
	}
	eachShell(t, func(t *testing.T, sh shell) {
		out := check(t, sh, fleetOf(t, packs, nil))
		require.Nil(t, out.Failure, "%v", out.Failure)
		for i, r := range out.Results {
			assert.Equal(t, want[i], strings.Join(brief(r.Mismatches), "; "), cases[i].item)
		}
	})
}

func userName(t testing.TB) string { return whoAmI(t, "-un") }

func groupName(t testing.TB) string { return whoAmI(t, "-gn") }

func whoAmI(t testing.TB, option string) string {
	out, err := exec.CommandContext(t.Context(), "id", option).Output()
	require.NoError(t, err)
	return strings.TrimSpace(string(out))
}

// unprivileged is a transport whose script runs as nobody if the test runs as root.
type unprivileged struct{ shell }

func (u unprivileged) argv() []string {
	if os.Getuid() != 0 {
		return u.shell.argv
	}
	return append([]string{"/usr/bin/setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"}, u.shell.argv...)
}

// asNobody is a shell that runs as nobody if the test runs as root, and may run what is in its PATH.
func asNobody(t testing.TB, sh shell) shell {
	if sh.path != "" && os.Getuid() == 0 {
		require.NoError(t, os.Chmod(filepath.Dir(filepath.Dir(sh.path)), 0o755))
		require.NoError(t, os.Chmod(filepath.Dir(sh.path), 0o755))
	}
	sh.argv = unprivileged{sh}.argv()
	return sh
}

func TestWhatMayNotBeSeenIsAnError(t *testing.T) {
	need(t, "setpriv")
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.Mkdir(at("closed"), 0o700))
	require.NoError(t, os.WriteFile(at("closed/file"), nil, 0o644))
	require.NoError(t, os.WriteFile(at("unreadable"), []byte("x"), 0o600))
	require.NoError(t, os.Symlink("closed/file", at("link")))
	require.NoError(t, os.Chmod(at("closed"), 0))
	t.Cleanup(func() { _ = os.Chmod(at("closed"), 0o700) })
	if os.Getuid() != 0 {
		require.NoError(t, os.Chmod(at("unreadable"), 0))
	}
	want := []string{
		"", "permission denied", "permission denied", "permission denied", "permission denied", "",
		"what the symlink leads to: permission denied", "what the symlink leads to: permission denied",
	}
	packs := map[string]string{}
	for i, item := range []string{
		"{path: D/unreadable, type: file}", "{path: D/unreadable, content: x}", "{path: D/closed/file}", "{path: D/closed/nothing, state: absent}",
		"{path: D/closed/nothing}", "{path: D/link, type: symlink}", "{path: D/link}", "{path: D/link, content: x}",
	} {
		packs[fmt.Sprintf("p%d.yaml", i)] = strings.ReplaceAll("items: {files: ["+item+"]}", "D/", dir+"/")
	}
	eachShell(t, func(t *testing.T, sh shell) {
		out := check(t, asNobody(t, sh), fleetOf(t, packs, nil))
		require.NotNil(t, out.Failure)
		assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason)
		for i, r := range out.Results {
			if want[i] == "" {
				assert.Equal(t, state.Compliant, r.Status, "pack %d: %v", i, r.Errors)
				continue
			}
			assert.Equal(t, state.Unknown, r.Status, "pack %d", i)
			require.Len(t, r.Errors, 1)
			assert.Equal(t, want[i]+" (the check does not run as root there; become: true lets it)", r.Errors[0].Error)
		}
	})
}

func TestHomeIsThatOfTheConfigUser(t *testing.T) {
	for _, c := range []struct{ user, want string }{
		{"", "missing_file"}, {"root", "missing_file"}, {"nobody-knows-me", "the machine knows no home of user nobody-knows-me"},
		{"-x", "the machine knows no home of user -x"}, {"0", "the machine knows no home of user 0"}, {"$(touch x)", "the machine knows no home of user $(touch x)"},
	} {
		f := onePack(t, "  files: [{path: ~/surely/not/here}, {path: '~', type: directory}]", func(m *config.Machine) { m.ConfigUser = c.user })
		eachShell(t, func(t *testing.T, sh shell) {
			r := check(t, sh, f).Results[0]
			if len(r.Errors) > 0 {
				assert.Equal(t, c.want, r.Errors[0].Error)
			} else {
				assert.Equal(t, c.want, r.Mismatches[0].Type)
			}
		})
	}
}

func TestManyFilesTakeFewProcesses(t *testing.T) {
	dir := t.TempDir()
	var items strings.Builder
	items.WriteString("  files:\n")
	for i := range 300 {
		name := filepath.Join(dir, fmt.Sprint(i))
		require.NoError(t, os.WriteFile(name, nil, 0o644))
		fmt.Fprintf(&items, "    - {path: %s, content: '', mode: 644}\n    - {path: %s-not, state: absent}\n", name, name)
	}
	processes := filepath.Join(t.TempDir(), "processes")
	bin := countingTools(t, processes, "stat", "sha256sum", "head", "uname", "id", "getent", "awk", "cat")
	r := checkOne(t, shell{argv: shells(t)[0].argv, path: bin}, items.String())
	assert.Equal(t, state.Compliant, r.Status)
	assert.Equal(t, 600, r.Items)
	started, err := os.ReadFile(processes)
	require.NoError(t, err)
	// Per 100 existing files a stat and a sha256sum, per batch with absent ones a stat. The facts need none but, where the
	// kernel is old, uname.
	assert.LessOrEqual(t, strings.Count(string(started), "\n"), 6+6+3+1, "%s", started)
}

// Nobody learns less of a file because some of it cannot be read.
func TestWhatWasSeenOfAnUnreadableFileIsShown(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	makeFiles(t, dir, "file")
	require.NoError(t, os.Chmod(filepath.Join(dir, "file"), 0o600))
	f := onePack(t, "  files: [{path: "+dir+"/file, mode: 644, content: x}]", nil)
	r := check(t, asNobody(t, shells(t)[0]), f).Results[0]
	assert.Equal(t, state.Unknown, r.Status)
	require.Len(t, r.Errors, 1)
	assert.Equal(t, []string{"wrong_permissions " + dir + "/file: 0644 → 0600"}, brief(r.Mismatches))
}
