package exporter

import (
	"fmt"
	"html/template"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

const twoHunks = "--- expected\n+++ actual\n@@ -9,3 +9,4 @@ func\n a\n-old one\n+comment\n+old two\n b\n@@ -40 +41 @@\n-x\n\\ No newline at end of file\n+y\n"

func TestLinesOfADiffAreNumberedOnBothSides(t *testing.T) {
	var got []string
	for _, l := range newDiffBudget().view(twoHunks, false).Lines {
		got = append(got, fmt.Sprintf("%s %d %d %s", l.Class, l.Old, l.New, drawn(l.Parts)))
	}
	assert.Equal(t, []string{
		"head 0 0 --- expected", "head 0 0 +++ actual", "hunk 0 0 @@ -9,3 +9,4 @@ func",
		"same 9 9  a", "del 10 0 -old [one]", "add 0 10 +comment", "add 0 11 +old [two]", "same 11 12  b",
		"hunk 0 0 @@ -40 +41 @@", "del 40 0 -x", `note 0 0 \ No newline at end of file`, "add 0 41 +y",
	}, got)
}

func TestDiffSideBySide(t *testing.T) {
	side := func(lines []diffLine) string {
		var all []string
		for _, l := range lines {
			all = append(all, fmt.Sprintf("%d%d%s", l.Old, l.New, drawn(l.Parts)))
		}
		return strings.Join(all, "/")
	}
	var got []string
	for _, r := range newDiffBudget().view(twoHunks, true).Rows {
		if r.Wide != nil {
			got = append(got, drawn(r.Wide.Parts))
			continue
		}
		got = append(got, side(r.Left)+" | "+side(r.Right))
	}
	assert.Equal(t, []string{
		"--- expected", "+++ actual", "@@ -9,3 +9,4 @@ func",
		"90 a | 09 a",
		" | 010+comment",
		"100-old [one] | 011+old [two]",
		"110 b | 012 b",
		"@@ -40 +41 @@",
		`400-x/00\ No newline at end of file | 041+y`,
	}, got, "lines that are alike stand beside each other")
}

func TestStrangeDiffsAreShownWithoutNumbers(t *testing.T) {
	for name, diff := range map[string]string{
		"no head of a hunk":  "@@\n-a\n+b\n c\n",
		"no numbers":         "@@ -x +y @@\n-a\n+b\n",
		"numbers too large":  "@@ -99999999999999999999,1 +1,1 @@\n-a\n+b\n",
		"only a head":        "-a\n+b\n",
		"the rest left out":  "@@ no @@\n-a\n… the rest of the diff is left out",
		"nothing but a note": "@@ @@\n\\ No newline\n\\ No newline\n",
	} {
		t.Run(name, func(t *testing.T) {
			for _, l := range newDiffBudget().view(diff, false).Lines {
				assert.Zero(t, l.Old+l.New)
			}
			assert.NotEmpty(t, newDiffBudget().view(diff, true).Rows)
		})
	}
}

func TestLongDiffsAreFolded(t *testing.T) {
	v := newDiffBudget().view("@@ -1,9 +1,9 @@\n"+strings.Repeat(" a\n", foldAfter+foldAtLeast-2), false)
	assert.Len(t, v.Lines, foldAfter+foldAtLeast-1, "too few lines to be worth it")
	assert.Empty(t, v.MoreLines)
	v = newDiffBudget().view("@@ -1,9 +1,9 @@\n"+strings.Repeat(" a\n", 500), false)
	assert.Len(t, v.Lines, foldAfter)
	assert.Len(t, v.MoreLines, 501-foldAfter)
	assert.Equal(t, 500, v.MoreLines[500-foldAfter].Old, "the numbers go on")
}

// A page has bounds, however many diffs a machine makes it show; what it leaves out it says.
func TestDiffsOfAPageHaveBounds(t *testing.T) {
	b := newDiffBudget()
	diff := "@@ -1,9 +1,9 @@\n" + strings.Repeat("-\ta \n+\tb \n", 1000)
	shown, leftOut, marked := 0, 0, 0
	for range 5 {
		v := b.view(diff, false)
		shown += len(v.Lines) + len(v.MoreLines)
		leftOut += v.LeftOut
		for _, l := range append(v.Lines, v.MoreLines...) {
			for _, p := range l.Parts {
				if p.Class != "" || p.Changed {
					marked++
				}
			}
		}
	}
	assert.Equal(t, maxDiffLines, shown)
	assert.Equal(t, 5*2001-maxDiffLines, leftOut)
	assert.LessOrEqual(t, marked, maxDiffParts)
	assert.Positive(t, marked)
}

// What is shown of a diff is the diff, made visible: by lines in one text, side by side with each line on its side.
func FuzzDiffIsShownWhole(f *testing.F) {
	e, err := New(Options{View: newFakeState(), Store: newFakeState(), Runs: &fakeRuns{}, Fleet: always(nil), Gatherer: prometheus.NewRegistry(), Registerer: prometheus.NewRegistry()})
	require.NoError(f, err)
	render := func(t *testing.T, v *diffView) *html.Node {
		var out strings.Builder
		require.NoError(t, template.Must(e.pages["pair"].Clone()).ExecuteTemplate(&out, "diff", v))
		requireWellFormed(t, out.String())
		root, err := html.Parse(strings.NewReader(out.String()))
		require.NoError(t, err)
		return root
	}
	f.Add(twoHunks)
	f.Add("\n\n@@\n-<b>&amp;\r \t\n+</pre></span>\xff\u202e\n\\ x")
	f.Add("@@ -1,2 +1,2 @@\n-a\n-b\n+b\n\\ note\n+c\n-d\n" + strings.Repeat("+x\t\n", 50))
	f.Fuzz(func(t *testing.T, diff string) {
		if strings.Count(diff, "\n") >= maxDiffLines {
			return
		}
		lines := strings.Split(strings.TrimSuffix(visible(diff), "\n"), "\n")
		if diff == "" {
			lines = nil
		}
		var whole string
		document{root: render(t, newDiffBudget().view(diff, false))}.each("pre", func(n *html.Node) { whole += textOf(n) })
		if diff == "" {
			require.Empty(t, whole)
		} else {
			require.Equal(t, strings.Join(lines, "\n")+"\n", whole)
		}

		var left, right []string
		for _, r := range append(newDiffBudget().view(diff, true).Rows, newDiffBudget().view(diff, true).MoreRows...) {
			if r.Wide != nil {
				left, right = append(left, said(*r.Wide)), append(right, said(*r.Wide))
			}
			for _, l := range r.Left {
				left = append(left, said(l))
			}
			for _, l := range r.Right {
				right = append(right, said(l))
			}
		}
		require.Equal(t, sideOf(diff, "add"), left)
		require.Equal(t, sideOf(diff, "del"), right)
		render(t, newDiffBudget().view(diff, true))
	})
}

func said(l diffLine) string {
	var b strings.Builder
	for _, p := range l.Parts {
		b.WriteString(p.Text)
	}
	return b.String()
}

// sideOf is the lines of a diff without those of a class, and without the notes that belong to those.
func sideOf(diff, without string) []string {
	var out []string
	last := ""
	for _, l := range parseDiff(diff) {
		if l.Class != "note" {
			last = l.Class
		}
		if l.Class == without || l.Class == "note" && last == without {
			continue
		}
		out = append(out, visible(l.text))
	}
	return out
}

// The worst that fits into the store: lines as long as can be, of which most is alike.
func BenchmarkWorstDiffs(b *testing.B) {
	for name, line := range map[string]string{
		"short lines":  "a b",
		"words":        strings.Repeat("ab cd ", 600),
		"single signs": strings.Repeat("<", 4000),
		"tabs":         strings.Repeat("a\t", 2000),
	} {
		var diff strings.Builder
		diff.WriteString("@@ -1,9 +1,9 @@\n")
		for i := 0; diff.Len()+2*len(line) < 256<<10; i++ {
			fmt.Fprintf(&diff, "-%s %d\n", line, i)
		}
		for i := 0; diff.Len()+len(line) < 256<<10; i++ {
			fmt.Fprintf(&diff, "+%s x%d\n", line, i)
		}
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				newDiffBudget().view(diff.String(), true)
			}
		})
	}
}
