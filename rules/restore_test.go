package rules_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

// The history keeps less of a change than there was.
func TestRestoreCountsWhatTheHistoryHadNoRoomFor(t *testing.T) {
	s := newStory(t)
	change := state.Change{
		Verdict:    state.Verdict{Status: state.Drifted, At: epoch, Since: epoch, Mismatches: 300, Cause: state.CauseMachineChanged},
		Mismatches: []state.Mismatch{mode, content},
	}
	rec := rules.Restore(pair, []state.Change{change}, s.params, s.now)
	require.True(t, rec.Alert.Firing())
	assert.Equal(t, "300", rec.Alert.Annotations["mismatch_count"])
	assert.Equal(t, "300 items no longer compliant with base", rec.Alert.Annotations["description"])
	assert.Equal(t, 300, rec.Verdict.Mismatches)
	assert.True(t, rec.Detail.Cut)
	assert.Len(t, rec.Detail.Mismatches, 2)
}

// What is brought back goes on as if it had never been lost.
func TestRestoredPairEndsItsAlertWhenItComplies(t *testing.T) {
	s := newStory(t)
	s.compliant()
	since := s.drifted(mode).Alert.StartsAt
	s.rec = rules.Restore(pair, []state.Change{{Verdict: *s.rec.Verdict, Mismatches: s.rec.Detail.Mismatches}}, s.params, s.now)
	s.drifted(mode)
	assert.Equal(t, since, s.firing().StartsAt)
	s.compliant()
	assert.Equal(t, since, s.resolved(state.ResolvedCompliant).StartsAt)
}

func TestRestoredFirstVerdictDoesNotAlert(t *testing.T) {
	s := newStory(t)
	s.drifted(mode)
	s.rec = rules.Restore(pair, []state.Change{{Verdict: *s.rec.Verdict, Mismatches: s.rec.Detail.Mismatches}}, s.params, s.now)
	assert.Nil(t, s.rec.Alert)
	assert.Nil(t, s.drifted(mode, content).Alert)
}
