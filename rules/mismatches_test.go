package rules

import (
	"fmt"
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestMismatchLines(t *testing.T) {
	long := strings.Repeat("ä", 300)
	for name, test := range map[string]struct {
		mismatches []state.Mismatch
		want       string
	}{
		"none": {nil, ""},
		"type, item, expected and actual": {
			[]state.Mismatch{{Type: "wrong_permissions", Item: "/etc/a", Expected: "0600", Actual: "0644"}},
			"wrong_permissions /etc/a: 0600 → 0644"},
		"one line each": {
			[]state.Mismatch{{Type: "missing_file", Item: "/a"}, {Type: "missing_file", Item: "/b"}},
			"missing_file /a\nmissing_file /b"},
		"an empty value shows": {
			[]state.Mismatch{{Type: "wrong_setting", Item: "EDITOR", Expected: "vim"}}, `wrong_setting EDITOR: vim → ""`},
		"sensitive ones show no value": {
			[]state.Mismatch{{Type: "wrong_content", Item: "/etc/key", Expected: "aaa", Actual: "bbb", Sensitive: true}},
			"wrong_content /etc/key"},
		"hashes of contents are shortened": {
			[]state.Mismatch{{Type: "wrong_content", Item: "/etc/a",
				Expected: "sha256:" + strings.Repeat("0123456789abcdef", 4), Actual: "sha256:" + strings.Repeat("f", 64) + "0"}},
			"wrong_content /etc/a: sha256:0123456789ab… → sha256:" + strings.Repeat("f", 64) + "0"},
		"what is not printable is escaped": {
			[]state.Mismatch{{Type: "wrong_setting", Item: "a\nb\x00\u202e", Expected: "\xff\x1b[1m", Actual: "tab\there “ok” 日本"}},
			`wrong_setting a\nb\x00\u202e: \xff\x1b[1m → tab\there “ok” 日本`},
		"long parts are cut between runes": {
			[]state.Mismatch{{Type: "wrong_setting", Item: long, Expected: long, Actual: "x"}},
			"wrong_setting " + strings.Repeat("ä", 98) + "…: " + strings.Repeat("ä", 48) + "… → x"},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, test.want, mismatchLines(test.mismatches))
		})
	}
}

func TestMismatchLinesListTheFirstTen(t *testing.T) {
	var ten strings.Builder
	mismatches := make([]state.Mismatch, 0, 12)
	for i := range 12 {
		mismatches = append(mismatches, state.Mismatch{Type: "missing_file", Item: fmt.Sprintf("/%d", i)})
		if i < 10 {
			fmt.Fprintf(&ten, "\nmissing_file /%d", i)
		}
	}
	want := ten.String()[1:]
	assert.Equal(t, want, mismatchLines(mismatches[:10]))
	assert.Equal(t, want+"\n… and 1 more", mismatchLines(mismatches[:11]))
	assert.Equal(t, want+"\n… and 2 more", mismatchLines(mismatches))
}

func TestMismatchLinesEndAtAKibibyte(t *testing.T) {
	item := strings.Repeat("x", 156)
	mismatches := make([]state.Mismatch, 8)
	for i := range mismatches {
		mismatches[i] = state.Mismatch{Type: "missing_file", Item: item}
	}
	line := "missing_file " + item + "\n" // 170 bytes: six fit, but not with a line that says how many more there are
	assert.Equal(t, strings.Repeat(line, 5)+"… and 3 more", mismatchLines(mismatches))
	assert.Equal(t, strings.TrimSpace(strings.Repeat(line, 6)), mismatchLines(mismatches[:6]))
}

func FuzzMismatchLines(f *testing.F) {
	f.Add("wrong_content", "/etc/motd", "aa", "bb", 3)
	f.Add("wrong_setting", strings.Repeat("\xff", 300), strings.Repeat("\n", 300), strings.Repeat("日", 300), 40)
	f.Add("", "", "", "", 1)
	f.Fuzz(func(t *testing.T, typ, item, expected, actual string, n int) {
		mismatches := make([]state.Mismatch, min(max(n, 1), 50))
		for i := range mismatches {
			mismatches[i] = state.Mismatch{Type: typ, Item: item, Expected: expected, Actual: actual}
		}
		text := mismatchLines(mismatches)
		assert.LessOrEqual(t, len(text), maxText)
		assert.True(t, utf8.ValidString(text))
		lines := strings.Split(text, "\n")
		shown, hidden := len(lines), 0
		if _, err := fmt.Sscanf(lines[len(lines)-1], "… and %d more", &hidden); err == nil {
			shown--
		}
		if !strings.Contains(typ+item+expected+actual, "…") {
			assert.Equal(t, len(mismatches), shown+hidden, "every mismatch is shown or counted")
		}
		assert.GreaterOrEqual(t, shown, 1)
		assert.LessOrEqual(t, shown, maxLines)
		for _, r := range text {
			assert.True(t, r == '\n' || unicode.IsPrint(r), "%q", r)
		}
	})
}
