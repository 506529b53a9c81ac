package exporter

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// rowsOf lists pairs as "machine/pack standing".
func rowsOf(t testing.TB, r *rig, query string) (rows []string) {
	t.Helper()
	list := dataOf[pairList](t, r, "/pairs?"+query)
	for _, p := range list.Pairs {
		rows = append(rows, p.Machine+"/"+p.Pack+" "+string(p.Standing))
	}
	assert.Len(t, rows, list.Total, query)
	return rows
}

func TestPairsAreListedInTheOrderAskedFor(t *testing.T) {
	r := newRig(t, nil)
	for query, want := range map[string][]string{
		"":                               {"web1/base drifted", "db1/base unknown", "web1/web unknown", "back1/base never", "new1/base never", "off1/base disabled"},
		"sort=machine":                   {"back1/base never", "db1/base unknown", "new1/base never", "off1/base disabled", "web1/base drifted", "web1/web unknown"},
		"sort=-machine&q=web":            {"web1/web unknown", "web1/base drifted"},
		"sort=-pack&label=env%3Dprod":    {"web1/web unknown", "web1/base drifted"},
		"sort=mismatches&status=unknown": {"web1/web unknown", "db1/base unknown"},
		"pack=web&status=drifted":        nil,
	} {
		assert.Equal(t, want, rowsOf(t, r, query), query)
	}
}

// A page begins after the pair that its token names, even if that pair is another one than it was.
func TestPagesOfPairsGoOnWhereTheirTokenIsNow(t *testing.T) {
	r := newRig(t, nil)
	const query = "/pairs?status=unknown&sort=machine&limit=1&next_token="
	first := dataOf[pairList](t, r, query)
	require.Equal(t, "db1/base", first.NextToken)
	r.put(&state.Record{Key: state.Key{Machine: "db1", Pack: "base"},
		Verdict: &state.Verdict{Status: state.Compliant, At: at(9, 0, 0, 0)}, Attempt: state.Attempt{Status: state.Compliant, At: at(9, 0, 0, 0)}})
	second := dataOf[pairList](t, r, query+first.NextToken)
	assert.Equal(t, 1, second.Total, "one less is unknown")
	require.Len(t, second.Pairs, 1)
	assert.Equal(t, "web1", second.Pairs[0].Machine, "and the next one is not left out")
	assert.Empty(t, second.NextToken)

	res, body := r.get(t, apiBase+query+"gone1/base")
	assert.Equal(t, 400, res.StatusCode)
	assert.Contains(t, body, "begin with the first page")
}
