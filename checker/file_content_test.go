package checker

import (
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// oneFile makes a file and returns its path and a pack's item that demands a content of it.
func oneFile(t testing.TB, mode os.FileMode, actual, demand string) (path, item string) {
	path = filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(path, []byte(actual), mode))
	return path, "  files: [{path: " + path + ", " + demand + "}]"
}

func TestWrongContentShowsADiff(t *testing.T) {
	path, item := oneFile(t, 0o644, "one\n2\nthree", `content: "one\ntwo\nthree\n"`)
	eachShell(t, func(t *testing.T, sh shell) {
		r := checkOne(t, sh, item)
		require.Len(t, r.Mismatches, 1)
		m := r.Mismatches[0]
		want := "wrong_content " + path + ": sha256:" + hashOf([]byte("one\ntwo\nthree\n")) + " → sha256:" + hashOf([]byte("one\n2\nthree"))
		assert.Equal(t, []string{want}, brief(r.Mismatches))
		assert.Equal(t, "packs/p.yaml:2", m.Source)
		assert.Equal(t, "--- expected\n+++ actual\n@@ -1,3 +1,3 @@\n one\n-two\n-three\n+2\n+three\n\\ No newline at end of file\n", m.Diff)
	})
}

func TestContentThatStaysOnTheMachine(t *testing.T) {
	cases := []struct {
		name   string
		mode   os.FileMode
		demand string
		diff   bool
	}{
		{"others may read it", 0o644, "", true},
		{"others may not read it", 0o640, "", false},
		{"others should not read it", 0o644, ", mode: 600", false},
		{"others should read it", 0o600, ", mode: 644", false},
		{"said to be sensitive", 0o644, ", sensitive: true", false},
		{"said not to be sensitive", 0o600, ", mode: 600, sensitive: false", true},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			path, item := oneFile(t, c.mode, "SECRET\n", `content: "x"`+c.demand)
			whole := transcribe(t, shells(t)[0], onePack(t, item, nil))
			assert.Equal(t, c.diff, strings.Contains(whole, "SECRET"))
			mismatches := checkNonce(t, scripted{output: whole}, onePack(t, item, nil)).Results[0].Mismatches
			m := mismatches[len(mismatches)-1]
			assert.Equal(t, "wrong_content", m.Type)
			assert.Equal(t, path, m.Item)
			assert.Equal(t, c.diff, m.Diff != "")
			assert.Equal(t, !c.diff, m.Sensitive)
		})
	}
}

func TestContentWithoutADiff(t *testing.T) {
	for name, c := range map[string]struct{ actual, demand string }{
		"only a hash is known": {"SECRET\n", "content_hash: " + strings.Repeat("0", 64)},
		"too large":            {strings.Repeat("x\n", maxContent), "content: x"},
		"binary demanded":      {"x\n", "content: !!binary AP8="},
		"binary there":         {"x\x00\xff\n", "content: x"},
	} {
		t.Run(name, func(t *testing.T) {
			_, item := oneFile(t, 0o644, c.actual, c.demand)
			r := checkOne(t, shells(t)[0], item)
			assert.Equal(t, "sha256:"+hashOf([]byte(c.actual)), r.Mismatches[0].Actual)
			assert.Empty(t, r.Mismatches[0].Diff)
		})
	}
}

func TestDiffIsBoundedAndPrintable(t *testing.T) {
	_, item := oneFile(t, 0o644, strings.Repeat("\x1b[31mred\u202e\n", 5000), "content: x")
	m := checkOne(t, shells(t)[0], item).Mismatches[0]
	assert.LessOrEqual(t, len(m.Diff), maxDiff+len(diffCut))
	assert.True(t, strings.HasSuffix(m.Diff, diffCut))
	assert.Contains(t, m.Diff, `+\x1b[31mred\u202e`+"\n")
}

func TestContentOfExactlyTheBound(t *testing.T) {
	for size, diff := range map[int]bool{maxDiffed - 1: true, maxDiffed: true, maxDiffed + 1: false} {
		t.Run(strconv.Itoa(size), func(t *testing.T) {
			_, item := oneFile(t, 0o644, strings.Repeat("x", size), "content: x")
			eachShell(t, func(t *testing.T, sh shell) {
				assert.Equal(t, diff, checkOne(t, sh, item).Mismatches[0].Diff != "")
			})
		})
	}
}

func TestContentThatChangesWhileItIsRead(t *testing.T) {
	path, item := oneFile(t, 0o644, "before\n", `content: "demanded\n"`)
	for _, c := range []struct{ name, head, wantError string }{
		{"to something else", "echo after", ""},
		{"by what a login prints in between", "echo before; echo noise", ""},
		{"to what is demanded", "echo demanded", "changed while being read"},
	} {
		t.Run(c.name, func(t *testing.T) {
			tools := toolbox(t, "stat", "sha256sum", "awk", "id", "uname", "getent")
			fakeTool(t, tools, "head", c.head)
			out := check(t, shell{argv: shells(t)[0].argv, path: tools}, onePack(t, item, nil))
			if c.wantError != "" {
				assert.Equal(t, []state.ItemError{{Kind: "file", Item: path, Error: c.wantError}}, sourceless(t, out.Results[0].Errors))
				assert.Equal(t, state.Unknown, out.Results[0].Status)
				return
			}
			require.Len(t, out.Results[0].Mismatches, 1)
			assert.Equal(t, "wrong_content", out.Results[0].Mismatches[0].Type)
			assert.Empty(t, out.Results[0].Mismatches[0].Diff, "of what was not hashed nothing is shown")
		})
	}
}

func TestTemplateIsRenderedForTheMachine(t *testing.T) {
	path := filepath.Join(t.TempDir(), "motd")
	require.NoError(t, os.WriteFile(path, []byte("db on "+hostname(t)+"\nalice bob \n"), 0o644))
	fsys := fstest.MapFS{
		"p.yaml":         {Data: []byte("items: {files: [{path: " + path + ", template: motd}]}")},
		"templates/motd": {Data: []byte("{{ .role }} on {{ .facts.hostname }}\n{{ range .admins }}{{ . }} {{ end }}\n")},
	}
	packs, problems := pack.Load(fsys, "packs", Kinds())
	require.Empty(t, problems)
	for name, c := range map[string]struct {
		vars map[string]any
		want string
	}{
		"as it is":           {map[string]any{"role": "db", "admins": []any{"alice", "bob"}}, ""},
		"for another role":   {map[string]any{"role": "web", "admins": []any{"alice", "bob"}}, "wrong_content"},
		"a var is missing":   {map[string]any{"role": "db"}, `map has no entry for key "admins"`},
		"facts stay our own": {map[string]any{"role": "db", "admins": []any{"alice", "bob"}, "facts": 1}, ""},
	} {
		t.Run(name, func(t *testing.T) {
			m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, Packs: []string{"p"}, Vars: c.vars}
			fleet, problems := NewFleet(&config.Config{Machines: []config.Machine{m}}, packs)
			require.Empty(t, problems)
			r := check(t, shells(t)[0], fleet).Results[0]
			switch {
			case len(r.Errors) > 0:
				assert.Contains(t, r.Errors[0].Error, c.want)
			case c.want == "":
				assert.Equal(t, state.Compliant, r.Status)
			default:
				assert.Equal(t, c.want, r.Mismatches[0].Type)
			}
		})
	}
}

func hostname(t testing.TB) string {
	name, err := os.Hostname()
	require.NoError(t, err)
	return name
}

func TestTemplateWithoutEndIsAnError(t *testing.T) {
	item, problems := decode(t, fileKind{}, "{path: /x, template: motd}")
	require.Empty(t, problems)
	f := item.(*fileItem)
	f.template, _, _ = templates{"t": `{{ range .list }}` + strings.Repeat("x", 100_000) + `{{ end }}`}.Template("t")
	_, _, err := f.want(Facts{Vars: map[string]any{"list": make([]int, 100)}})
	require.ErrorContains(t, err, "makes more than 4194304 bytes")
}

func TestToolsThatAreMissingOrBroken(t *testing.T) {
	path, item := oneFile(t, 0o644, "x", "content: y")
	all := []string{"stat", "sha256sum", "head", "awk", "id", "uname", "getent"}
	for _, c := range []struct{ tool, script, want string }{
		{"stat", "", "stat is missing"},
		{"stat", "exit 1", "stat failed, or the file changed while it was observed"},
		{"stat", "echo 'usage: stat' >&2; echo '  -L' >&2; exit 1", "stat failed, or the file changed while it was observed"},
		{"stat", "echo nonsense", `stat gave "nonsense"`},
		{"stat", "echo 'stat: /x: Input/output error' >&2; exit 1", "stat: Input/output error"},
		{"sha256sum", "", "sha256sum is missing"},
		{"sha256sum", "exit 1", "sha256sum could not read it"},
		{"sha256sum", "echo abc", "what was printed makes no sense"},
		{"head", "", "head is missing"},
		{"head", "exit 1", "cannot be read"},
	} {
		t.Run(c.tool+" "+c.script, func(t *testing.T) {
			tools := toolbox(t, all...)
			require.NoError(t, os.Remove(filepath.Join(tools, c.tool)))
			if c.script != "" {
				fakeTool(t, tools, c.tool, c.script)
			}
			out := check(t, shell{argv: shells(t)[0].argv, path: tools}, onePack(t, item, nil))
			require.NotNil(t, out.Failure)
			assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason)
			assert.Equal(t, []state.ItemError{{Kind: "file", Item: path, Error: c.want}}, sourceless(t, out.Results[0].Errors))
		})
	}
}

// A file that vanishes between the shell's look and stat's makes the answers of a batch fewer than its questions.
func TestBatchThatLosesAFileIsRedone(t *testing.T) {
	dir := t.TempDir()
	var items strings.Builder
	items.WriteString("  files:\n")
	for i := range 5 {
		name := filepath.Join(dir, strconv.Itoa(i))
		require.NoError(t, os.WriteFile(name, []byte("x"), 0o600))
		require.NoError(t, os.Chmod(name, os.FileMode(0o600+i)))
		items.WriteString("    - {path: " + name + ", mode: 60" + strconv.Itoa(i) + ", content: x}\n")
	}
	real, tools := need(t, "stat"), toolbox(t, "sha256sum", "rm", "id", "uname", "getent")
	fakeTool(t, tools, "stat", `rm -f '`+dir+`/2'; exec `+real+` "$@"`)
	r := checkOne(t, shell{argv: shells(t)[0].argv, path: tools}, items.String())
	assert.Equal(t, []string{"missing_file " + dir + "/2: present → absent"}, brief(r.Mismatches))
}

func TestOnlySoManyContentsAreFetched(t *testing.T) {
	dir := t.TempDir()
	items := "  files:\n"
	for i := range maxFurther + 20 {
		name := filepath.Join(dir, strconv.Itoa(i))
		require.NoError(t, os.WriteFile(name, []byte("x"), 0o644))
		items += "    - {path: " + name + ", content: y}\n"
	}
	r := checkOne(t, shells(t)[0], items)
	require.Len(t, r.Mismatches, maxFurther+20, "what is not fetched has drifted nonetheless")
	for i, m := range r.Mismatches {
		assert.Equal(t, i < maxFurther, m.Diff != "", "mismatch %d", i)
	}
}
