package checker

import (
	"context"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// everyKind is a pack with an item of every kind, of which a file's content is fetched.
func everyKind(t testing.TB) *Fleet {
	file := filepath.Join(t.TempDir(), "motd")
	require.NoError(t, os.WriteFile(file, []byte("hello\nworld\n"), 0o644))
	return onePack(t, `
  files:
    - {path: /etc/passwd, owner: root}
    - {path: `+file+`, content: "hello\nmoon\n"}
    - {path: /absent, state: absent}
  packages: [{name: dpkg}]
  settings:
    - {key: kernel.ostype, expected: Linux, type: sysctl}
    - {key: HOME, expected: /nonexistent, type: env_var}
`, nil)
}

func TestOutputThatWasCutOffNeverGivesAVerdict(t *testing.T) {
	f := everyKind(t)
	whole := transcribe(t, shells(t)[0], f)
	out := checkNonce(t, scripted{output: whole}, f)
	require.Nil(t, out.Failure)
	require.Equal(t, state.Drifted, out.Results[0].Status)
	require.Contains(t, out.Results[0].Mismatches[0].Diff, "-moon\n+world\n")
	require.Regexp(t, testNonce+" bye [0-9]+\n$", whole, "the goodbye is the last that it says")

	for cut := range len(whole) {
		out := checkNonce(t, scripted{output: whole[:cut]}, f)
		if out.Failure == nil || out.Results[0].Status != state.Unknown {
			t.Fatalf("cut after byte %d of %d: %+v", cut, len(whole), out.Results[0])
		}
	}
}

// A machine that has seen how another, or itself on a better day, was asked may say the same once more.
func TestASessionThatIsPlayedAgainIsNotBelieved(t *testing.T) {
	f := everyKind(t)
	whole := transcribe(t, shells(t)[0], f)
	require.Equal(t, state.Drifted, checkNonce(t, scripted{output: whole}, f).Results[0].Status, "with the nonce that it was for")
	for range 3 {
		out := check(t, scripted{output: whole}, f)
		require.NotNil(t, out.Failure)
		assert.Equal(t, state.ReasonProtocol, out.Failure.Reason)
		assert.Equal(t, state.Unknown, out.Results[0].Status)
		assert.Empty(t, out.Results[0].Mismatches)
	}
}

func TestNoiseChangesNothing(t *testing.T) {
	f := everyKind(t)
	whole := transcribe(t, shells(t)[0], f)
	want := checkNonce(t, scripted{output: whole}, f).Results[0].Mismatches
	// Frames begin with a newline of their own. In a body noise is content, which the hash then shows; what is printed for
	// several questions is then not told apart.
	head, rest, ok := strings.Cut(whole, " body\n")
	require.True(t, ok)
	between := regexp.MustCompile("\n(" + testNonce + " [^b])")
	noisy := "Last login: today\n\x1b[0m$ " + between.ReplaceAllString(head, "noise 1 val x\nno newline\n$1") + " body\n" + rest
	out := checkNonce(t, scripted{output: noisy}, f)
	require.Nil(t, out.Failure)
	assert.Equal(t, want, out.Results[0].Mismatches)
}

func TestAnswersMustBeWholeAndUnique(t *testing.T) {
	f := onePack(t, "  files: [{path: /a}, {path: /b}]", nil)
	stat := " val self 81a4:0:0:1:root:root\n"
	start := "\n" + readyLine + "\nN facts\n"
	cases := []struct{ name, answers, want string }{
		{"all is well", "N 1" + stat + "N 2" + stat + "N stage 2\nN bye 2\n", ""},
		{"one is not answered", "N 1" + stat + "N stage 2\nN bye 2\n", "1 of 2 questions were answered"},
		{"one is answered twice", "N 1" + stat + "N 1" + stat + "N stage 2\n", "a question was answered twice"},
		{"one was never asked", "N 1" + stat + "N 3" + stat + "N stage 2\n", "the answer makes no sense"},
		{"number zero", "N 0" + stat + "N stage 2\n", "the answer makes no sense"},
		{"it read fewer questions", "N 1" + stat + "N stage 1\n", "1 of 2 questions were answered"},
		{"it read other questions in the end", "N 1" + stat + "N 2" + stat + "N stage 2\nN bye 3\n", "2 of 2 questions were answered"},
		{"one is not whole", "N 1" + stat + "N 2 more x\nN stage 2\n", "1 of 2 questions were answered"},
		{"it says goodbye early", "N 1" + stat + "N bye 2\n", "the answer makes no sense"},
		{"facts come late", "N fact user x\n", "the answer makes no sense"},
		{"another nonce", "M 1" + stat + "N 2" + stat + "N stage 2\nN bye 2\n", "1 of 2 questions were answered"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			output := strings.NewReplacer("N", testNonce, "M", strings.Repeat("0", 32)).Replace(start + c.answers)
			out := checkNonce(t, scripted{output: output}, f)
			if c.want == "" {
				require.Nil(t, out.Failure)
				assert.Equal(t, state.Compliant, out.Results[0].Status)
				return
			}
			require.NotNil(t, out.Failure)
			assert.Equal(t, state.ReasonProtocol, out.Failure.Reason)
			assert.Equal(t, c.want, out.Failure.Message)
			assert.Equal(t, state.Unknown, out.Results[0].Status)
			assert.Empty(t, out.Results[0].Mismatches)
		})
	}
}

// counting counts sessions, and the questions in what is sent.
type counting struct {
	Transport
	sessions, questions int
}

func (c *counting) Start(ctx context.Context, m *config.Machine, argv []string) (Session, error) {
	c.sessions++
	s, err := c.Transport.Start(ctx, m, argv)
	return countingSession{s, c}, err
}

type countingSession struct {
	Session
	c *counting
}

func (s countingSession) Write(p []byte) (int, error) {
	if !strings.HasPrefix(string(p), "{") {
		s.c.questions += strings.Count("\n"+string(p), "\n=")
	}
	return s.Session.Write(p)
}

func TestPacksThatAskTheSameCostOneObservation(t *testing.T) {
	items := "items: {files: [{path: /etc/passwd, mode: %, content: x}], settings: [{key: kernel.ostype, expected: Linux, type: sysctl}]}"
	f := fleetOf(t, map[string]string{
		"a.yaml": strings.Replace(items, "%", "0644", 1), "b.yaml": strings.Replace(items, "%", "0600", 1),
		"c.yaml": "items: {files: [{path: /etc/passwd, owner: root}]}",
	}, nil)
	c := &counting{Transport: shells(t)[0]}
	out := check(t, c, f)
	require.Nil(t, out.Failure)
	assert.Equal(t, 1, c.sessions)
	assert.Equal(t, 4, c.questions, "stat, hash, content and one kernel parameter")
	assert.Len(t, out.Results[0].Mismatches, 1)
	assert.Len(t, out.Results[1].Mismatches, 2)
	assert.Equal(t, state.Compliant, out.Results[2].Status)
}

func TestOlderHelperAnswersWhatItDoesNotKnow(t *testing.T) {
	eachShell(t, func(t *testing.T, sh shell) {
		ops := allOps()
		ops["from_the_future"] = true
		d, err := startDialogue(t.Context(), sh, &config.Machine{}, ops, testNonce)
		require.NoError(t, err)
		defer d.close()
		_, err = d.facts(&config.Machine{})
		require.NoError(t, err)
		require.NoError(t, d.ask([]Question{{Op: "from_the_future", Arg: "x"}, {Op: "file", Arg: "/"}, {Op: "from_the_future", Arg: "y"}}))
		require.NoError(t, d.bye())
		assert.Equal(t, "the installed helper is too old to observe this", d.answers[Question{Op: "from_the_future", Arg: "y"}].Err)
		assert.Empty(t, d.answers[Question{Op: "file", Arg: "/"}].Err)
	})
}

// A kind that asks what it did not announce has a bug, which must not pass for what a machine is like.
func TestOnlyWhatTheScriptAnswersIsAsked(t *testing.T) {
	d, err := startDialogue(t.Context(), shells(t)[0], &config.Machine{}, map[string]bool{"file": true}, testNonce)
	require.NoError(t, err)
	defer d.close()
	_, err = d.facts(&config.Machine{})
	require.NoError(t, err)
	err = d.ask([]Question{{Op: "file", Arg: "/"}, {Op: "sum", Arg: "/etc/passwd"}})
	require.ErrorIs(t, err, errBug)
	require.ErrorContains(t, err, "does not answer sum")
}
