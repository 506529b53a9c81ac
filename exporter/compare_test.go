package exporter

import (
	"encoding/json"
	"fmt"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// found is a change whose check found these.
func found(mismatches ...state.Mismatch) *state.Change {
	return &state.Change{Verdict: state.Verdict{Status: state.Drifted, Mismatches: len(mismatches)}, Mismatches: mismatches}
}

// difference is a mismatch of a file, written "type item expected actual".
func difference(s string) state.Mismatch {
	f := strings.Fields(s)
	return state.Mismatch{Type: f[0], Kind: "file", Item: f[1], Expected: f[2], Actual: f[3]}
}

// told is a comparison in short.
func told(c comparison) []string {
	out := []string{}
	say := func(what string, list []state.Mismatch) {
		for _, m := range list {
			out = append(out, fmt.Sprintf("%s %s %s", what, m.Item, m.Actual))
		}
	}
	say("appeared", c.Appeared)
	say("went", c.Went)
	for _, ch := range c.Changed {
		out = append(out, fmt.Sprintf("changed %s %s %s %s", ch.To.Item, ch.From.Actual, ch.To.Type, ch.To.Actual))
	}
	say("stayed", c.Stayed)
	return out
}

func TestComparisonOfTwoChecks(t *testing.T) {
	mode, mode2, owner := difference("wrong_permissions /a 0600 0644"), difference("wrong_permissions /a 0600 0666"), difference("wrong_owner /a root bob")
	other := difference("wrong_permissions /b 0600 0644")
	long := strings.Repeat("x", 200)
	for name, tc := range map[string]struct {
		from, to *state.Change
		want     []string
	}{
		"nothing ever":                 {nil, nil, []string{}},
		"the first check":              {nil, found(mode), []string{"appeared /a 0644"}},
		"all is well again":            {found(other, mode), found(), []string{"went /a 0644", "went /b 0644"}},
		"nothing changed":              {found(mode, other), found(other, mode), []string{"stayed /a 0644", "stayed /b 0644"}},
		"another actual value":         {found(mode), found(mode2), []string{"changed /a 0644 wrong_permissions 0666"}},
		"another type":                 {found(mode), found(difference("missing_file /a file absent")), []string{"changed /a 0644 missing_file absent"}},
		"one of two of an item":        {found(mode, owner), found(owner, mode2), []string{"changed /a 0644 wrong_permissions 0666", "stayed /a bob"}},
		"one of two of an item went":   {found(mode, owner), found(owner), []string{"went /a 0644", "stayed /a bob"}},
		"one more of an item":          {found(mode), found(owner, mode), []string{"appeared /a bob", "stayed /a 0644"}},
		"another item":                 {found(mode), found(other), []string{"appeared /b 0644", "went /a 0644"}},
		"the same twice":               {found(mode, mode), found(mode), []string{"went /a 0644", "stayed /a 0644"}},
		"a value that is cut in one":   {found(difference("wrong_content /a y " + long + "zz")), found(difference("wrong_content /a y " + long + "…")), []string{"stayed /a " + long + "…"}},
		"a value that ends with three": {found(difference("wrong_content /a y on…")), found(difference("wrong_content /a y only")), []string{"changed /a on… wrong_content only"}},
	} {
		t.Run(name, func(t *testing.T) {
			c := compareChanges(tc.from, tc.to)
			assert.Equal(t, tc.want, told(c))
			assert.False(t, c.Incomplete)
			assert.Equal(t, !strings.Contains(strings.Join(tc.want, " "), "appeared") && !strings.Contains(strings.Join(tc.want, " "), "went") &&
				!strings.Contains(strings.Join(tc.want, " "), "changed"), c.same())
		})
	}
	t.Run("an item of the same name and another kind is another", func(t *testing.T) {
		sysctl := mode
		sysctl.Kind = "sysctl"
		assert.Equal(t, []string{"appeared /a 0644", "went /a 0644"}, told(compareChanges(found(mode), found(sysctl))))
	})
	t.Run("where the pack demands it, and its diff, are no difference", func(t *testing.T) {
		moved := mode
		moved.Source, moved.Diff = "packs/base.yaml:99", "@@"
		assert.Equal(t, []string{"stayed /a 0644"}, told(compareChanges(found(mode), found(moved))))
	})
}

func TestComparisonSaysWhenNotEverythingIsStored(t *testing.T) {
	cut := found(difference("wrong_permissions /a 0600 0644"))
	cut.Verdict.Mismatches = 900
	assert.True(t, compareChanges(cut, found()).Incomplete)
	assert.True(t, compareChanges(nil, cut).Incomplete)
}

func TestComparisonLeavesTheStoredChangesAlone(t *testing.T) {
	from := found(difference("wrong_permissions /b 0600 0644"), difference("wrong_permissions /a 0600 0644"))
	to := found(difference("wrong_permissions /b 0600 0644"), difference("wrong_permissions /a 0600 0666"))
	from.Mismatches[0].Sensitive, from.Mismatches[0].Diff = true, "@@ -1 +1 @@\n-hunter2\n"
	before, err := json.Marshal([]*state.Change{from, to})
	require.NoError(t, err)
	compared, err := json.Marshal(compareChanges(from, to))
	require.NoError(t, err)
	assert.NotContains(t, string(compared), "hunter2", "nothing sensitive leaves")
	after, err := json.Marshal([]*state.Change{from, to})
	require.NoError(t, err)
	assert.Equal(t, string(before), string(after))
}

func TestComparisonAsJSONHasNoNull(t *testing.T) {
	text, err := json.Marshal(compareChanges(nil, nil))
	require.NoError(t, err)
	assert.JSONEq(t, `{"appeared":[],"gone":[],"changed":[],"stayed":[]}`, string(text))
}

func TestVerdictAtATime(t *testing.T) {
	changes := []state.Change{
		{Verdict: state.Verdict{At: at(8, 0, 0, 0), Mismatches: 2}},
		{Verdict: state.Verdict{At: at(7, 0, 0, 0).Add(120456789), Mismatches: 1}},
	}
	for asked, want := range map[string]int{
		"2026-01-29T06:59:59Z":       -1,
		"2026-01-29T07:00:00Z":       1, // the whole second
		"2026-01-29T07:00:00.119Z":   -1,
		"2026-01-29T07:00:00.12Z":    1, // as the API rounds it
		"2026-01-29T08:30:00+01:00":  1,
		"2026-01-29T08:00:00.000Z":   2,
		"2027-01-01T00:00:00-05:00":  2,
		"2026-01-29T07:59:59.99999Z": 1,
	} {
		t.Run(asked, func(t *testing.T) {
			when, err := checkTime(asked)
			require.NoError(t, err)
			c, ok := verdictAt(changes, when)
			require.Equal(t, want > 0, ok)
			if ok {
				assert.Equal(t, want, c.Verdict.Mismatches)
			}
		})
	}
	for _, bad := range []string{"", "yesterday", "2026-01-29", "2026-01-29 07:00:00", "1769670000", "\xff<b>"} {
		_, err := checkTime(bad)
		require.Error(t, err, bad)
		assert.Equal(t, 400, asHTTP(err).status)
	}
	_, err := checkTime(time.Now().Format(time.RFC3339Nano))
	require.NoError(t, err)
}
