package checker

import (
	"bytes"
	"math/rand/v2"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// runShell runs a shell over a text on its standard input.
func runShell(t testing.TB, sh shell, stdin string) (stdout string, err error) {
	cmd := exec.CommandContext(t.Context(), sh.argv[0], sh.argv[1:]...)
	cmd.Env = sh.environ()
	cmd.Stdin = strings.NewReader(stdin)
	out, err := cmd.Output()
	return string(out), err
}

func TestEveryShellTakesTheScript(t *testing.T) {
	eachShell(t, func(t *testing.T, sh shell) {
		stdout, err := runShell(t, sh, Script(AllOps()...))
		require.Error(t, err, "without a dialogue there is no good end")
		assert.Equal(t, "\n"+readyLine+"\n", stdout)
	})
}

// Each of these copies was cut off. Most are cut at the end of a line, where what came before looks like whole commands.
func TestScriptThatWasCutOffRunsNothing(t *testing.T) {
	script := strings.TrimSuffix(Script(AllOps()...), "\n")
	random := rand.New(rand.NewPCG(1, 2))
	cuts := map[int]bool{1: true, 2: true, len(script) - 1: true, len(script) - 2: true}
	for i := range script {
		if script[i] == '\n' && random.IntN(10) == 0 || random.IntN(500) == 0 {
			cuts[i] = true
		}
	}
	eachShell(t, func(t *testing.T, sh shell) {
		for cut := range cuts {
			stdout, err := runShell(t, sh, script[:cut]+"\n")
			require.Error(t, err, "cut at byte %d", cut)
			assert.Empty(t, stdout, "cut at byte %d", cut)
		}
	})
}

func TestNothingBehindTheScriptRuns(t *testing.T) {
	eachShell(t, func(t *testing.T, sh shell) {
		canary := filepath.Join(t.TempDir(), "canary")
		command := "echo ran >" + canary + "\n"
		_, err := runShell(t, sh, Script(AllOps()...)+command+"nonce\nlogin\n\n"+command+command)
		require.Error(t, err)
		assert.NoFileExists(t, canary)
	})
}

// recorder keeps what is written to a session.
type recorder struct {
	Session
	sent *bytes.Buffer
}

func (r recorder) Write(p []byte) (int, error) {
	r.sent.Write(p)
	return r.Session.Write(p)
}

func TestTheScriptIsTheSameForAllPacksThatAskForTheSame(t *testing.T) {
	sh := shells(t)[0]
	for items, ops := range map[string][]string{
		"  files: [{path: /etc/passwd, content: SECRET}]":                                               {"content", "file", "sum"},
		"  files: [{path: '/$(SECRET)'}]\n  settings: [{key: SECRET, expected: SECRET, type: env_var}]": {"env_var", "file"},
	} {
		var sent bytes.Buffer
		check(t, transportFunc(func(t Transport, s Session) Session { return recorder{s, &sent} }).over(sh), onePack(t, items, nil))
		nonce := Introduction(sent.String()[:strings.Index(sent.String(), scriptEnd)+len(scriptEnd)])
		require.Len(t, nonce, 32)
		data, ok := strings.CutPrefix(sent.String(), introduced(Script(ops...), nonce, howLogin))
		require.True(t, ok, "what is sent first is the script")
		assert.Contains(t, data, "\nstage\nbye\n")
	}
}

// A name from the configuration is read by the script, as all that is not ours.
func TestTheUserOfTheConfigurationIsNoPartOfTheScript(t *testing.T) {
	sh := shells(t)[0]
	f := onePack(t, "  files: [{path: ~/none, state: absent}]", func(m *config.Machine) { m.ConfigUser = "root" })
	var sent bytes.Buffer
	out := check(t, transportFunc(func(t Transport, s Session) Session { return recorder{s, &sent} }).over(sh), f)
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Equal(t, "root", out.Facts.User)
	data, ok := strings.CutPrefix(sent.String(), Script("file"))
	require.True(t, ok)
	assert.Regexp(t, `^[0-9a-f]{32}\nlogin\nroot\n`, data)
}

func TestTheWholeScriptHoldsNoFunctionThatNothingNeeds(t *testing.T) {
	whole := scriptCommon
	for _, kind := range Kinds().kinds {
		whole += kind.Shell()
	}
	needed := append(shellFunctions(Script(AllOps()...)).order, "op_refused") // by installed scripts alone
	assert.ElementsMatch(t, shellFunctions(whole+scriptUser+scriptMain).order, needed)
}

// What stands outside of functions is run whatever is asked for, so it must not go with a function that may be left out.
func TestAllThatIsNoFunctionIsInEveryScript(t *testing.T) {
	outside := func(script string) (lines []string) {
		inside := false
		for line := range strings.Lines(script) {
			switch {
			case functionStart.MatchString(line):
				inside = !strings.HasSuffix(line, "}\n")
			case inside:
				inside = line != "}\n"
			case line[0] != '#' && line != "\n" && !strings.HasPrefix(line, "unset "):
				lines = append(lines, line)
			}
		}
		return lines
	}
	whole := outside(Script(AllOps()...))
	require.Contains(t, whole, "drift_main\n")
	for _, op := range append(AllOps(), "") {
		assert.Equal(t, whole, outside(Script(op)), op)
	}
}

func introduced(script, nonce, how string) string {
	var text bytes.Buffer
	introduce(&text, []byte(script), nonce, how)
	return text.String()
}

func TestScriptsAreKnownAgain(t *testing.T) {
	for _, ops := range [][]string{nil, {"file"}, {"sum", "file"}, AllOps()} {
		slices.Sort(ops)
		assert.True(t, IsScript(Script(ops...)), "%v", ops)
		known := introduced(Script(ops...), testNonce, howBecome)
		assert.True(t, IsScript(known), "%v", ops)
		assert.False(t, IsScript(strings.Replace(known, " become", " $(id)", 1)), "%v", ops)
		assert.False(t, IsScript(strings.Replace(known, testNonce, "`id`", 1)), "%v", ops)
	}
	assert.False(t, IsScript(Script("file")+" "))
	assert.False(t, IsScript(strings.Replace(Script("file"), "stat -L", "touch", 1)))
	assert.False(t, IsScript(""))
}

func TestScriptHoldsNothingThatEvaluatesData(t *testing.T) {
	for _, forbidden := range []string{"eval", "`", "source ", "\n. ", "<<"} {
		assert.NotContains(t, Script(AllOps()...), forbidden)
	}
}

// The script reads what it is told from its standard input. A child that read from it would take questions away.
func TestChildrenOfTheScriptGetNoInput(t *testing.T) {
	for _, line := range strings.Split(Script(AllOps()...), "\n") {
		for _, child := range []string{"$(stat ", "$(sha256sum ", "dpkg-query -W", "$(getent ", "$(id ", "$(uname ", "cat \"$1\"", "ls --", "readlink "} {
			if strings.Contains(line, child) {
				assert.Contains(t, line, "</dev/null", line)
			}
		}
	}
}

func TestHelperRunsInPlaceOfTheScript(t *testing.T) {
	helper := filepath.Join(t.TempDir(), "helper")
	require.NoError(t, os.WriteFile(helper, []byte(Helper(HelperOptions{})), 0o755))
	f := onePack(t, "  files: [{path: /etc/passwd, owner: root}]", nil)
	m, _ := f.Machine("m1")
	m.SSH.Helper = helper
	var sent bytes.Buffer
	transport := transportFunc(func(_ Transport, s Session) Session { return recorder{s, &sent} }).over(realCommand{})
	out := check(t, transport, f)
	require.Nil(t, out.Failure)
	assert.Empty(t, out.Results[0].Mismatches)
	assert.NotContains(t, sent.String(), "{")
}
