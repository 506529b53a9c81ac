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
	), s.rec.Recent.Checks())
	assert.Equal(t, s.rec.Verdict.At, s.rec.Recent.Checks()[3].At, "a check can be found by its verdict")
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
			assert.Equal(t, days(state.Check{Status: state.Unknown}), s.rec.Recent.Checks())
		})
	}
}

func TestADroppedResultIsNotKept(t *testing.T) {
	s := newStory(t)
	s.compliant()
	last := s.rec.Recent.Checks()
	again := s.result(mode)
	again.Run = s.rec.Attempt.Run
	_, ok := s.try(again)
	require.False(t, ok)
	assert.Equal(t, last, s.rec.Recent.Checks())
}

func TestOnlyTheLastAttemptsAreKept(t *testing.T) {
	s := newStory(t)
	for i := range 2 * state.MaxRecent {
		if i%3 == 0 {
			s.drifted(mode)
		} else {
			s.compliant()
		}
		require.Len(t, s.rec.Recent.Checks(), min(i+1, state.MaxRecent))
		require.Equal(t, s.rec.Attempt.At, s.rec.Recent.Checks()[len(s.rec.Recent.Checks())-1].At)
	}
	assert.True(t, slices.IsSortedFunc(s.rec.Recent.Checks(), func(a, b state.Check) int { return a.At.Compare(b.At) }))
	assert.Equal(t, epoch.Add(state.MaxRecent*24*time.Hour+3120*time.Millisecond), s.rec.Recent.Checks()[0].At)
}

func TestAPairThatComesBackStartsWithoutChecks(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	retired, ok := rules.Retire(s.rec, state.ResolvedDisabled, s.now.Add(time.Hour), s.now)
	require.True(t, ok)
	assert.Len(t, retired.Recent.Checks(), 2, "until then they stay")
	s.rec, s.now = retired, s.now.Add(24*time.Hour)
	s.offline()
	require.Len(t, s.rec.Recent.Checks(), 1)
	assert.Equal(t, state.Unknown, s.rec.Recent.Checks()[0].Status)
	s.drifted(mode)
	assert.Len(t, s.rec.Recent.Checks(), 2)
}
