package checker

import (
	"bytes"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestCommandProblems(t *testing.T) {
	characters := "argv must not contain a newline, a NUL or the character 0x1f"
	program := "argv must begin with an absolute path or the name of a program, without blanks, = or a colon; each argument is an entry of its own"
	decodeCases{
		{"the least", "{name: a, argv: [true]}", nil},
		{"all", `{name: a, argv: [/bin/x, "", -x, "a b", "$(x)"], exit: 3, stdout: [a, /b.*/]}`, nil},
		{"a program alone", "{name: a, argv: /bin/x}", nil},
		{"output of several lines", `{name: a, argv: [x], stdout: "a\nb\n"}`, nil},
		{"no name", "{argv: [x]}", []string{"name is required"}},
		{"no argv", "{name: a}", []string{"argv is required: the program and its arguments, as a list"}},
		{"empty argv", "{name: a, argv: []}", []string{"argv is required: the program and its arguments, as a list"}},
		{"a shell's line", "{name: a, argv: ls -l}", []string{program}},
		{"relative", "{name: a, argv: [bin/x]}", []string{program}},
		{"an option", "{name: a, argv: [-i, x]}", []string{program}},
		{"an assignment", "{name: a, argv: [A=b, x]}", []string{program}},
		{"newline", `{name: a, argv: [x, "a\nb"]}`, []string{characters}},
		{"separator", `{name: a, argv: [x, "a\x1fb"]}`, []string{characters}},
		{"long", "{name: a, argv: [x, " + strings.Repeat("y", maxArgv) + "]}", []string{"argv is longer than 65536 bytes"}},
		{"status", "{name: a, argv: [x], exit: 256}", []string{"exit must be a number from 0 to 255"}},
		{"status of the shell", "{name: a, argv: [x], exit: 127}", []string{"exit must not be 127: it cannot be told from a command that was not started"}},
		{"broken expression", "{name: a, argv: [x], stdout: /(/}", []string{"stdout: error parsing regexp: missing closing ): `(`"}},
		{"lines in a list", `{name: a, argv: [x], stdout: ["a\nb"]}`, []string{"stdout: an entry of the list is one line"}},
	}.run(t, commandKind{})
}

func TestCommandDefinitionHoldsWhatIsDemanded(t *testing.T) {
	seen := map[string]bool{}
	for _, text := range []string{
		"argv: [x]", "argv: [x, y]", "argv: [x, '']", "argv: [x], exit: 1", "argv: [x], stdout: ''", "argv: [x], stdout: a", "argv: [x], stdout: [a]", "argv: [x], stdout: []",
	} {
		item, problems := decode(t, commandKind{}, "{name: n, "+text+"}")
		require.Empty(t, problems)
		assert.False(t, seen[item.Definition()], text)
		seen[item.Definition()] = true
	}
}

// commandFleet is a fleet whose configuration allows commands.
func commandFleet(t testing.TB, items string) *Fleet {
	packs := loadPacks(t, map[string]string{"p.yaml": "items:\n  commands:\n" + items})
	m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, Packs: []string{"p"}}
	fleet, problems := NewFleet(&config.Config{Check: config.Check{Timeout: time.Minute, AllowCommands: true}, Machines: []config.Machine{m}}, packs)
	require.Empty(t, problems)
	return fleet
}

// printer is a program that prints its arguments between brackets, and what surrounds it.
func printer(t testing.TB) string {
	dir := t.TempDir()
	fakeTool(t, dir, "printer", `printf '[%s]' "$#" "$@"; pwd; env | sort; cat; echo warning >&2; exit 3`)
	return filepath.Join(dir, "printer")
}

func TestCommandMismatches(t *testing.T) {
	tool := printer(t)
	dir := t.TempDir()
	script := func(name, text string) string {
		fakeTool(t, dir, name, text)
		return filepath.Join(dir, name)
	}
	lines := script("lines", `printf 'one\ntwo 2\n\n three\n\n'`)
	items := "    - {name: as demanded, argv: [" + lines + `], stdout: "one\ntwo 2\n\n three\n"}` + "\n" +
		"    - {name: lines, argv: [" + lines + `], stdout: [" three", /^t.o \d$/, ""]}` + "\n" +
		"    - {name: expression, argv: [" + lines + `], stdout: '/one\ntwo/'}` + "\n" +
		"    - {name: missing lines, argv: [" + lines + `], stdout: [two, one, /four/]}` + "\n" +
		"    - {name: other text, argv: [" + lines + `], stdout: one}` + "\n" +
		"    - {name: nothing, argv: [" + lines + `], stdout: ""}` + "\n" +
		"    - {name: surroundings, argv: [" + tool + `, "", a  b, ""], exit: 3, stdout: "[3][][a  b][]/\nHOME=/\nLC_ALL=C\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/\n"}` + "\n" +
		"    - {name: status, argv: [" + script("fail", "echo x; exit 7") + "]}\n" +
		"    - {name: silent, argv: [" + script("silent", ":") + "], stdout: ''}\n" +
		"    - {name: killed, argv: [" + script("killed", "kill -9 $$") + "]}\n"
	f := commandFleet(t, items)
	eachShell(t, func(t *testing.T, sh shell) {
		out := check(t, sh, f)
		require.Nil(t, out.Failure, "%v", out.Failure)
		assert.Equal(t, []string{
			`wrong_output missing lines: two\n/four/ → one\ntwo 2\n\n three`, `wrong_output other text: one → one\ntwo 2\n\n three`,
			`wrong_output nothing:  → one\ntwo 2\n\n three`, "wrong_status status: 0 → 7", "wrong_status killed: 0 → 137",
		}, brief(out.Results[0].Mismatches))
		assert.Equal(t, "--- expected\n+++ actual\n@@ -1 +1,4 @@\n one\n+two 2\n+\n+ three\n", out.Results[0].Mismatches[1].Diff)
	})
}

func TestCommandsThatCannotBeJudged(t *testing.T) {
	dir := t.TempDir()
	file := func(name, text string, mode os.FileMode) string {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte(text), mode))
		require.NoError(t, os.Chmod(path, mode))
		return path
	}
	notStarted := "could not be started, or says the same of something that it runs: exit status "
	cases := []struct{ program, want string }{
		{"/nonexistent/x", "the command was not found"},
		{"no-such-program", "the command was not found in /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		{"eval", "the command was not found in /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		{"op_stage", "the command was not found in /usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"},
		{dir, "the command was not found"},
		{file("plain", "#!/bin/sh\n", 0o644), "permission denied"},
		{file("interpreter", "#!/nonexistent/sh\n", 0o755), notStarted + "127"},
		{file("says127", "#!/bin/sh\nexit 127\n", 0o755), notStarted + "127"},
		{file("endless", "#!/bin/sh\nwhile echo xxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxxx; do :; done 2>/dev/null\n", 0o755), "prints more than 65536 bytes"},
		{file("bordering", "#!/bin/sh\nhead -c 65532 /dev/zero | tr '\\0' x; printf '\\n127\\nyyy'\n", 0o755), "prints more than 65536 bytes"},
	}
	items := ""
	var want []state.ItemError
	for i, c := range cases {
		items += fmt.Sprintf("    - {name: n%d, argv: [%s]}\n", i, c.program)
		want = append(want, state.ItemError{
			Kind: "command", Item: fmt.Sprintf("n%d", i), Error: c.want, Source: fmt.Sprintf("packs/p.yaml:%d", 3+i),
		})
	}
	full := file("full", "#!/bin/sh\nhead -c 65536 /dev/zero | tr '\\0' x\n", 0o755)
	items += "    - {name: full, argv: [" + full + "], stdout: /^x+$/}\n"
	f := commandFleet(t, items)
	eachShell(t, func(t *testing.T, sh shell) {
		assert.Equal(t, want, check(t, sh, f).Results[0].Errors)
	})
}

func TestHostileArgumentsArriveAsTheyAre(t *testing.T) {
	tool := printer(t)
	items := ""
	for i, text := range hostile("canary") {
		if strings.Contains(text, argumentEnd) {
			text = strings.ReplaceAll(text, argumentEnd, "")
		}
		items += fmt.Sprintf("    - {name: n%d, argv: [%s, %s, x], exit: 3, sensitive: false, stdout: %s}\n", i, tool, yamlBytes(text),
			yamlBytes("[2]["+text+"][x]/\nHOME=/\nLC_ALL=C\nPATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin\nPWD=/"))
	}
	f := commandFleet(t, items)
	assertHarmless(t, "canary", func(sh shell) {
		out := check(t, sh, f)
		require.Nil(t, out.Failure, "%v", out.Failure)
		assert.Empty(t, brief(out.Results[0].Mismatches))
	})
}

func TestCommandsMustBeAllowed(t *testing.T) {
	canary := filepath.Join(t.TempDir(), "canary")
	packs := loadPacks(t, map[string]string{"p.yaml": "items:\n  commands:\n    - {name: n, argv: [touch, " + canary + "]}\n  files: [{path: /etc/passwd}]\n"})
	m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, Packs: []string{"p"}}
	cfg := &config.Config{Check: config.Check{Timeout: time.Minute}, Machines: []config.Machine{m}}
	_, problems := NewFleet(cfg, packs)
	require.True(t, problems.Fatal())
	assert.Equal(t, "packs/p.yaml:3: a command runs on machines, which check.allow_commands: true in the configuration has to allow", problems[0].String())

	cfg.Machines[0].Packs = nil
	_, problems = NewFleet(cfg, packs)
	assert.Empty(t, problems, "no machine carries it")

	cfg.Machines[0].Packs = []string{"p"}
	var sent bytes.Buffer
	out := check(t, transportFunc(func(_ Transport, s Session) Session { return recorder{s, &sent} }).over(shells(t)[0]), &Fleet{Config: cfg, Packs: packs})
	require.NotNil(t, out.Failure)
	assert.Equal(t, state.Unknown, out.Results[0].Status)
	assert.Len(t, out.Results[0].Errors, 1)
	assert.Contains(t, sent.String(), "=/etc/passwd\n", "all else is looked at")
	assert.NotContains(t, sent.String(), "touch")
	assert.NoFileExists(t, canary)
}

func TestSensitiveOutputIsHidden(t *testing.T) {
	dir := t.TempDir()
	fakeTool(t, dir, "x", "echo hunter2; exit 1")
	out := check(t, shells(t)[0], commandFleet(t, "    - {name: n, argv: ["+dir+"/x], stdout: other, sensitive: true}\n"))
	assert.Equal(t, []string{"wrong_status n: (sensitive) → (sensitive)", "wrong_output n: (sensitive) → (sensitive)"}, brief(out.Results[0].Mismatches))
	assert.NotContains(t, fmt.Sprint(out), "hunter2")
}

func FuzzCommandAnswer(f *testing.F) {
	for _, seed := range []string{"x\n\n0\n", "\n0\n", "0", "", "\n256\n", "\n-1\n", "\n007\n", "a\nb\n127\n"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, answer string) {
		output, status, err := parseCommand(answer)
		if err == nil {
			assert.True(t, strings.HasPrefix(answer, output) && status >= 0 && status <= 255, "%q", answer)
			assert.LessOrEqual(t, len(output), maxCommand)
		}
	})
}
