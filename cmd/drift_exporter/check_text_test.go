package main

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// result is one of a pack with so many items; its status follows from what is added to it.
func result(machine, pack string, items int, change func(*state.Result)) state.Result {
	r := state.Result{Key: state.Key{Machine: machine, Pack: pack}, Status: state.Compliant, Items: items}
	if change != nil {
		change(&r)
	}
	switch {
	case len(r.Errors) > 0 || r.Failure != nil:
		r.Status = state.Unknown
	case len(r.Mismatches) > 0:
		r.Status = state.Drifted
	}
	return r
}

const sampleDiff = "--- expected\n+++ actual\n@@ -1,2 +1,2 @@\n listen 80\n--- a removed line\n+++ an added line\n"

// sample is a fleet that has everything in it that text can show.
func sample() []checker.Outcome {
	facts := state.Facts{OS: "debian", Version: "12", Name: "Debian GNU/Linux 12 (bookworm)", Arch: "x86_64"}
	refused := &state.Failure{Reason: state.ReasonConnect, Message: "connection refused"}
	unreadable := &state.Failure{Reason: state.ReasonUnreadable, Message: "1 of 2 items could not be observed"}
	return []checker.Outcome{
		{Machine: "app1", Results: []state.Result{result("app1", "base", 12, nil), result("app1", "web", 8, nil)}},
		{Machine: "backup", Failure: refused, Results: []state.Result{result("backup", "base", 0, func(r *state.Result) { r.Failure = refused })}},
		{Machine: "cache-of-mirrors", Results: []state.Result{result("cache-of-mirrors", "base", 1, nil)}},
		{Machine: "db1", Failure: unreadable, Facts: facts, Results: []state.Result{result("db1", "base", 2, func(r *state.Result) {
			r.Mismatches = []state.Mismatch{{Type: "wrong_owner", Kind: "file", Item: "/etc/issue", Expected: "root", Actual: "drift", Source: "packs/base.yaml:7"}}
			r.Errors, r.Failure = []state.ItemError{{Kind: "file", Item: "/etc/shadow", Error: "permission denied", Source: "packs/base.yaml:21"}}, unreadable
		})}},
		{Machine: "mail", Facts: state.Facts{OS: "alpine", Version: "3.20"}, Results: []state.Result{result("mail", "base", 3, func(r *state.Result) {
			r.Waived = []state.Mismatch{{Type: "missing_package", Kind: "package", Item: "exim", Expected: "installed", Actual: "absent", Source: "packs/base.yaml:9", Waiver: "moves in March"}}
		})}},
		{Machine: "web1", Facts: facts, Results: []state.Result{result("web1", "base", 12, nil), result("web1", "web", 8, func(r *state.Result) {
			r.Mismatches = []state.Mismatch{
				{Type: "wrong_permissions", Kind: "file", Item: "/etc/ssh/sshd_config", Expected: "0600", Actual: "0644", Source: "packs/web.yaml:9"},
				{Type: "wrong_content", Kind: "file", Item: "/etc/nginx/nginx.conf", Expected: "sha256:" + strings.Repeat("1", 64), Actual: "sha256:" + strings.Repeat("2", 64), Source: "packs/web.yaml:12", Diff: sampleDiff},
				{Type: "wrong_setting", Kind: "env_var", Item: "EDITOR", Expected: "vim", Actual: "", Source: "packs/web.yaml:14"},
			}
		})}},
	}
}

func textOf(t testing.TB, outcomes []checker.Outcome, o textOptions) string {
	t.Helper()
	var out strings.Builder
	o.displayName = func(machine string) string {
		if machine == "web1" {
			return "Web 1"
		}
		return machine
	}
	require.NoError(t, printText(&out, outcomes, o))
	return out.String()
}

const sampleText = `app1              compliant  20 items in base, web
cache-of-mirrors  compliant  1 item in base

db1  unknown  Debian GNU/Linux 12 (bookworm), x86_64
  base  unknown  1 mismatch, 1 error in 2 items
    wrong_owner  file /etc/issue   expected root, actual drift  packs/base.yaml:7
    error        file /etc/shadow  permission denied            packs/base.yaml:21

mail  compliant  alpine 3.20
  base  compliant  1 waived in 3 items
    waived  package exim  missing_package, expected installed, actual absent (moves in March)  packs/base.yaml:9

web1  drifted  Web 1, Debian GNU/Linux 12 (bookworm), x86_64
  base  compliant  12 items
  web   drifted    3 mismatches in 8 items
    wrong_permissions  file /etc/ssh/sshd_config   expected 0600, actual 0644  packs/web.yaml:9
    wrong_content      file /etc/nginx/nginx.conf  packs/web.yaml:12
      expected sha256:111111111111…
      actual   sha256:222222222222…
    wrong_setting      env_var EDITOR              expected vim, actual ""     packs/web.yaml:14

backup  unknown  connect: connection refused

6 machines: 3 compliant, 1 drifted, 2 unknown
8 packs:    5 compliant, 1 drifted, 2 unknown (4 mismatches, 1 error, 1 waived)
`

func TestTextEndsWithWhatMatters(t *testing.T) {
	assert.Equal(t, sampleText, textOf(t, sample(), textOptions{width: 120}))
}

func TestTextOnANarrowTerminal(t *testing.T) {
	assert.Contains(t, textOf(t, sample(), textOptions{width: 60}), `
    wrong_permissions  file /etc/ssh/sshd_config  packs/web.yaml:9
      expected 0600
      actual   0644
`)
}

func TestTextThatIsTooLongForAColumnPushesNoOtherAside(t *testing.T) {
	long := "/" + strings.Repeat("x", 60)
	outcomes := []checker.Outcome{{Machine: "m", Results: []state.Result{result("m", "p", 2, func(r *state.Result) {
		r.Mismatches = []state.Mismatch{
			{Type: "missing_file", Kind: "file", Item: long, Expected: "file", Actual: "absent", Source: "p.yaml:1"},
			{Type: "missing_file", Kind: "file", Item: "/a", Expected: "file", Actual: "absent", Source: "p.yaml:2"},
		}
	})}}}
	assert.Contains(t, textOf(t, outcomes, textOptions{width: 120}), `
    missing_file  file `+long+`  p.yaml:1
      expected file
      actual   absent
    missing_file  file /a  expected file, actual absent  p.yaml:2
`)
}

func TestTextWithDiffs(t *testing.T) {
	assert.Contains(t, textOf(t, sample(), textOptions{width: 120, diffs: true}), `
    wrong_content      file /etc/nginx/nginx.conf  packs/web.yaml:12
      --- expected
      +++ actual
      @@ -1,2 +1,2 @@
       listen 80
      --- a removed line
      +++ an added line
    wrong_setting `)
}

func TestAHashSaysWhyItHasNoDiffWhereDiffsAreWanted(t *testing.T) {
	hashes := func(sensitive bool) []checker.Outcome {
		return []checker.Outcome{{Machine: "web1", Results: []state.Result{result("web1", "web", 1, func(r *state.Result) {
			r.Mismatches = []state.Mismatch{{
				Type: "wrong_content", Kind: "file", Item: "/etc/key", Sensitive: sensitive,
				Expected: "sha256:" + strings.Repeat("1", 64), Actual: "sha256:" + strings.Repeat("2", 64),
			}}
		})}}}
	}
	const line, why = "expected sha256:111111111111…, actual sha256:222222222222…", "(sensitive: no content shown)"
	assert.Contains(t, textOf(t, hashes(true), textOptions{width: 200, diffs: true}), line+" "+why+"\n")
	assert.Contains(t, textOf(t, hashes(true), textOptions{width: 60, diffs: true}), "actual   sha256:222222222222…\n      "+why+"\n")
	assert.NotContains(t, textOf(t, hashes(true), textOptions{width: 200}), why, "none was asked for")
	assert.NotContains(t, textOf(t, hashes(false), textOptions{width: 200, diffs: true}), why)
}

func TestQuietTextHasNoMachinesThatComply(t *testing.T) {
	_, rest, _ := strings.Cut(sampleText, "\n\n")
	start, end := strings.Index(rest, "mail  "), strings.Index(rest, "web1  ")
	assert.Equal(t, rest[:start]+rest[end:], textOf(t, sample(), textOptions{width: 120, quiet: true}))

	all := sample()[:1]
	assert.Equal(t, "1 machine: 1 compliant, 0 drifted, 0 unknown\n2 packs:   2 compliant, 0 drifted, 0 unknown\n",
		textOf(t, all, textOptions{quiet: true}))
}

func TestTextOfAnInterruptedCheckSaysHowManyWereNotChecked(t *testing.T) {
	assert.Regexp(t, `\n8 packs: .*\ninterrupted: 3 machines not checked\n$`, textOf(t, sample(), textOptions{width: 120, notChecked: 3}))
}

// sgr is what the palette writes; nothing else may control the terminal.
var sgr = regexp.MustCompile(`\x1b\[(?:[0-2]|3[1236])m`)

func TestColouredText(t *testing.T) {
	text := textOf(t, sample(), textOptions{width: 120, diffs: true, palette: palette{on: true}})
	for what, want := range map[string]string{
		"what complies":           "\x1b[1mapp1            \x1b[0m  \x1b[32mcompliant\x1b[0m  20 items",
		"what drifted":            "\x1b[1mweb1\x1b[0m  \x1b[31mdrifted\x1b[0m  \x1b[2mWeb 1, Debian",
		"what is unknown":         "\x1b[1mbackup\x1b[0m  \x1b[33munknown\x1b[0m  connect",
		"a diff's heading":        "\n      \x1b[1m--- expected\x1b[0m\n      \x1b[1m+++ actual\x1b[0m\n",
		"a hunk":                  "\n      \x1b[36m@@ -1,2 +1,2 @@\x1b[0m\n       listen 80\n",
		"a line like a heading":   "\n      \x1b[31m--- a removed line\x1b[0m\n      \x1b[32m+++ an added line\x1b[0m\n",
		"the summary":             "\n6 machines: \x1b[32m3 compliant\x1b[0m, \x1b[31m1 drifted\x1b[0m, \x1b[33m2 unknown\x1b[0m\n",
		"where it is demanded":    "actual 0644  \x1b[2mpacks/web.yaml:9\x1b[0m\n",
		"an item without verdict": "\x1b[33merror\x1b[0m        file /etc/shadow",
	} {
		assert.Contains(t, text, want, what)
	}
	assert.Equal(t, textOf(t, sample(), textOptions{width: 120, diffs: true}), sgr.ReplaceAllString(text, ""), "colours are all that they add")
}

func TestTextThatCannotBeWrittenIsAnError(t *testing.T) {
	require.ErrorIs(t, printText(fullDisk{}, sample(), textOptions{displayName: func(m string) string { return m }}), errFull)
}

var errFull = errors.New("no space left on device")

type fullDisk struct{}

func (fullDisk) Write([]byte) (int, error) { return 0, errFull }

func FuzzTextNeverControlsTheTerminal(f *testing.F) {
	for _, seed := range []string{"\x1b[2J", "\x1b]0;title\a", "a\rb", "a\nb", "\u202e", "\xff", "\x9b2J", "x\x00", "\x1b[0m", "\u2028", "@@\n-\x1b"} {
		f.Add(seed, 80)
	}
	f.Fuzz(func(t *testing.T, s string, width int) {
		m := state.Mismatch{Type: "wrong_content", Kind: "file", Item: s, Expected: s, Actual: s, Source: s, Diff: s, Waiver: s}
		failure := &state.Failure{Reason: state.ReasonInternal, Message: s}
		outcomes := []checker.Outcome{
			{Machine: "m", Facts: state.Facts{Name: s, OS: s, Arch: s}, Results: []state.Result{result("m", "p", 1, func(r *state.Result) {
				r.Mismatches, r.Waived, r.Errors = []state.Mismatch{m}, []state.Mismatch{m}, []state.ItemError{{Kind: "file", Item: s, Error: s, Source: s}}
			})}},
			{Machine: "n", Failure: failure},
		}
		text := textOf(t, outcomes, textOptions{palette: palette{on: true}, width: width % 1000, diffs: true})
		for _, r := range strings.ReplaceAll(sgr.ReplaceAllString(text, ""), "\n", "") {
			if !strconv.IsPrint(r) {
				t.Fatalf("%q printed %q", s, text)
			}
		}
		if lines := strings.Count(text, "\n"); lines > 30+strings.Count(s, "\n") {
			t.Errorf("%q broke lines: %q", s, text)
		}
	})
}
