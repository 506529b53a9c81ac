package checker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// answered makes a dialogue that has asked these and takes an output for its answers, in which N stands for the nonce.
func answered(t *testing.T, asked []Question, output string) (*dialogue, error) {
	t.Helper()
	d := &dialogue{
		workspace: &workspace{asked: asked, got: make([]bool, len(asked)), answers: Answers{}}, ops: allOps(), nonce: testNonce,
		frames: newFrameReader(strings.NewReader(strings.ReplaceAll(output, "N", testNonce)), testNonce),
	}
	return d, d.read("stage")
}

var (
	oneStat = "81a4:0:0:1:root:root\n"
	oneSum  = strings.Repeat("ab", 32) + "  /x\n"
)

func TestBatchesAreToldApart(t *testing.T) {
	of := func(op string, args ...string) (questions []Question) {
		for _, arg := range args {
			questions = append(questions, Question{Op: op, Arg: arg})
		}
		return questions
	}
	const unclear = "what was printed makes no sense"
	cases := []struct {
		name, output string
		asked        []Question
		want         []string // errors behind "!"
	}{
		{"files", "N batch 1 2l\n" + oneStat + "41ed:0:0:1:root:root\n\nN batched 0\n", of("file", "/a", "/b"), []string{"self 81a4:0:0:1:root:root", "link 41ed:0:0:1:root:root"}},
		{"a line too few", "N batch 1 2\n" + oneStat + "\nN batched 0\n", of("file", "/a", "/b"), []string{"!" + unclear, "!" + unclear}},
		{"a line too many", "N batch 1\n" + oneStat + oneStat + "\nN batched 0\n", of("file", "/a"), []string{"!" + unclear}},
		{"sums", "N batch 1 2\n" + oneSum + `\` + oneSum + "\nN batched 0\n", of("sum", "/a", `/b\`), []string{strings.Repeat("ab", 32), strings.Repeat("ab", 32)}},
		{"noise before a sum", "N batch 1\nnoise" + oneSum + "\nN batched 0\n", of("sum", "/a"), []string{"!" + unclear}},
		{"half a sum", "N batch 1\nabcdef\n\nN batched 0\n", of("sum", "/a"), []string{"!" + unclear}},
		{"kernel parameters", "N batch 1 2\nm1 2\nm3\n.\nm\n.\n\nN batched 0\n", of("sysctl", "a", "b"), []string{"=1 2\n=3\n=", "=\n="}},
		{"a kernel parameter without its end", "N batch 1\nm1\n\nN batched 0\n", of("sysctl", "a"), []string{"!" + unclear}},
		{"noise in a kernel parameter", "N batch 1\nnoise\nm1\n.\n\nN batched 0\n", of("sysctl", "a"), []string{"!" + unclear}},
		{
			"packages", "N batch 1 2 3\ninstall ok installed\tamd64\t1\ta\ninstall ok installed\ti386\t2\ta\n\nN batched 0\n", of("package_dpkg", "a", "a:i386", "b"),
			[]string{"install ok installed\tamd64\t1\ninstall ok installed\ti386\t2\n", "install ok installed\ti386\t2\n", ""},
		},
		{"a list of packages that is none", "N batch 1\nwarning: a\n\nN batched 0\n", of("package_dpkg", "a"), []string{"!" + unclear}},
		{"no package at all", "N batch 1 2\n\nN batched 0\n", of("package_dpkg", "a", "b"), []string{unlisted, unlisted}},
		{"one that failed is asked alone", "N batch 1\nhalf\n\nN batched 1\nN 1 err permission denied\n", of("sum", "/a"), []string{"!permission denied"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			d, err := answered(t, c.asked, c.output+"N stage "+string('0'+rune(len(c.asked)))+"\n")
			require.NoError(t, err)
			var got []string
			for _, q := range c.asked {
				answer := d.answers[q]
				if answer.Err != "" {
					answer.Payload = "!" + answer.Err
				}
				got = append(got, answer.Payload)
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestBatchesMustFitTheQuestions(t *testing.T) {
	asked := []Question{{Op: "file", Arg: "/a"}, {Op: "file", Arg: "/b"}, {Op: "sum", Arg: "/a"}, {Op: "command", Arg: "x"}}
	const end = "\nN batched 0\n"
	for name, c := range map[string]struct{ output, want string }{
		"of two ops":              {"N batch 2 3\n" + oneStat + oneStat + end, "the answer makes no sense"},
		"backwards":               {"N batch 2 1\n" + oneStat + oneStat + end, "the answer makes no sense"},
		"twice in one":            {"N batch 1 1\n" + oneStat + oneStat + end, "the answer makes no sense"},
		"answered before":         {"N batch 1\n" + oneStat + end + "N batch 1\n" + oneStat + end, "a question was answered twice"},
		"answered afterwards":     {"N batch 1\n" + oneStat + end + "N 1 val self " + oneStat, "a question was answered twice"},
		"never asked":             {"N batch 5\n" + oneStat + end, "the answer makes no sense"},
		"of an op that has none":  {"N batch 4\nx\n" + end, "the answer makes no sense"},
		"no number":               {"N batch x\n" + oneStat + end, "the answer makes no sense"},
		"another end":             {"N batch 1\n" + oneStat + "N 1 end 0\n", "the answer makes no sense"},
		"more than may be":        {"N batch 1\n" + strings.Repeat(strings.Repeat("x", 1<<20)+"\n", 5) + end, "the answer makes no sense"},
		"failed, and never again": {"N batch 1 2 3 4\nN batched 2\n" + "N stage 4\n", "0 of 4 questions were answered"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := answered(t, asked, c.output)
			assert.EqualError(t, err, c.want)
		})
	}
}

// What a program cannot do for all files of a batch it is asked to do for each, so that only those are errors that are.
func TestAFileThatFailsABatchIsTheOnlyError(t *testing.T) {
	dir := t.TempDir()
	var items, want string
	for _, name := range []string{"a", "bad", "c"} {
		path := filepath.Join(dir, name)
		require.NoError(t, os.WriteFile(path, []byte("x\n"), 0o644))
		items += "    - {path: " + path + ", mode: \"0600\", content: \"x\\n\"}\n"
		if name != "bad" {
			want += "wrong_permissions " + path + ": 0600 → 0644;"
		}
	}
	for tool, says := range map[string]string{"sha256sum": "sha256sum could not read it", "stat": "stat failed, or the file changed while it was observed"} {
		real := need(t, tool)
		fails := `for file; do case $file in */bad) echo "` + tool + `: bad: strange" >&2; echo more >&2; exit 1 ;; esac; done; exec ` + real + ` "$@"`
		eachShell(t, func(t *testing.T, sh shell) {
			if sh.path != "" {
				t.Skip("its tools are BusyBox's")
			}
			r := check(t, withTool(t, sh, tool, fails), onePack(t, "  files:\n"+items, nil)).Results[0]
			assert.Equal(t, state.Unknown, r.Status)
			assert.Equal(t, []state.ItemError{{Kind: "file", Item: filepath.Join(dir, "bad"), Error: says}}, sourceless(t, r.Errors), tool)
			seen := strings.Join(brief(r.Mismatches), ";") + ";"
			if tool == "sha256sum" { // its mode was seen all the same
				assert.Contains(t, seen, "wrong_permissions "+filepath.Join(dir, "a"))
			} else {
				assert.Equal(t, want, seen)
			}
		})
	}
}

// Login files may leave something running that prints in the middle of what a program prints.
func TestWhatWasNotToldApartIsAskedForAgain(t *testing.T) {
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("x"), 0o644))
	f := onePack(t, "  files: [{path: "+file+", mode: \"0600\", content: y}]", nil)
	for noise, want := range map[string]string{
		"once":     `if ! [ -e ` + file + `.seen ]; then : >` + file + `.seen; echo noise; fi`,
		"for ever": "echo noise",
	} {
		sh := withTool(t, shells(t)[0], "sha256sum", want+`; exec `+need(t, "sha256sum")+` "$@"`)
		r := check(t, sh, f).Results[0]
		if noise == "once" {
			assert.Equal(t, state.Drifted, r.Status, "%v", r.Errors)
			assert.Len(t, r.Mismatches, 2)
			continue
		}
		assert.Equal(t, state.Unknown, r.Status)
		assert.Equal(t, []state.ItemError{{Kind: "file", Item: file, Error: errUnclear.Error()}}, sourceless(t, r.Errors))
	}
}
