package exporter

import (
	"net/url"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestHistoryIsCompared(t *testing.T) {
	r := newRig(t, nil)
	history := compoundHistory()
	r.history[state.Key{Machine: "web1", Pack: "base"}] = history
	newer, older := history[0].Verdict.At.Format("2006-01-02T15:04:05Z"), history[1].Verdict.At.Format("2006-01-02T15:04:05Z")
	for name, tc := range map[string]struct {
		from, to string
		same     bool
	}{
		"two checks":                        {older, newer, false},
		"the last one, if no other is said": {older, "", false},
		"the one before, if none is said":   {"", newer, false},
		"the verdict that stood at a time":  {"2026-01-28T18:30:00.5Z", "2026-02-01T00:00:00+01:00", false},
		"one check with itself":             {newer, newer, true},
	} {
		t.Run(name, func(t *testing.T) {
			c := dataOf[changeList](t, r, "/machines/web1/packs/base/history?"+url.Values{"from": {tc.from}, "to": {tc.to}}.Encode()).Comparison
			require.NotNil(t, c)
			assert.Equal(t, history[0].Verdict.At, c.To.CheckedAt)
			assert.Equal(t, tc.same, c.same())
			if tc.same {
				return
			}
			assert.Equal(t, history[1].Verdict.At, c.From.CheckedAt)
			assert.Equal(t, "/appeared", c.Appeared[0].Item)
			assert.Equal(t, "/gone", c.Went[0].Item)
			assert.Equal(t, "/stayed", c.Stayed[0].Item)
			require.Len(t, c.Changed, 1)
			assert.Equal(t, "0644", c.Changed[0].From.Actual)
			assert.Equal(t, "0666", c.Changed[0].To.Actual)
			assert.True(t, c.Incomplete, "of four mismatches three are stored")
		})
	}
	assert.Nil(t, dataOf[changeList](t, r, "/machines/web1/packs/base/history").Comparison, "it was not asked for")
}

func TestHistoryThatCannotBeCompared(t *testing.T) {
	r := newRig(t, nil)
	r.history[state.Key{Machine: "web1", Pack: "base"}] = compoundHistory()
	for query, tc := range map[string]struct {
		status int
		want   string
	}{
		"web1/packs/base/history?from=2020-01-01T00:00:00Z": {404, "from: the history does not reach back to 2020-01-01T00:00:00Z"},
		"web1/packs/base/history?to=2026-01-28T06:00:00Z":   {404, "the history has no check that is older than the one to compare"},
		"new1/packs/base/history?from=2026-01-28T06:00:00Z": {404, "the history has no check yet"},
		"web1/packs/base/history?from=yesterday":            {400, "from \"yesterday\" is not the time of a check"},
		"web1/packs/base/history?to=%00":                    {400, `to "\x00" is not the time of a check`},
	} {
		res, body := r.get(t, apiBase+"/machines/"+query)
		assert.Equal(t, tc.status, res.StatusCode, query)
		message := fields(body).(map[string]any)["error"]
		assert.Contains(t, message, tc.want)
	}
}
