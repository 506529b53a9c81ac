package oracle_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// verdict is what the checker or another judge says of one item: "compliant", "error", or the mismatches in order, each
// with what is there instead where every judge can say it: "wrong_owner root; wrong_permissions 0644".
type verdict string

const (
	compliant  verdict = "compliant"
	unobserved verdict = "error"
)

// drifted makes a verdict of mismatches.
func drifted(mismatches ...string) verdict {
	slices.Sort(mismatches)
	return verdict(strings.Join(mismatches, "; "))
}

// shows are the types of mismatch whose actual value is compared, too.
var shows = []string{"wrong_permissions", "wrong_owner", "wrong_group", "wrong_content", "wrong_target", "wrong_version", "wrong_setting"}

// verdictOf is the checker's.
func verdictOf(t testing.TB, r state.Result) verdict {
	switch r.Status {
	case state.Compliant:
		require.Empty(t, r.Mismatches)
		return compliant
	case state.Unknown:
		require.NotNil(t, r.Failure)
		require.Equal(t, state.ReasonUnreadable, r.Failure.Reason, "%v", r.Failure)
		require.NotEmpty(t, r.Errors)
		return unobserved
	}
	var mismatches []string
	for _, m := range r.Mismatches {
		text := m.Type
		if slices.Contains(shows, m.Type) {
			text += " " + m.Actual
		}
		mismatches = append(mismatches, text)
	}
	require.NotEmpty(t, mismatches)
	return drifted(mismatches...)
}

// judged is one case: an item, and what was said of it.
type judged struct {
	item         string // for people
	ours, theirs verdict
	note         string // what the judge has seen
}

// tally counts verdicts.
type tally struct{ total, compliant, drifted, errors int }

// add compares the verdicts of some cases.
func (n *tally) add(t testing.TB, c chance, cases []judged) {
	t.Helper()
	for _, one := range cases {
		n.total++
		switch one.theirs {
		case compliant:
			n.compliant++
		case unobserved:
			n.errors++
		default:
			n.drifted++
		}
		if one.ours != one.theirs {
			t.Errorf("seed %d: disagreement\n   case: %s\n   ours: %s\n  judge: %s\n   note: %s", c.seed, one.item, one.ours, one.theirs, one.note)
		}
	}
}

// healthy demands that neither verdict is so rare that agreeing on it means little, and that no case was lost.
func (n *tally) healthy(t testing.TB, total int) {
	t.Helper()
	t.Logf("%d cases: %d compliant, %d drifted, %d that could not be observed", n.total, n.compliant, n.drifted, n.errors)
	assert.Equal(t, total, n.total)
	assert.GreaterOrEqual(t, n.compliant*100, n.total*15, "too few are compliant")
	assert.GreaterOrEqual(t, n.drifted*100, n.total*15, "too few have drifted")
}
