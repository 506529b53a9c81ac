package checker

import (
	"fmt"
	"os"
	"path"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// verdicts checks items of the section files, each in a pack of its own, and gives a line for each: its mismatches,
// or its errors. D/ in them is a directory.
func verdicts(t testing.TB, sh shell, dir string, items []string) []string {
	packs := map[string]string{}
	for i, item := range items {
		packs[fmt.Sprintf("p%03d.yaml", i)] = "items: {files: [" + strings.ReplaceAll(item, "D/", dir+"/") + "]}"
	}
	out := check(t, sh, fleetOf(t, packs, nil))
	var lines []string
	for _, r := range out.Results {
		line := strings.Join(brief(r.Mismatches), "; ")
		for _, e := range r.Errors {
			line += "error " + e.Item + ": " + e.Error
		}
		if len(r.Errors) == 0 {
			require.Nil(t, r.Failure, "%v", r.Failure)
		}
		lines = append(lines, strings.ReplaceAll(line, dir+"/", "D/"))
	}
	return lines
}

// cases are items of the section files and what verdicts says of them.
type verdictCases []struct{ item, want string }

func (cases verdictCases) run(t *testing.T, sh shell, dir string) {
	var items []string
	for _, c := range cases {
		items = append(items, c.item)
	}
	for i, got := range verdicts(t, sh, dir, items) {
		assert.Equal(t, cases[i].want, got, cases[i].item)
	}
}

func makeFiles(t testing.TB, dir string, names ...string) {
	for _, name := range names {
		file := filepath.Join(dir, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(file), 0o755))
		require.NoError(t, os.WriteFile(file, []byte(path.Base(name)), 0o644))
	}
}

func TestGlobsDemandOfEveryFileThatMatches(t *testing.T) {
	dir := t.TempDir()
	makeFiles(t, dir, "cron.d/a", "cron.d/b", "cron.d/b.x", "cron.d/.hidden", "cron.d/*", "cron.d/a(b", "cron.d/ü", "cron.d/two words",
		"home/ann/.bashrc", "home/bob/.bashrc", "home/.dot/.bashrc", "home/file", "home/eve/other")
	require.NoError(t, os.Chmod(filepath.Join(dir, "cron.d/b"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "empty"), 0o755))
	require.NoError(t, os.Symlink("nowhere", filepath.Join(dir, "home/dangling")))
	require.NoError(t, os.Symlink("loop", filepath.Join(dir, "home/loop")))
	require.NoError(t, os.Symlink("ann", filepath.Join(dir, "home/link")))
	cases := verdictCases{
		{"{glob: D/cron.d/*, mode: 644}", "wrong_permissions D/cron.d/b: 0644 → 0600"},
		{"{glob: 'D/cron.d/[a]', mode: 600}", "wrong_permissions D/cron.d/a: 0600 → 0644"},
		{"{glob: 'D/cron.d/?', content: x, sensitive: true}", contentOf(dir, "*", "a", "b", "ü")},
		{"{glob: 'D/cron.d/[a-b]', mode: 644}", "wrong_permissions D/cron.d/b: 0644 → 0600"},
		{"{glob: 'D/cron.d/[!b]', mode: 600}", "wrong_permissions D/cron.d/*: 0600 → 0644; wrong_permissions D/cron.d/a: 0600 → 0644; wrong_permissions D/cron.d/ü: 0600 → 0644"},
		{"{glob: 'D/cron.d/\\*?', mode: 600}", "missing_file D/cron.d/\\*?: present → nothing matches"},
		{"{glob: 'D/cron.d/[*]', mode: 600}", "wrong_permissions D/cron.d/*: 0600 → 0644"},
		{"{glob: 'D/cron.d/a(*', mode: 600}", "wrong_permissions D/cron.d/a(b: 0600 → 0644"},
		{"{glob: 'D/cron.d/two w*', mode: 600}", "wrong_permissions D/cron.d/two words: 0600 → 0644"},
		{"{glob: 'D/cron.d/.*', mode: 600}", "wrong_permissions D/cron.d/.hidden: 0600 → 0644"},
		{"{glob: 'D/cron.d/[.]*', mode: 600}", "missing_file D/cron.d/[.]*: present → nothing matches"},
		{"{glob: 'D//home/*/.bashrc', mode: 600}", "wrong_permissions D/home/ann/.bashrc: 0600 → 0644; wrong_permissions D/home/bob/.bashrc: 0600 → 0644; wrong_permissions D/home/link/.bashrc: 0600 → 0644"},
		{"{glob: 'D/home/*/.b*rc', mode: 644}", ""},
		{"{glob: 'D/ho*/*', type: directory}", "wrong_type D/home/dangling: directory → symlink; wrong_type D/home/file: directory → file; wrong_type D/home/link: directory → symlink; wrong_type D/home/loop: directory → symlink"},
		{"{glob: 'D/cron.d/*.x', content: b.x}", ""},
		{"{glob: 'D/cron.d/*.y', mode: 644}", "missing_file D/cron.d/*.y: present → nothing matches"},
		{"{glob: 'D/cron.d/*.y', state: absent}", ""},
		{"{glob: 'D/cron.d/b*', state: absent}", "unexpected_file D/cron.d/b: absent → file; unexpected_file D/cron.d/b.x: absent → file"},
		{"{glob: 'D/empty/*', state: absent}", ""},
		{"{glob: 'D/empty/*'}", "missing_file D/empty/*: present → nothing matches"},
		{"{glob: 'D/nowhere/*', state: absent}", ""},
		{"{glob: 'D/nowhere/*/x'}", "missing_file D/nowhere/*/x: present → nothing matches"},
		{"{glob: 'D/home/file/*', state: absent}", ""},
		{"{glob: 'D/home/dangling/*', state: absent}", ""},
		{"{glob: '/et[c]/passw[d]', type: file}", ""},
		{"{glob: '/nosuch*/x', state: absent}", ""},
	}
	eachShell(t, func(t *testing.T, sh shell) { cases.run(t, sh, dir) })
}

// contentOf are the mismatches of files in cron.d of which another content, x, was demanded.
func contentOf(dir string, names ...string) string {
	var lines []string
	for _, name := range names {
		content, _ := os.ReadFile(filepath.Join(dir, "cron.d", name))
		lines = append(lines, "wrong_content D/cron.d/"+name+": sha256:"+hashOf([]byte("x"))+" → sha256:"+hashOf(content))
	}
	return strings.Join(lines, "; ")
}

func TestMismatchesOfGlobsNameTheirFileAndTheirItem(t *testing.T) {
	dir := t.TempDir()
	makeFiles(t, dir, "a", "b")
	for waived, left := range map[string]int{"": 2, dir + "/*": 0, dir + "/a": 1, dir + "/c": 2} {
		f := onePack(t, "  files: [{glob: "+dir+"/*, mode: 600}]", func(m *config.Machine) {
			m.Waivers = []config.Waiver{{Pack: "p", Kind: "file", Item: waived, Reason: "because"}}
		})
		r := check(t, shells(t)[0], f).Results[0]
		require.Len(t, r.Mismatches, left, "waived: %q", waived)
		assert.Equal(t, 1, r.Items)
		for _, m := range r.Mismatches {
			assert.Equal(t, dir+"/*", m.Of)
			assert.Contains(t, r.Definitions, m.ID(), "the item in the pack tells why it drifted")
		}
	}
}

func TestWaiversOfFilesThatAGlobMayFindHaveAnEffect(t *testing.T) {
	packs := loadPacks(t, map[string]string{"p.yaml": "items: {files: [{glob: '~/.ssh/[!k]*'}]}"})
	for item, warned := range map[string]bool{"~/.ssh/id": false, "~/.ssh/[!k]*": false, "~/.ssh/known": true, "~/.ssh/.x": true, "~/.ssh/a/b": true} {
		m := config.Machine{Name: "m1", Packs: []string{"p"}, Waivers: []config.Waiver{{Pack: "p", Kind: "file", Item: item, Reason: "x"}}}
		_, problems := NewFleet(&config.Config{Machines: []config.Machine{m}}, packs)
		assert.Equal(t, warned, len(problems) > 0, item)
	}
}

func TestGlobsInTheHomeOfTheUser(t *testing.T) {
	home := filepath.Join(t.TempDir(), "[x]*")
	makeFiles(t, home, ".ssh/id", ".ssh/id.pub")
	eachShell(t, func(t *testing.T, sh shell) {
		r := check(t, saying(sh, "home", home+"/"), onePack(t, "  files: [{glob: ~/.ssh/*.pub, mode: 600}]", nil)).Results[0]
		assert.Equal(t, []string{"wrong_permissions ~/.ssh/id.pub: 0600 → 0644"}, brief(r.Mismatches))
	})
}

func TestHostileNamesAreFoundLiterally(t *testing.T) {
	dir := t.TempDir()
	names := 0
	for _, name := range hostile("canary") {
		name = "x" + strings.ReplaceAll(name, "/", "_")
		require.NoError(t, os.MkdirAll(filepath.Join(dir, name), 0o755))
		require.NoError(t, os.WriteFile(filepath.Join(dir, name, name), nil, 0o600))
	}
	entries, err := os.ReadDir(dir)
	require.NoError(t, err)
	names = len(entries)
	assertHarmless(t, "canary", func(sh shell) {
		assert.Len(t, checkOne(t, sh, "  files: [{glob: "+dir+"/*/x*, mode: 644}]").Mismatches, names)
	})
	for _, pattern := range hostile("canary") {
		item := "  files: [{glob: " + yamlBytes(dir+"/"+strings.ReplaceAll(pattern, "/", "_")+"*") + ", state: absent}]"
		if _, problems := decode(t, fileKind{}, strings.TrimSuffix(strings.TrimPrefix(item, "  files: ["), "]")); problems.Fatal() {
			continue
		}
		t.Chdir(t.TempDir())
		require.Nil(t, check(t, shells(t)[0], onePack(t, item, nil)).Failure, pattern)
		entries, err := os.ReadDir(".")
		require.NoError(t, err)
		assert.Empty(t, entries)
	}
}

func TestGlobsThatCannotBeObservedAreErrors(t *testing.T) {
	need(t, "setpriv")
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	makeFiles(t, dir, "closed/file", "blind/file", "mute/file", "some/open/file", "some/shut/file", "newline/a\nb", "newline/c", "many/0")
	for i := range 1001 {
		makeFiles(t, dir, fmt.Sprintf("many/%d", i))
	}
	require.NoError(t, os.Symlink("closed/file", filepath.Join(dir, "some/link")))
	for name, mode := range map[string]os.FileMode{"closed": 0, "blind": 0o444, "mute": 0o111, "some/shut": 0} {
		require.NoError(t, os.Chmod(filepath.Join(dir, name), mode))
		t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, name), 0o755) })
	}
	const denied = "permission denied (the check does not run as root there; become: true lets it)"
	cases := verdictCases{
		{"{glob: 'D/closed/*', state: absent}", "error D/closed/*: " + denied},
		{"{glob: 'D/closed/*/x', state: absent}", "error D/closed/*/x: " + denied},
		{"{glob: 'D/closed/below/*', state: absent}", "error D/closed/below/*: " + denied},
		{"{glob: 'D/blind/*', state: absent}", "error D/blind/*: " + denied},
		{"{glob: 'D/mute/*', state: absent}", "error D/mute/*: " + denied},
		{"{glob: 'D/some/*/file'}", "error D/some/*/file: " + denied},
		{"{glob: 'D/some/[l]*/x'}", "error D/some/[l]*/x: " + denied},
		{"{glob: 'D/some/[o]*/file'}", "error D/some/[o]*/file: " + denied}, // looked for among all
		{"{glob: 'D/some/o*/file'}", ""},
		{"{glob: 'D/some/l*', type: symlink}", ""},
		{"{glob: 'D/newline/*'}", "error D/newline/*: the name of a file there holds a newline"},
		{"{glob: 'D/newline/c*'}", ""},
		{"{glob: 'D/many/*'}", "error D/many/*: stands for more than 1000"},
		{"{glob: 'D/many/*', sensitive: true}", "error D/many/*: stands for more than 1000"},
	}
	eachShell(t, func(t *testing.T, sh shell) { cases.run(t, asNobody(t, sh), dir) })
}

// A shell that may not list a directory says that nothing matches. As root no mode forbids it, but other things do.
func TestGlobOfADirectoryThatOnlySeemsReadable(t *testing.T) {
	dir := t.TempDir()
	for script, want := range map[string]string{
		"exit 2": "a directory cannot be listed", "exit 0": "",
	} {
		tools := toolbox(t, "stat", "id", "uname", "getent")
		fakeTool(t, tools, "ls", script)
		got := verdicts(t, shell{argv: shells(t)[0].argv, path: tools}, dir, []string{"{glob: D/*, state: absent}"})
		assert.Contains(t, got[0], want)
		assert.Equal(t, want == "", got[0] == "")
	}
	for _, missing := range []string{"stat", "ls"} {
		tools := toolbox(t, "stat", "ls", "id", "uname", "getent")
		require.NoError(t, os.Remove(filepath.Join(tools, missing)))
		got := verdicts(t, shell{argv: shells(t)[0].argv, path: tools}, dir, []string{"{glob: D/*}", "{glob: D/nowhere/*}"})
		assert.Contains(t, strings.Join(got, " "), missing+" is missing")
	}
}

func TestNamesCannotBeHiddenFromGlobs(t *testing.T) {
	dir := t.TempDir()
	makeFiles(t, dir, "a")
	sh := shells(t)[1]
	sh.env = []string{"GLOBIGNORE=*", "BASHOPTS=nullglob:dotglob:nocaseglob:failglob"}
	assert.Equal(t, []string{"unexpected_file D/a: absent → file"}, verdicts(t, sh, dir, []string{"{glob: D/*, state: absent}"}))
}

func TestManyGlobsTakeFewProcesses(t *testing.T) {
	dir := t.TempDir()
	var items strings.Builder
	for i := range 60 {
		makeFiles(t, dir, fmt.Sprintf("%d/a", i), fmt.Sprintf("%d/b", i))
		fmt.Fprintf(&items, "    - {glob: '%s/%d/*', mode: 644}\n", dir, i)
	}
	processes := filepath.Join(t.TempDir(), "processes")
	bin := countingTools(t, processes, "stat", "ls", "readlink", "uname", "id", "getent")
	r := checkOne(t, shell{argv: shells(t)[0].argv, path: bin}, "  files:\n"+items.String())
	assert.Equal(t, state.Compliant, r.Status)
	started, err := os.ReadFile(processes)
	require.NoError(t, err)
	assert.LessOrEqual(t, strings.Count(string(started), "\n"), 2+3, "%s", started)
}

// What the shell is asked for must hold everything that matches.
func FuzzGlob(f *testing.F) {
	for _, seed := range [][2]string{{"/etc/*.conf", "a.conf"}, {"/a/[!b-d]?", "ax"}, {`/x/\*[\]]`, "*]"}, {"/*/.x*", ".xy"}, {"~/[^a]", "ü"}, {"/a**b/[", "x"}, {"/@(a|b)*", "a"}} {
		f.Add(seed[0], seed[1])
	}
	f.Fuzz(func(t *testing.T, text, name string) {
		g, err := parseGlob(text)
		if err != nil || strings.ContainsAny(name, "/\n") {
			return
		}
		question := g.question("/base")
		dir, pattern, _ := strings.Cut(question.Arg, "//")
		if dir != "/base" || strings.Trim(pattern, "*/ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-") != "" {
			t.Fatalf("%q is asked as %q", text, question.Arg)
		}
		rough := strings.Split(pattern, "/")
		if len(rough) != len(g.levels) {
			t.Fatalf("%q is asked as %q", text, question.Arg)
		}
		if len(rough) == 1 && g.matches(g.dir, g.dir+"/"+name) {
			if asked, err := path.Match(rough[0], name); err != nil || !asked {
				t.Fatalf("%q is a match of %q, and not of %q", name, text, rough[0])
			}
		}
	})
}
