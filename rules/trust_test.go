package rules_test

import (
	"encoding/json"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

func TestNothingFailsOpen(t *testing.T) {
	unreadable := []state.ItemError{{Kind: "file", Item: "/etc/shadow", Error: "permission denied"}}
	for name, test := range map[string]struct {
		result func(s *story) state.Result
		reason state.Reason
	}{
		"one error makes the attempt unknown, even beside mismatches": {func(s *story) state.Result {
			r := s.unknown(state.ReasonUnreadable)
			r.Mismatches, r.Errors = []state.Mismatch{mode}, unreadable
			return r
		}, state.ReasonUnreadable},
		"a compliant status with errors is no verdict": {func(s *story) state.Result {
			r := s.result()
			r.Errors = unreadable
			return r
		}, state.ReasonUnreadable},
		"a compliant status with a failure is no verdict": {func(s *story) state.Result {
			r := s.result()
			r.Failure = &state.Failure{Reason: state.ReasonProtocol, Message: "cut off"}
			return r
		}, state.ReasonProtocol},
		"a compliant status with mismatches is no verdict": {func(s *story) state.Result {
			r := s.result(mode)
			r.Status = state.Compliant
			return r
		}, state.ReasonInternal},
		"a drifted status without mismatches is no verdict": {func(s *story) state.Result {
			r := s.result()
			r.Status = state.Drifted
			return r
		}, state.ReasonInternal},
		"an empty status is no verdict": {func(s *story) state.Result {
			r := s.result()
			r.Status = ""
			return r
		}, state.ReasonInternal},
	} {
		t.Run(name, func(t *testing.T) {
			for _, before := range []func(s *story){
				func(s *story) { s.compliant() },
				func(s *story) { s.compliant(); s.drifted(mode) },
			} {
				s := newStory(t)
				before(s)
				stood := s.rec
				r := test.result(s)
				s.judge(r)
				assertStands(t, stood, s.rec)
				assert.Equal(t, state.Unknown, s.rec.Attempt.Status)
				assert.Equal(t, test.reason, s.rec.Attempt.Reason)
				assert.NotEmpty(t, s.rec.Attempt.Message)
				assert.Len(t, s.rec.Detail.Errors, s.rec.Attempt.Errors)
				assert.Equal(t, r.Mismatches, s.rec.Detail.Seen)
			}
		})
	}
}

func TestCompliantThenUnknownThenDriftedAlerts(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.offline()
	s.drifted(mode)
	assert.Equal(t, epoch.Add(48*time.Hour+3120*time.Millisecond), s.firing().StartsAt)
}

func TestAVerdictClearsTheErrorsOfTheAttemptBefore(t *testing.T) {
	s := newStory(t)
	r := s.unknown(state.ReasonUnreadable)
	r.Errors = []state.ItemError{{Kind: "file", Item: "/etc/shadow", Error: "permission denied"}}
	s.judge(r)
	require.Equal(t, r.Errors, s.rec.Detail.Errors)
	assert.Equal(t, 1, s.rec.Attempt.Errors)
	s.compliant()
	assert.Empty(t, s.rec.Detail.Errors)
	assert.Zero(t, s.rec.Attempt.Errors)
	assert.Empty(t, s.rec.Attempt.Message)
}

func TestWhatIsSeenWithoutAVerdictIsKeptApart(t *testing.T) {
	s := newStory(t)
	seen := func(mismatches ...state.Mismatch) {
		r := s.unknown(state.ReasonUnreadable)
		r.Mismatches, r.Errors = mismatches, []state.ItemError{{Kind: "file", Item: "/etc/shadow", Error: "permission denied"}}
		s.judge(r)
	}
	seen(mode)
	assert.Equal(t, &state.Detail{Seen: []state.Mismatch{mode}, Errors: s.rec.Detail.Errors}, s.rec.Detail, "before any verdict")
	assert.Nil(t, s.rec.Verdict)
	s.drifted(curl)
	assert.Empty(t, s.rec.Detail.Seen, "a verdict says it all")
	seen(mode, content)
	assert.Equal(t, []state.Mismatch{mode, content}, s.rec.Detail.Seen)
	assert.Equal(t, []state.Mismatch{curl}, s.rec.Detail.Mismatches)
	assert.Equal(t, 1, s.rec.Verdict.Mismatches)
	seen(content)
	assert.Equal(t, []state.Mismatch{content}, s.rec.Detail.Seen, "of the last attempt only")
	s.offline()
	assert.Empty(t, s.rec.Detail.Seen, "which saw nothing")
	s.compliant()
	seen(mode)
	assert.Nil(t, s.rec.Alert)
	s.drifted(mode)
	assert.Equal(t, state.CauseMachineChanged, s.rec.Verdict.Cause)
	seen(curl)
	assert.Equal(t, "1", s.firing().Annotations["mismatch_count"])
	assert.NotContains(t, s.firing().Annotations["mismatches"], "curl")
	s.compliant()
	s.resolved(state.ResolvedCompliant)
	assert.Empty(t, s.rec.Detail.Seen)
}

func TestStaleResultsAreDropped(t *testing.T) {
	const stored = "2026-01-29T06:00:00Z"
	now := epoch.Add(30 * time.Minute)
	for name, test := range map[string]struct {
		stored, run string
		kept        bool
	}{
		"of the same run":                             {stored, stored, false},
		"of the same run, written otherwise":          {stored, "2026-01-29T07:00:00.000+01:00", false},
		"of an earlier run":                           {stored, "2026-01-28T06:00:00Z", false},
		"of an earlier run that sorts later as text":  {"2026-01-29T06:00:00.5Z", stored, false},
		"of a later run":                              {stored, "2026-01-29T06:00:01Z", true},
		"of a later run that sorts earlier as text":   {stored, "2026-01-29T06:00:00.5Z", true},
		"of a run, where none is stored":              {"", stored, true},
		"of a run, where what is stored is none":      {"yesterday", stored, true},
		"of no run":                                   {stored, "", false},
		"of no run, where none is stored":             {"", "", false},
		"of an earlier run than one in half an hour":  {"2026-01-29T07:00:00Z", stored, false},
		"of a run, where the stored one is far ahead": {"2026-02-01T06:00:00Z", stored, true},
		"of the same run far ahead":                   {"2026-02-01T06:00:00Z", "2026-02-01T06:00:00Z", false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			prev := s.compliant()
			prev.Attempt.Run = test.stored
			r := s.result(mode)
			r.Run = test.run
			next, ok := rules.Judge(prev, r, s.params, now)
			assert.Equal(t, test.kept, ok)
			assert.Equal(t, test.kept, next != nil)
		})
	}
}

func TestAFirstResultOfNoRunIsDropped(t *testing.T) {
	s := newStory(t)
	r := s.result()
	r.Run = ""
	_, ok := s.try(r)
	assert.False(t, ok)
}

func TestACheckUnderWayDoesNotBringBackARetiredPair(t *testing.T) {
	s := newStory(t)
	s.compliant()
	r := s.result(mode)
	r.At = s.now.Add(-time.Second)
	s.retire(state.ResolvedRemoved)
	_, ok := s.try(r)
	assert.False(t, ok)
	r.At = s.now.Add(time.Second)
	next, ok := s.try(r)
	assert.True(t, ok)
	assert.Zero(t, next.Retired)
}

func TestAPairRetiredInTheFutureComesBackAllTheSame(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.now = s.now.Add(48 * time.Hour) // the clock is ahead …
	s.retire(state.ResolvedDisabled)
	s.now = s.now.Add(-47 * time.Hour) // … and set right
	s.offline()
	assert.Zero(t, s.rec.Retired)
}

func TestJudgesChangeNothingTheyAreGiven(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	s.params.Labels = map[string]string{"env": "test"}
	s.drifted(mode, content) // Resolving has an entry now
	given := snapshot(t, s.rec)
	for _, r := range []state.Result{s.result(), s.result(curl), s.unknown(state.ReasonAuth)} {
		_, ok := s.try(r)
		require.True(t, ok)
		assert.Equal(t, given, snapshot(t, s.rec))
	}
	changed := s.params
	changed.Labels = map[string]string{"env": "prod"}
	_, ok := rules.Refresh(s.rec, changed, s.now)
	require.True(t, ok)
	_, ok = rules.Retire(s.rec, state.ResolvedRemoved, s.now, s.now)
	require.True(t, ok)
	assert.Equal(t, given, snapshot(t, s.rec))
	assert.Equal(t, map[string]string{"env": "test"}, s.params.Labels)
	assert.Equal(t, map[string]string{"region": "eu"}, s.params.ExternalLabels)
}

// snapshot is a deep copy that can be compared, the unstored Detail included.
func snapshot(t *testing.T, v any) map[string]any {
	t.Helper()
	all := map[string]any{}
	if rec, ok := v.(*state.Record); ok {
		all["detail"] = snapshot(t, *rec.Detail)
	}
	text, err := json.Marshal(v)
	require.NoError(t, err)
	require.NoError(t, json.Unmarshal(text, &all))
	return all
}

func TestALongFailureMessageIsCut(t *testing.T) {
	s := newStory(t)
	r := s.unknown(state.ReasonProtocol)
	r.Failure.Message = strings.Repeat("ä", 1000)
	s.judge(r)
	assert.LessOrEqual(t, len(s.rec.Attempt.Message), 400)
	assert.True(t, strings.HasSuffix(s.rec.Attempt.Message, "ä…"))
}
