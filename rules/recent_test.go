package rules_test

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

// days are checks a day apart, as a story makes them, the first of them at its start.
func days(checks ...state.Check) state.Checks {
	for i := range checks {
		checks[i].At = epoch.Add(time.Duration(i)*24*time.Hour + 3120*time.Millisecond)
	}
	return checks
}

func TestEachAcceptedAttemptIsKept(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode, content)
	s.offline()
	s.compliant()
	assert.Equal(t, days(
		state.Check{Status: state.Compliant}, state.Check{Status: state.Drifted, Mismatches: 2},
		state.Check{Status: state.Unknown}, state.Check{Status: state.Compliant},
	), s.rec.Recent)
	assert.Equal(t, s.rec.Verdict.At, s.rec.Recent[3].At, "a check can be found by its verdict")
}

func TestACheckIsWhatTheAttemptCameTo(t *testing.T) {
	for name, change := range map[string]func(r *state.Result){
		"errors beside mismatches": func(r *state.Result) { r.Errors = []state.ItemError{{Kind: "file", Item: "/x", Error: "no"}} },
		"a failure beside them":    func(r *state.Result) { r.Failure = &state.Failure{Reason: state.ReasonTimeout} },
		"a claim to comply":        func(r *state.Result) { r.Status = state.Compliant },
		"no status":                func(r *state.Result) { r.Status = "" },
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			r := s.result(mode)
			change(&r)
			s.judge(r)
			assert.Equal(t, days(state.Check{Status: state.Unknown}), s.rec.Recent)
		})
	}
}

func TestADroppedResultIsNotKept(t *testing.T) {
	s := newStory(t)
	s.compliant()
	last := s.rec.Recent
	again := s.result(mode)
	again.Run = s.rec.Attempt.Run
	_, ok := s.try(again)
	require.False(t, ok)
	assert.Equal(t, last, s.rec.Recent)
}

func TestOnlyTheLastAttemptsAreKept(t *testing.T) {
	s := newStory(t)
	for i := range 2 * state.MaxRecent {
		if i%3 == 0 {
			s.drifted(mode)
		} else {
			s.compliant()
		}
		require.Len(t, s.rec.Recent, min(i+1, state.MaxRecent))
		require.Equal(t, s.rec.Attempt.At, s.rec.Recent[len(s.rec.Recent)-1].At)
	}
	assert.True(t, slices.IsSortedFunc(s.rec.Recent, func(a, b state.Check) int { return a.At.Compare(b.At) }))
	assert.Equal(t, epoch.Add(state.MaxRecent*24*time.Hour+3120*time.Millisecond), s.rec.Recent[0].At)
}

func TestJudgeLeavesThePreviousChecksAsTheyAre(t *testing.T) {
	s := newStory(t)
	s.compliant()
	spare := make(state.Checks, 1, 10)
	spare[0] = s.rec.Recent[0]
	s.rec.Recent = spare
	prev := s.rec
	drifted, _ := s.try(s.result(mode))
	unknown, _ := s.try(s.unknown(state.ReasonAuth))
	assert.Equal(t, state.Drifted, drifted.Recent[1].Status, "the other answer has not written over it")
	assert.Equal(t, state.Unknown, unknown.Recent[1].Status)
	assert.Len(t, prev.Recent, 1)
	assert.Equal(t, make(state.Checks, 9), spare[1:10])
}

func TestAPairThatComesBackStartsWithoutChecks(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	retired, ok := rules.Retire(s.rec, state.ResolvedDisabled, s.now.Add(time.Hour), s.now)
	require.True(t, ok)
	assert.Len(t, retired.Recent, 2, "until then they stay")
	s.rec, s.now = retired, s.now.Add(24*time.Hour)
	s.offline()
	require.Len(t, s.rec.Recent, 1)
	assert.Equal(t, state.Unknown, s.rec.Recent[0].Status)
	s.drifted(mode)
	assert.Len(t, s.rec.Recent, 2)
}
