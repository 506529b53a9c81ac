package main

import (
	"encoding/json"
	"io"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestValidate(t *testing.T) {
	w := newWorkspace(t)
	status, stdout, stderr := w.run("validate")
	assert.Equal(t, 0, status, stderr)
	assert.Contains(t, stdout, "is valid: 2 machines, 2 packs\n")

	w.write("config.yaml", "machines:\n  - {name: a, transport: local, packs: [nope]}\n  - {name: b, transport: local, pakcs: []}\n")
	w.write("packs/base.yaml", "items:\n  files:\n    - {path: relative, mode: rw}\n")
	status, stdout, stderr = w.run("validate")
	assert.Equal(t, 1, status)
	assert.Empty(t, stdout)
	for _, place := range []string{"config.yaml:3: ", "base.yaml:3: "} {
		assert.Contains(t, stderr, place, "every problem of every file is named")
	}
	assert.Contains(t, stderr, "pakcs")
}

func TestValidateRefusesAScheduleWithoutRuns(t *testing.T) {
	w := newWorkspace(t)
	w.write("config.yaml", "schedule: {cron: \"0 0 30 2 *\"}\nmachines: []\n")
	status, _, stderr := w.run("validate")
	assert.Equal(t, 1, status)
	assert.Contains(t, stderr, "never comes")
}

// troubled is a workspace with errors in two files and a warning.
func troubled(t *testing.T) *workspace {
	t.Helper()
	w := newWorkspace(t)
	t.Chdir(w.dir) // files are named as seen from there
	w.write("config.yaml", "machines:\n  - {name: a, transport: local, packs: [base]}\n  - {name: b, transport: local, pakcs: []}\n")
	w.write("packs/base.yaml", "items:\n  files:\n    - {path: /etc, mod: \"0644\"}\n  settings:\n    - {key: x, expected: y, type: config}\n")
	return w
}

func TestValidateTellsErrorsFromWarningsAndCountsThem(t *testing.T) {
	status, stdout, stderr := troubled(t).run("validate")
	assert.Equal(t, 1, status)
	assert.Empty(t, stdout)
	lines := strings.Split(strings.TrimSuffix(stderr, "\n"), "\n")
	require.Len(t, lines, 4, stderr)
	assert.Regexp(t, `config\.yaml:3: .*pakcs.*\(did you mean "packs"\?\)$`, lines[0])
	assert.Regexp(t, `^packs/base\.yaml:3: .*mod.*\(did you mean "mode"\?\)$`, lines[1])
	assert.Regexp(t, `^packs/base\.yaml:5: warning: `, lines[2])
	assert.Regexp(t, `config\.yaml is not valid: 2 errors, 1 warning$`, lines[3])
}

func TestValidateCountsTheWarningsOfWhatIsValid(t *testing.T) {
	w := newWorkspace(t)
	w.write("packs/base.yaml", "items: {settings: [{key: x, expected: y, type: config}]}\n")
	status, stdout, stderr := w.run("validate")
	assert.Equal(t, 0, status)
	assert.Equal(t, 1, strings.Count(stderr, "\n"), stderr)
	assert.Contains(t, stdout, "is valid: 2 machines, 2 packs, 1 warning\n")
}

func TestValidateSeparatesFilesOnATerminal(t *testing.T) {
	w := troubled(t)
	terminal, shown := newTerminal(t, 100)
	assert.Equal(t, 1, w.runOn(io.Discard, terminal, environment{term: "xterm"}, "validate"))
	output := flushed(t, terminal, shown)
	assert.Regexp(t, "(?m)^\x1b\\[31m\\S*config.yaml:3:\x1b\\[0m .*\n\n\x1b\\[31mpacks/base.yaml:3:\x1b\\[0m .*\n"+
		"\x1b\\[33mpacks/base.yaml:5:\x1b\\[0m \x1b\\[33mwarning:\x1b\\[0m .*\n\n\\S*config.yaml is \x1b\\[31mnot valid\x1b\\[0m: ", output)
	terminal, shown = newTerminal(t, 100)
	assert.Equal(t, 1, w.runOn(io.Discard, terminal, environment{term: "xterm"}, "validate", "--color=never"))
	assert.NotContains(t, flushed(t, terminal, shown), "\x1b")
}

func TestValidateAsJSON(t *testing.T) {
	status, stdout, stderr := troubled(t).run("validate", "--format=json")
	assert.Equal(t, 1, status)
	assert.Empty(t, stderr)
	var list []shownProblem
	require.NoError(t, json.Unmarshal([]byte(stdout), &list))
	require.Len(t, list, 3)
	assert.Equal(t, 3, list[0].Line)
	assert.Equal(t, "error", list[0].Severity)
	assert.Equal(t, "packs/base.yaml", list[2].File)
	assert.Equal(t, "warning", list[2].Severity)
	assert.NotContains(t, list[2].Message, "warning")

	status, stdout, _ = newWorkspace(t).run("validate", "--format=json")
	assert.Equal(t, 0, status)
	assert.Equal(t, "[]\n", stdout)
}
