package exporter

import (
	"encoding/json"
	"fmt"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// listOf reads a page of a list as the ids of its entries.
func listOf(t testing.TB, r *rig, path, list, id, query string) (ids []string, total int, next string) {
	t.Helper()
	separator := "?"
	if strings.Contains(path, "?") {
		separator = "&"
	}
	res, body := r.get(t, apiBase+path+separator+query)
	require.Equal(t, 200, res.StatusCode, body)
	var answer struct{ Data map[string]json.RawMessage }
	require.NoError(t, json.Unmarshal([]byte(body), &answer))
	var entries []map[string]any
	require.NoError(t, json.Unmarshal(answer.Data[list], &entries))
	for _, e := range entries {
		ids = append(ids, e[id].(string))
	}
	require.NoError(t, json.Unmarshal(answer.Data["total"], &total))
	if token := answer.Data["next_token"]; token != nil {
		require.NoError(t, json.Unmarshal(token, &next))
		require.NotEmpty(t, next)
	}
	return ids, total, next
}

// longLists gives the fixture lists of seven entries.
func longLists(r *rig, _ *Options) {
	key := state.Key{Machine: "web1", Pack: "base"}
	r.fakeState.runs, r.history[key] = nil, nil
	for i := range 7 {
		r.fleet.Packs = append(r.fleet.Packs, packOf(fmt.Sprintf("x%d", i), "", 0))
		// Ids with and without milliseconds: as text they are in another order than as times.
		when := at(12, 0, 0, 0).Add(-time.Duration(i) * 500 * time.Millisecond)
		r.fakeState.runs = append(r.fakeState.runs, state.Run{ID: state.RunID(when), Phase: state.RunDone, StartedAt: when})
		r.history[key] = append(r.history[key], state.Change{Verdict: state.Verdict{Status: state.Compliant, At: when, Run: state.RunID(when)}})
	}
}

// Following the tokens gives every entry of a list once, whatever the page size.
func TestPagesAreComplete(t *testing.T) {
	for path, of := range map[string]struct{ list, id string }{
		"/machines":                         {"machines", "machine"},
		"/pairs":                            {"pairs", "url"},
		"/pairs?sort=machine":               {"pairs", "url"},
		"/pairs?sort=-checked":              {"pairs", "url"},
		"/runs":                             {"runs", "id"},
		"/machines/web1/packs/base/history": {"changes", "checked_at"},
		"/packs":                            {"packs", "pack"},
		"/packs/web":                        {"entries", "source"},
	} {
		t.Run(path, func(t *testing.T) {
			r := newRig(t, longLists)
			whole, _, next := listOf(t, r, path, of.list, of.id, "")
			require.Greater(t, len(whole), 5)
			require.Empty(t, next)
			for limit := 1; limit <= len(whole)+1; limit++ {
				var listed []string
				for token := ""; ; {
					part, total, next := listOf(t, r, path, of.list, of.id, fmt.Sprintf("limit=%d&next_token=%s", limit, url.QueryEscape(token)))
					require.Equal(t, len(whole), total)
					require.LessOrEqual(t, len(part), limit)
					listed = append(listed, part...)
					if token = next; token == "" {
						break
					}
				}
				require.Equal(t, whole, listed, "limit %d", limit)
			}
		})
	}
}

// What a token stands for may be gone by the time that it is used.
func TestTokensOfWhatIsGone(t *testing.T) {
	r := newRig(t, longLists)
	for _, path := range []string{"/runs", "/machines/web1/packs/base/history"} {
		for token, tc := range map[string]struct {
			entries int
			about   string
		}{
			"2026-01-29T11:59:58.75Z":       {4, "between two entries"},
			"2026-01-29T12:59:58.5%2B01:00": {3, "of another time zone"},
			"2030-01-01T00:00:00Z":          {7, "newer than all"},
			"2020-01-01T00:00:00Z":          {0, "older than all"},
		} {
			_, body := r.get(t, apiBase+path+"?next_token="+token)
			var answer struct {
				Data struct{ Runs, Changes []any }
			}
			require.NoError(t, json.Unmarshal([]byte(body), &answer))
			assert.Len(t, append(answer.Data.Runs, answer.Data.Changes...), tc.entries, "%s: %s", path, tc.about)
		}
		res, body := r.get(t, apiBase+path+"?next_token=web1")
		assert.Equal(t, 400, res.StatusCode)
		assert.Contains(t, body, `next_token \"web1\" must be that of an earlier page, a time such as 2026-01-29T06:00:00Z`)
	}
	listed, total, next := machinesOf(t, r, "next_token=web")
	assert.Equal(t, []string{"web1: base web"}, listed)
	assert.Equal(t, 6, total)
	assert.Empty(t, next)
	listed, _, _ = machinesOf(t, r, "next_token=%FF")
	assert.Empty(t, listed)
	entries, total, next := listOf(t, r, "/packs/web", "entries", "source", "next_token=99")
	assert.Empty(t, entries, "a pack that has become shorter")
	assert.Equal(t, 20, total)
	assert.Empty(t, next)
}
