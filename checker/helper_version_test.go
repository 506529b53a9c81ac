package checker

import (
	"bytes"
	"log/slog"
	"regexp"
	"strings"
	"testing"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestEveryFunctionOfTheScriptIsFound(t *testing.T) {
	starts := regexp.MustCompile(`(?m)^[^\s#'"]+ *\(\)`).FindAllString(Helper(HelperOptions{AllowCommands: true}), -1)
	functions := shellFunctions(Helper(HelperOptions{AllowCommands: true})).functions
	assert.Len(t, functions, len(starts)+1, "each once, and what is in front of them")
	for _, start := range starts {
		assert.Contains(t, functions, strings.TrimSuffix(start, "()"))
	}
}

// An answer is as trusted as every function that takes part in it.
func TestDigestsChangeWithWhateverAnAnswerNeeds(t *testing.T) {
	shell := scriptCommon
	for _, kind := range Kinds().kinds {
		shell += kind.Shell()
	}
	functions := shellFunctions(shell)
	for op, needs := range map[string][]string{
		"op_file":     {"file_batch", "file_found", "file_gone", "in_batches", "next", "frame", "why", ""},
		"op_packages": {"packages_dpkg", "packages_rpm", "package_ready", "package_rpmdb"},
		"op_user":     {"entry_batch", "entry_alone", "sources", "sss_unused"},
		"op_env_var":  {"env_login", "env_shell", "pam_variable"},
	} {
		before := functions.needed("", op)
		for _, name := range needs {
			original := functions.functions[name]
			require.NotEmpty(t, original, name)
			functions.functions[name] = strings.TrimSuffix(original, "}\n") + "  :\n}\n"
			assert.NotEqual(t, before, functions.needed("", op), "%s needs %s", op, name)
			functions.functions[name] = original
		}
	}
	file := functions.needed("op_file")
	functions.functions["sysctl_batch"] = "sysctl_batch() { :; }\n"
	assert.Equal(t, file, functions.needed("op_file"), "one that it does not need does not matter")
	assert.Len(t, answerDigests(), len(scriptOps(shell))+1)
}

// otherVersion is an installed script of which something differs.
func otherVersion(t testing.TB, pattern, instead string) string {
	t.Helper()
	text := Helper(HelperOptions{})
	other := regexp.MustCompile(pattern).ReplaceAllString(text, instead)
	require.NotEqual(t, text, other)
	return other
}

func TestAnswersOfAnotherVersionAreNotBelieved(t *testing.T) {
	const (
		items   = "  files: [{path: /etc/passwd, owner: nobody}]\n  settings: [{key: kernel.ostype, expected: Minix, type: sysctl}]\n"
		another = "the installed helper of another version observes this in another way: " + installThisOne
	)
	for name, c := range map[string]struct {
		pattern, instead string
		failure          string   // of the whole machine
		errors           []string // of items
	}{
		"which observes files in another way": {`(answer_file )[0-9a-f]{32}`, `${1}0123`, "", []string{another}},
		"which does not say how":              {`.*fact answer_file .*\n`, ``, "", []string{another}},
		"which does not know files":           {`(?m)^    file\) op_file ;;\n|.*fact answer_file .*\n`, ``, "", []string{"the installed helper is too old to observe this"}},
		"whose facts mean something else":     {`(answer_facts )[0-9a-f]{32}`, `${1}0123`, "protocol: the installed helper is of another version: " + installThisOne, nil},
		"which says nothing of itself":        {`.*fact (answer_|helper ).*\n`, ``, "protocol: the installed helper is of another version: " + installThisOne, nil},
		"which speaks a newer protocol": {
			`drift_exporter/1 ready`, `drift_exporter/2 ready`,
			`protocol: the installed helper says "drift_exporter/2 ready", and this exporter speaks protocol 1: ` + installThisOne, nil,
		},
	} {
		t.Run(name, func(t *testing.T) {
			out := check(t, realCommand{}, onePack(t, items, install(t, otherVersion(t, c.pattern, c.instead))))
			require.NotNil(t, out.Failure)
			if c.failure != "" {
				assert.Equal(t, c.failure, out.Failure.Error())
				assert.Equal(t, state.Unknown, out.Results[0].Status)
				assert.False(t, out.Failure.Retry, "it stays what it is until somebody installs another")
				return
			}
			assert.Equal(t, state.ReasonUnreadable, out.Failure.Reason)
			var said []string
			for _, e := range out.Results[0].Errors {
				said = append(said, e.Error)
			}
			assert.Equal(t, c.errors, said)
			assert.Equal(t, []string{"wrong_setting kernel.ostype Minix Linux"}, shortly(out.Results[0].Mismatches), "what it observes as we do")
		})
	}
}

func shortly(ms []state.Mismatch) []string {
	var lines []string
	for _, m := range ms {
		lines = append(lines, m.Type+" "+m.Item+" "+m.Expected+" "+m.Actual)
	}
	return lines
}

func TestAnotherVersionIsLoggedAndStillJudgesWhatItObservesAlike(t *testing.T) {
	for text, logged := range map[string]int{
		Helper(HelperOptions{}):                                       0,
		Helper(HelperOptions{AllowCommands: true}):                    0,
		Helper(HelperOptions{NoContent: true}):                        0,
		otherVersion(t, `(fact helper )[0-9a-f]{32}`, `${1}ffff0000`): 1,
	} {
		var log bytes.Buffer
		c := New(map[config.Transport]Transport{config.TransportSSH: realCommand{}}, slog.New(slog.NewTextHandler(&log, nil)), clockwork.NewRealClock())
		out := c.Check(t.Context(), onePack(t, passwdOwner, install(t, text)), "m1", "")
		require.Nil(t, out.Failure, "%v", out.Failure)
		assert.Equal(t, logged, strings.Count(log.String(), `msg="installed helper is of another version" machine=m1 digest=ffff0000`), log.String())
	}
}
