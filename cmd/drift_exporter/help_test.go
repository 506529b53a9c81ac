package main

import (
	"io"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// helpOf runs a command line that asks for help.
func helpOf(t *testing.T, args ...string) string {
	t.Helper()
	t.Setenv("COLUMNS", "")
	var stdout, stderr strings.Builder
	require.Equal(t, 0, execute(args, environment{}, &stdout, &stderr), stderr.String())
	require.Empty(t, stderr.String())
	return stdout.String()
}

func testProgram() *program { return newProgram(environment{}, io.Discard, io.Discard) }

func TestHelpOfTheProgramListsTheCommandsAndFewFlags(t *testing.T) {
	help := helpOf(t, "--help")
	for _, c := range testProgram().commands {
		assert.Regexp(t, `(?m)^  `+c.clause.FullCommand()+` +\S.*\.$`, help)
	}
	assert.Contains(t, help, "--config.file=FILE ")
	assert.NotContains(t, help, "--web.", "the flags of serve are its help's")
	assert.NotContains(t, help, "[no-]")
	assert.Equal(t, help, helpOf(t, "help"))
	assert.Less(t, strings.Count(help, "\n"), 40, "it fits a screen")
}

func TestHelpOfACommandSaysAllOfIt(t *testing.T) {
	for _, c := range testProgram().commands {
		name := c.clause.FullCommand()
		t.Run(name, func(t *testing.T) {
			help := helpOf(t, name, "--help")
			assert.True(t, strings.HasPrefix(help, "Usage: drift_exporter "+name+" "), help)
			for _, flag := range c.clause.Model().Flags {
				assert.Equal(t, !flag.Hidden, strings.Contains(help, " --"+flag.Name), flag.Name)
			}
			assert.Equal(t, name == serveName, strings.Contains(help, "--web."), "only serve reads them")
			for _, part := range []string{"\nFlags of every command:\n", "\nExamples:\n", "\nExit status:\n  0  ", "\nRead more: docs/"} {
				assert.Contains(t, help, part)
			}
			assert.NotContains(t, help, "\n\n\n")
			assert.Equal(t, help, helpOf(t, "help", name))
			assert.Equal(t, help, helpOf(t, name, "-h"))
		})
	}
}

func TestEveryHelpFitsEightyColumns(t *testing.T) {
	for _, args := range append([][]string{{"--help"}}, commandLines("--help")...) {
		for line := range strings.Lines(helpOf(t, args...)) {
			assert.LessOrEqual(t, utf8.RuneCountInString(strings.TrimSuffix(line, "\n")), 80, "%v: %s", args, line)
		}
	}
}

// commandLines are the commands, each with the same arguments.
func commandLines(args ...string) [][]string {
	var lines [][]string
	for _, c := range testProgram().commands {
		lines = append(lines, append([]string{c.clause.FullCommand()}, args...))
	}
	return lines
}

func TestGroupsOfFlagsNameFlagsThatThereAre(t *testing.T) {
	for _, c := range testProgram().commands {
		for _, group := range c.manual.groups {
			for _, flag := range group.flags {
				assert.NotNil(t, c.clause.GetFlag(flag), flag)
			}
		}
	}
}

func TestManualsNamePagesThatThereAre(t *testing.T) {
	manuals := []manual{programManual}
	for _, c := range testProgram().commands {
		manuals = append(manuals, c.manual)
	}
	for _, m := range manuals {
		require.NotEmpty(t, m.examples)
		require.LessOrEqual(t, len(m.examples), 5)
		for page := range strings.SplitSeq(m.more, ", ") {
			assert.FileExists(t, filepath.Join(repository, page))
		}
	}
}

// exampleWorkspace has all that the examples name.
func exampleWorkspace(t *testing.T) *workspace {
	t.Helper()
	w := newWorkspace(t)
	w.write("packs/web.yaml", "items: {}\n")
	w.write("config.yaml", `
machines:
  - {name: db1, transport: local, packs: [base], labels: {env: prod}}
  - {name: web1, transport: local, packs: [web, base], labels: {env: prod}}
`)
	return w
}

// The examples of every help are run, as a shell has them. Only serve is not started: its flags are parsed.
func TestTheExamplesWork(t *testing.T) {
	sh := testenv.Program(t, "bash", "bash")
	p := testProgram()
	examples := slices.Clone(programManual.examples)
	for _, c := range p.commands {
		examples = append(examples, c.manual.examples...)
	}
	for _, e := range examples {
		t.Run(e.line, func(t *testing.T) {
			w := exampleWorkspace(t)
			command := strings.ReplaceAll(e.line, "/tmp/new/config.yaml", w.path("config.yaml"))
			name := ""
			if args := shellWords(t, sh, w.dir, command); args[0] == "drift_exporter" {
				var err error
				name, err = testProgram().parse(args[1:])
				require.NoError(t, err)
			}
			if name == serveName {
				return
			}
			cmd := exec.Command(sh, "-c", command)
			cmd.Dir = w.dir
			cmd.Env = append(os.Environ(), "PATH="+filepath.Dir(binary(t))+":"+os.Getenv("PATH"))
			out, err := cmd.CombinedOutput()
			if name == "snapshot" && err != nil {
				require.Contains(t, string(out), "not described", "a container has no service manager")
				return
			}
			require.NoError(t, err, "%s", out)
		})
	}
}

// shellWords are the arguments that a shell makes of a command line, without its redirection.
func shellWords(t *testing.T, sh, dir, line string) []string {
	t.Helper()
	line, _, _ = strings.Cut(line, " > ")
	cmd := exec.Command(sh, "-c", `printf '%s\n' `+line)
	cmd.Dir = dir
	out, err := cmd.Output()
	require.NoError(t, err)
	return strings.Split(strings.TrimSpace(string(out)), "\n")
}

func TestHelpIsBoldOnlyOnATerminal(t *testing.T) {
	terminal, shown := newTerminal(t, 80)
	require.Equal(t, 0, execute([]string{"check", "--help"}, environment{term: "xterm"}, terminal, io.Discard))
	assert.Contains(t, flushed(t, terminal, shown), "\x1b[1mUsage:\x1b[0m drift_exporter check ")
	assert.NotContains(t, helpOf(t, "check", "--help"), "\x1b")
}

func TestWhoHasNoConfigurationIsToldHowToBegin(t *testing.T) {
	for _, args := range [][]string{{"check"}, {"validate"}, {"packs"}, {"snapshot", "web1", "--sysctl=a"}} {
		w := &workspace{t: t, dir: t.TempDir()}
		status, stdout, stderr := w.run(args...)
		assert.NotEqual(t, 0, status)
		assert.Empty(t, stdout)
		assert.Contains(t, stderr, "config.yaml: cannot be read: no such file or directory\n")
		assert.Contains(t, stderr, "--config.file=FILE")
	}
	w := &workspace{t: t, dir: t.TempDir()}
	script := exec.Command("sh", "-ec", firstSteps)
	script.Dir = w.dir
	out, err := script.CombinedOutput()
	require.NoError(t, err, "%s", out)
	status, stdout, stderr := w.run("check")
	assert.Less(t, status, exitUnknown, "what it tells to write can be checked: %s", stderr)
	assert.Contains(t, stdout, "localhost  ")
}

func TestServeWithoutAConfigurationHelpsOnATerminalOnly(t *testing.T) {
	w := &workspace{t: t, dir: t.TempDir()}
	status, _, stderr := w.run("serve")
	assert.Equal(t, 1, status)
	assert.NotContains(t, stderr, "mkdir")
	terminal, shown := newTerminal(t, 80)
	assert.Equal(t, 1, w.runOn(io.Discard, terminal, environment{term: "xterm"}, "serve"))
	assert.Contains(t, flushed(t, terminal, shown), firstSteps)
}
