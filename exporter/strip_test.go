package exporter

import (
	"html/template"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// checksOf is a check a day for each letter: compliant, drifted with two mismatches, unknown, and what is none.
func checksOf(letters string) state.Checks {
	status := map[rune]state.Status{'c': state.Compliant, 'd': state.Drifted, 'u': state.Unknown, 'x': "<b>new</b>"}
	var all state.Checks
	for i, l := range letters {
		c := state.Check{At: at(6, 0, 0, 0).AddDate(0, 0, i-len(letters)), Status: status[l]}
		if l == 'd' {
			c.Mismatches = 2
		}
		all = append(all, c)
	}
	return all
}

func (r *rig) part(t *testing.T, name string, data any) string {
	t.Helper()
	e, err := New(Options{View: r, Store: r, Runs: r.runs, Fleet: func() *Fleet { return r.fleet }, Gatherer: r.reg, Registerer: r.reg})
	require.NoError(t, err)
	var out strings.Builder
	require.NoError(t, template.Must(e.pages["fleet"].Clone()).ExecuteTemplate(&out, name, data))
	requireWellFormed(t, out.String())
	return out.String()
}

func TestStripNamesEachCheck(t *testing.T) {
	out := newRig(t, nil).part(t, "strip", checksOf("cdu"))
	for _, want := range []string{
		`<li class="compliant" title="2026-01-26 06:00:00 UTC: compliant"><span aria-hidden="true">·</span><span class="visually-hidden">2026-01-26 06:00:00 UTC: compliant</span></li>`,
		`<span aria-hidden="true">×</span><span class="visually-hidden">2026-01-27 06:00:00 UTC: drifted, 2 mismatches</span>`,
		`<span aria-hidden="true">?</span><span class="visually-hidden">2026-01-28 06:00:00 UTC: unknown, no verdict</span>`,
	} {
		assert.Contains(t, out, want)
	}
}

func TestSmallStripJoinsWhatWentAlike(t *testing.T) {
	r := newRig(t, nil)
	out := r.part(t, "strip-small", checksOf("ddcccucc"))
	assert.Contains(t, out, `title="Last checks, the oldest first: 2 drifted, 3 compliant, 1 unknown, 2 compliant"`)
	assert.Contains(t, out, `<b class="drifted">××</b><b class="compliant">···</b><b class="unknown">?</b><b class="compliant">··</b>`)
	assert.Equal(t, "–", r.part(t, "strip-small", state.Checks(nil)))
	assert.Contains(t, r.part(t, "strip-small", checksOf("d"+strings.Repeat("c", stripLength))), "14 compliant\"", "the newest")
	assert.Less(t, len(r.part(t, "strip-small", checksOf(strings.Repeat("du", 15)))), 600)
	assert.Contains(t, r.part(t, "strip-small", checksOf("dudcdu")), `first: 3 drifted, 2 unknown, 1 compliant, in turns"`, "too many turns to tell")
	assert.Less(t, len(r.part(t, "strip-small", checksOf(strings.Repeat("c", 30)))), 250, "a page has hundreds")
}

// A status that this version does not know is no verdict, and no markup.
func TestStripOfAStrangeStatus(t *testing.T) {
	r := newRig(t, nil)
	for _, name := range []string{"strip", "strip-small"} {
		out := r.part(t, name, checksOf("x"))
		assert.Contains(t, out, "?")
		assert.NotContains(t, out, "<b>new")
	}
	assert.Equal(t, "drifted, 1 mismatch", stripCells(state.Checks{{At: time.Time{}, Status: state.Drifted, Mismatches: 1}})[0].Words)
}
