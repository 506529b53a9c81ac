package checker

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

const sshdConfig = "#PermitRootLogin no\nPort 22\n\n  Match all \r\n1.0\n10\naab\na.b\n[x]\n\"q\" & \\d\nx{2}\nlast"

// lineCases are demands of that file, and whether it satisfies them. Those before the mark every awk can judge.
var lineCases = []struct {
	demand string
	want   bool
}{
	{`contains: Port 22`, true},
	{`contains: [Port 22, last, ""]`, true},
	{`contains: PermitRootLogin no`, false},
	{`contains: "#PermitRootLogin no"`, true},
	{`contains: port 22`, false},
	{`contains: Port`, false},
	{`contains: "  Match all "`, false},
	{`contains: "  Match all \r"`, true},
	{`contains: 1`, false},
	{`contains: "1.00"`, false},
	{`contains: "010"`, false},
	{`contains: '"q" & \d'`, true},
	{`contains: '[x]'`, true},
	{`contains: 'a*b'`, false},
	{`not_contains: PermitRootLogin no`, true},
	{`not_contains: [x, Port 22]`, false},
	{`contains: /^Port 22$/`, true},
	{`contains: /ort 2/`, true},
	{`contains: "/^PermitRootLogin no$/"`, false},
	{`contains: '/^(Port|Listen) [0-9]+$/'`, true},
	{`contains: '/^a\.b$/'`, true},
	{`contains: '/^a\.a/'`, false},
	{`contains: /^a.b$/`, true},
	{`contains: '/^[^a]+$/'`, true},
	{`contains: '/(^|x)last($|y)/'`, true},
	{`contains: '/^\[x\]$/'`, true},
	{`contains: '/\\d$/'`, true},
	{`contains: '/q" &/'`, true},
	{`contains: '/^$/'`, true},
	{`contains: '/^x\{2\}$/'`, true},
	{`contains: '/^a{2}b$/'`, true},
	{`contains: '/^a{3,}b$/'`, false},
	{`contains: '/^[[:upper:]][[:lower:]]+ [[:digit:]]{2,2}$/'`, true},
	{`contains: '/^[[:digit:]]$/'`, false},
	{`not_contains: '/^Perm/'`, true},
	{`not_contains: '/root|Root/'`, false},
	{`{contains: [/Port/, last], not_contains: [Port]}`, true},
}

func TestLinesAreJudgedAlikeHereAndThere(t *testing.T) {
	path, _ := oneFile(t, 0o644, sshdConfig, "")
	item := func(demand string, sensitive bool) string {
		demand = strings.TrimSuffix(strings.TrimPrefix(demand, "{"), "}")
		return fmt.Sprintf("{path: %s, sensitive: %t, %s}", path, sensitive, demand)
	}
	var items []string
	for _, c := range lineCases {
		items = append(items, item(c.demand, false), item(c.demand, true))
	}
	test := func(t *testing.T, sh shell, old bool) {
		for i, got := range verdicts(t, sh, "/nowhere", items) {
			c, there := lineCases[i/2], i%2 == 1
			if old && there && strings.HasPrefix(got, "error") {
				assert.Contains(t, got, "awk there is too old", items[i])
				assert.Regexp(t, `\{|\[:`, c.demand)
				continue
			}
			assert.NotContains(t, got, "error", items[i])
			assert.Equal(t, c.want, got == "", "%s: %s", items[i], got)
		}
	}
	eachShell(t, func(t *testing.T, sh shell) { test(t, sh, true) })
	for _, awk := range []string{"mawk", "gawk", "original-awk", "busybox"} {
		if program, err := exec.LookPath(awk); err == nil {
			tools := toolbox(t, "stat", "sha256sum", "head", "cat", "tr", "id", "uname", "getent")
			require.NoError(t, os.Symlink(program, filepath.Join(tools, "awk")))
			t.Run(awk, func(t *testing.T) { test(t, shell{argv: shells(t)[0].argv, path: tools}, awk == "mawk") })
		}
	}
}

func TestMismatchesOfLines(t *testing.T) {
	path, item := oneFile(t, 0o644, "a\nsecret: x\nb\n", `contains: [A, /^b/, "/^[c-e]/"], not_contains: [b, /secret/]`)
	want := []string{
		"missing_line P: A → no such line", "missing_line P: /^[c-e]/ → no such line",
		"unexpected_line P: no line b → line 3: b", "unexpected_line P: no line /secret/ → line 2: secret: x",
	}
	there := []string{
		"missing_line P: entry 1 of contains → no such line", "missing_line P: entry 3 of contains → no such line",
		"unexpected_line P: entry 1 of not_contains → a line like that", "unexpected_line P: entry 2 of not_contains → a line like that",
	}
	got := checkOne(t, shells(t)[0], item).Mismatches
	assert.Equal(t, strings.ReplaceAll(strings.Join(want, "\n"), "P:", path+":"), strings.Join(brief(got), "\n"))
	require.NoError(t, os.Chmod(path, 0o600))
	got = checkOne(t, shells(t)[0], item).Mismatches
	assert.Equal(t, strings.ReplaceAll(strings.Join(there, "\n"), "P:", path+":"), strings.Join(brief(got), "\n"))
	for _, m := range got {
		assert.True(t, m.Sensitive)
	}
}

func TestLinesThatCannotBeLookedAtAreErrors(t *testing.T) {
	need(t, "setpriv")
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	makeFiles(t, dir, "file", "dir/x")
	write := func(name, content string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), mode))
		require.NoError(t, os.Chmod(filepath.Join(dir, name), mode))
	}
	write("unreadable", "x\n", 0)
	write("large", strings.Repeat("x\n", maxContent/2+1), 0o644)
	write("full", strings.Repeat("x\n", maxContent/2), 0o644)
	write("binary", "x\x00y\nz\n", 0o644)
	write("empty", "", 0o644)
	const denied = "permission denied (the check does not run as root there; become: true lets it)"
	const nul = "holds a NUL: it is not made of lines that could be looked at there"
	cases := verdictCases{
		{"{path: D/unreadable, contains: x}", "error D/unreadable: " + denied},
		{"{path: D/unreadable, contains: x, sensitive: false}", "error D/unreadable: " + denied},
		{"{path: D/unreadable, not_contains: /x/}", "error D/unreadable: " + denied},
		{"{path: D/unreadable, content: y, ignore_lines: x, sensitive: false}", "error D/unreadable: " + denied},
		{"{path: D/large, contains: x}", "error D/large: is larger than 1048576 bytes"},
		{"{path: D/large, contains: x, sensitive: true}", "error D/large: is larger than 1048576 bytes"},
		{"{path: D/full, contains: x}", ""},
		{"{path: D/full, contains: x, sensitive: true}", ""},
		{"{path: D/binary, contains: x}", "missing_line D/binary: x → no such line"},
		{"{path: D/binary, contains: x, sensitive: true}", "error D/binary: " + nul},
		{"{path: D/binary, not_contains: x, sensitive: true}", "error D/binary: " + nul},
		{"{path: D/file, contains: file, sensitive: true}", ""},
		{"{path: D/empty, not_contains: /x*/}", ""},
		{"{path: D/empty, not_contains: /x*/, sensitive: true}", ""},
		{"{path: D/dir, contains: x}", "wrong_type D/dir: file → directory"},
		{"{path: D/nothing, contains: x}", "missing_file D/nothing: present → absent"},
		{"{glob: 'D/*l*', contains: x, type: file}", "missing_line D/file: x → no such lineerror D/large: is larger than 1048576 byteserror D/unreadable: " + denied},
	}
	eachShell(t, func(t *testing.T, sh shell) { cases.run(t, asNobody(t, sh), dir) })
	path, item := oneFile(t, 0o600, "x\n", `contains: '/\d/'`)
	r := check(t, shells(t)[0], onePack(t, item, nil)).Results[0]
	assert.Equal(t, []state.ItemError{{Kind: "file", Item: path, Error: "entry 1 of contains cannot be matched on the machine, which the content must not leave: " + errNotPortable.Error()}}, sourceless(t, r.Errors))
}

func TestCharactersBeyondASCIIAreNotCountedThere(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string) {
		require.NoError(t, os.WriteFile(filepath.Join(dir, name), []byte(content), 0o600))
	}
	write("text", "na\u00efve\nplain\n")
	write("bytes", "\xff\n")
	write("ascii", "naive\n")
	const beyond = "holds characters beyond ASCII, which an expression with . or [^...] cannot count there"
	eachShell(t, func(t *testing.T, sh shell) {
		verdictCases{
			{"{path: D/text, contains: /^na.ve$/}", "error D/text: " + beyond},
			{"{path: D/text, contains: /^na.ve$/, sensitive: false}", ""},
			{"{path: D/text, not_contains: '/^na.{2}ve$/'}", "error D/text: " + beyond},
			{"{path: D/text, contains: '/^pl[^x]in$/'}", "error D/text: " + beyond},
			{"{path: D/text, not_contains: '/^.+.+$/'}", "error D/text: " + beyond},
			{"{path: D/bytes, not_contains: '/./'}", "error D/bytes: " + beyond},
			{"{path: D/text, contains: [/^na.*ve$/, '/^na[^x]*ve$/', '/^pla[hi]n$/', '/^\\.*plain[^x]*$/', plain], not_contains: '/^na[[:alpha:]]ve/'}", ""},
			{"{path: D/ascii, contains: [/^na.ve$/, '/^na[^x]v/']}", ""},
			{"{path: D/ascii, contains: /^na.e$/}", "missing_line D/ascii: entry 1 of contains → no such line"},
		}.run(t, sh, dir)
	})
}

func TestToolsThatLookForLinesMissingOrBroken(t *testing.T) {
	path, item := oneFile(t, 0o600, "x\n", `contains: y`)
	for _, c := range []struct{ tool, script, want string }{
		{"awk", "", "awk is missing"}, {"tr", "", "tr is missing"},
		{"tr", "exit 1", "cat, tr or head failed"}, {"head", "cat >/dev/null; exit 1", "cat, tr or head failed"},
		{"tr", "cat >/dev/null; exit 1", "cat, tr or head failed"}, {"cat", "exit 1", "cat, tr or head failed"},
		{"awk", "cat >/dev/null; exit 2", "awk could not look for it"},
		{"awk", "cat >/dev/null; echo 1", "awk could not look for it"},
		{"awk", "cat >/dev/null; echo '!'; echo end", "cannot be read"},
		{"awk", "cat >/dev/null; echo '?'; echo end", "awk there is too old for this regular expression"},
	} {
		tools := toolbox(t, "stat", "sha256sum", "head", "awk", "cat", "tr", "id", "uname", "getent")
		require.NoError(t, os.Remove(filepath.Join(tools, c.tool)))
		if c.script != "" {
			fakeTool(t, tools, c.tool, c.script)
		}
		out := check(t, shell{argv: shells(t)[0].argv, path: tools}, onePack(t, item, nil))
		assert.Equal(t, []state.ItemError{{Kind: "file", Item: path, Error: c.want}}, sourceless(t, out.Results[0].Errors))
	}
}

func TestHostileLinesAreFoundLiterally(t *testing.T) {
	texts := hostile("canary")
	path := filepath.Join(t.TempDir(), "$(touch canary)")
	require.NoError(t, os.WriteFile(path, []byte(strings.Join(texts, "\n")), 0o600))
	items := "  files:\n"
	for _, sensitive := range []bool{true, false} {
		lines, others := "", ""
		for _, text := range texts {
			lines += yamlBytes(text) + ", "
			others += yamlBytes("z"+text+"z") + ", "
		}
		items += fmt.Sprintf("    - {path: %q, sensitive: %t, contains: [%s], not_contains: [%s]}\n", strings.Repeat("/.", map[bool]int{true: 1}[sensitive])+path, sensitive, lines, others)
	}
	assertHarmless(t, "canary", func(sh shell) { assert.Empty(t, checkOne(t, sh, items).Mismatches) })
}

func TestManyLinesTakeFewProcesses(t *testing.T) {
	dir := t.TempDir()
	items := "  files:\n"
	for i := range 50 {
		name := filepath.Join(dir, fmt.Sprint(i))
		require.NoError(t, os.WriteFile(name, []byte("a\nb\n"), 0o600))
		items += "    - {path: " + name + ", contains: [a, /^b$/], not_contains: [c, /d/]}\n"
	}
	processes := filepath.Join(t.TempDir(), "processes")
	bin := countingTools(t, processes, "stat", "sha256sum", "head", "awk", "cat", "tr", "uname", "id", "getent")
	assert.Empty(t, checkOne(t, shell{argv: shells(t)[0].argv, path: bin}, items).Mismatches)
	started, err := os.ReadFile(processes)
	require.NoError(t, err)
	assert.LessOrEqual(t, strings.Count(string(started), "\n"), 2*5+1+3, "%s", started)
}

// What machines are given must mean the same to them.
func FuzzPortable(f *testing.F) {
	for _, c := range lineCases {
		f.Add(c.demand, "aab")
	}
	for _, expr := range []string{`a|`, `()`, `a**`, `[a\]]`, `(?i)a`, `\d`, `a{1,2}{3}`, `^*`, `[[.a.]]`, `a{,2}`, `x\`, `é`, `a{256}`, `[]a]`, `{1}`, `a$b`} {
		f.Add(expr, "aab")
	}
	f.Fuzz(func(t *testing.T, expr, line string) {
		there, err := portable(expr)
		if err != nil {
			return
		}
		posix, err := regexp.CompilePOSIX(there)
		if err != nil || strings.ContainsAny(there, "\n\x00") || there == "" {
			t.Fatalf("%q became %q: %v", expr, there, err)
		}
		if here := regexp.MustCompile(expr); here.MatchString(line) != posix.MatchString(line) {
			t.Fatalf("%q and %q disagree about %q", expr, there, line)
		}
	})
}
