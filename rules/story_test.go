package rules_test

import (
	"maps"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

var (
	pair  = state.Key{Machine: "web1", Pack: "base"}
	epoch = time.Date(2026, 1, 29, 6, 0, 0, 0, time.UTC)
)

// story is a pair through time: each step is a day later unless the story says otherwise.
type story struct {
	t      *testing.T
	rec    *state.Record
	now    time.Time
	params rules.AlertParams
	waived []state.Mismatch
	// definitions are the pack's, of the items that the story knows.
	definitions map[string]string
}

func newStory(t *testing.T) *story {
	return &story{
		t: t, now: epoch,
		params: rules.AlertParams{
			DisplayName: "Web 1", Labels: map[string]string{"env": "prod"},
			ExternalLabels: map[string]string{"region": "eu"}, DiffURL: "https://drift.example/machines/web1/packs/base",
		},
		definitions: map[string]string{mode.ID(): "m1", content.ID(): "c1", curl.ID(): "p1"},
	}
}

var (
	mode    = state.Mismatch{Type: "wrong_permissions", Kind: "file", Item: "/etc/a", Expected: "0600", Actual: "0644"}
	content = state.Mismatch{Type: "wrong_content", Kind: "file", Item: "/etc/b", Expected: "aa", Actual: "bb"}
	curl    = state.Mismatch{Type: "missing_package", Kind: "package", Item: "curl", Expected: "installed"}
)

// result is what a check at the story's time gives: drifted if there are mismatches.
func (s *story) result(mismatches ...state.Mismatch) state.Result {
	r := state.Result{
		Key: pair, Run: state.RunID(s.now), Status: state.Compliant, At: s.now.Add(3*time.Second + 120*time.Millisecond),
		Duration: time.Second, Items: 3, Mismatches: mismatches, Waived: s.waived, PackDigest: "digest",
		Definitions: maps.Clone(s.definitions),
	}
	if len(mismatches) > 0 {
		r.Status = state.Drifted
	}
	return r
}

func (s *story) unknown(reason state.Reason) state.Result {
	r := s.result()
	r.Status, r.Failure = state.Unknown, &state.Failure{Reason: reason, Message: "no luck"}
	r.Items, r.Waived, r.Definitions = 0, nil, nil
	return r
}

// judge tells the story the result, and a day passes.
func (s *story) judge(r state.Result) *state.Record {
	s.t.Helper()
	next, ok := s.try(r)
	require.True(s.t, ok, "the result of run %s is dropped", r.Run)
	s.rec, s.now = next, s.now.Add(24*time.Hour)
	return next
}

func (s *story) try(r state.Result) (*state.Record, bool) {
	s.params.ValidUntil = rules.ValidUntil(s.now, s.now.Add(24*time.Hour), time.Minute)
	now := s.now.Add(4 * time.Second)
	next, ok := rules.Judge(s.rec, r, s.params, now)
	if s.rec != nil && !rules.NeedsDetail(s.rec, r) {
		without := *s.rec
		without.Detail = nil
		same, sameOK := rules.Judge(&without, r, s.params, now)
		require.Equal(s.t, next, same, "what is said not to be needed is not")
		require.Equal(s.t, ok, sameOK)
	}
	return next, ok
}

func (s *story) compliant() *state.Record { s.t.Helper(); return s.judge(s.result()) }

func (s *story) drifted(mismatches ...state.Mismatch) *state.Record {
	s.t.Helper()
	return s.judge(s.result(mismatches...))
}

func (s *story) offline() *state.Record { s.t.Helper(); return s.judge(s.unknown(state.ReasonConnect)) }

func (s *story) refresh() (*state.Record, bool) {
	s.params.ValidUntil = rules.ValidUntil(s.now, s.now.Add(24*time.Hour), time.Minute)
	next, ok := rules.Refresh(s.rec, s.params, s.now)
	if ok {
		s.rec = next
	}
	return next, ok
}

func (s *story) retire(why state.ResolvedReason) *state.Record {
	s.t.Helper()
	next, ok := rules.Retire(s.rec, why, rules.ValidUntil(s.now, s.now.Add(24*time.Hour), time.Minute), s.now)
	require.True(s.t, ok, "nothing to retire")
	s.rec = next
	return next
}

// firing asserts that the pair has one alert that fires, and returns it.
func (s *story) firing() *state.Alert {
	s.t.Helper()
	require.True(s.t, s.rec.Alert.Firing(), "no firing alert")
	assert.NotContains(s.t, s.rec.Alert.Annotations, "resolved_reason")
	return s.rec.Alert
}

// resolved asserts that the pair's alert has ended for that reason, and returns it.
func (s *story) resolved(why state.ResolvedReason) *state.Alert {
	s.t.Helper()
	require.NotNil(s.t, s.rec.Alert, "no alert")
	require.False(s.t, s.rec.Alert.Firing(), "the alert still fires")
	assert.Equal(s.t, string(why), s.rec.Alert.Annotations["resolved_reason"])
	return s.rec.Alert
}
