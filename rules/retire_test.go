package rules_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

func TestRetireResolvesWithItsReason(t *testing.T) {
	for _, why := range []state.ResolvedReason{state.ResolvedRemoved, state.ResolvedDisabled} {
		t.Run(string(why), func(t *testing.T) {
			s := newStory(t)
			s.compliant()
			firing := *s.drifted(mode).Alert
			s.retire(why)
			ended := s.resolved(why)
			assert.Equal(t, firing.Labels, ended.Labels)
			assert.Equal(t, firing.StartsAt, ended.StartsAt)
			assert.Equal(t, s.now, ended.ResolvedAt)
			assert.Equal(t, s.now.Add(25*time.Hour), ended.ValidUntil)
			assert.Equal(t, s.now, s.rec.Retired)
		})
	}
}

func TestAResolveIsValidUntilItsOwnTimeAtLeast(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	next, ok := rules.Retire(s.rec, state.ResolvedRemoved, time.Time{}, s.now)
	require.True(t, ok)
	assert.Equal(t, s.now, next.Alert.ValidUntil)
}

func TestRetireKeepsWhatIsStillToBeTold(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	s.params.Labels = nil
	s.drifted(mode)
	s.now = s.now.Add(-23 * time.Hour)
	before := s.compliant()
	s.now = s.now.Add(-23 * time.Hour)
	s.retire(state.ResolvedRemoved)
	assert.Equal(t, before.Alert, s.rec.Alert, "it has its reason already")
	assert.Equal(t, before.Resolving, s.rec.Resolving)
}

func TestRetireDoesNothingTwice(t *testing.T) {
	s := newStory(t)
	_, ok := rules.Retire(nil, state.ResolvedRemoved, s.now, s.now)
	assert.False(t, ok, "there is no record")
	s.compliant()
	s.drifted(mode)
	s.retire(state.ResolvedDisabled)
	_, ok = rules.Retire(s.rec, state.ResolvedRemoved, s.now, s.now)
	assert.False(t, ok, "it is retired already")
}

func TestForgetKeepsAPairUntilItsResolvesAreTold(t *testing.T) {
	forgotten := func(s *story) bool {
		next, ok := rules.Forget(s.rec, s.now)
		require.Nil(s.t, next)
		return ok
	}
	for name, test := range map[string]struct {
		tell func(s *story)
		want bool
	}{
		"no record":                    {func(*story) {}, false},
		"in the fleet":                 {func(s *story) { s.compliant() }, false},
		"retired without an alert":     {func(s *story) { s.compliant(); s.retire(state.ResolvedRemoved) }, true},
		"retired with a fresh resolve": {func(s *story) { s.compliant(); s.drifted(mode); s.retire(state.ResolvedRemoved) }, false},
		"retired with a resolve until its last moment": {func(s *story) {
			s.compliant()
			s.drifted(mode)
			s.now = s.retire(state.ResolvedRemoved).Alert.ValidUntil
		}, false},
		"retired with a resolve past that": {func(s *story) {
			s.compliant()
			s.drifted(mode)
			s.now = s.retire(state.ResolvedRemoved).Alert.ValidUntil.Add(time.Millisecond)
		}, true},
		"retired with a resolve under old labels": {func(s *story) {
			s.compliant()
			s.drifted(mode)
			s.params.Labels = nil
			s.refresh()
			s.retire(state.ResolvedRemoved)
			s.rec.Alert = nil
		}, false},
		"come back meanwhile": {func(s *story) { s.compliant(); s.retire(state.ResolvedRemoved); s.offline() }, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newStory(t)
			test.tell(s)
			assert.Equal(t, test.want, forgotten(s))
		})
	}
}

func TestAPairThatComesBackStartsOverAndStillTellsOfItsEnd(t *testing.T) {
	s := newStory(t)
	s.compliant()
	s.drifted(mode)
	s.params.Labels = nil
	s.refresh()
	s.retire(state.ResolvedDisabled)
	ended, relabelled := s.rec.Alert, s.rec.Resolving
	s.now = s.now.Add(time.Minute)

	s.offline()
	assert.Zero(t, s.rec.Retired)
	assert.Nil(t, s.rec.Verdict, "what was known of it no longer counts")
	assert.Empty(t, s.rec.Detail.Mismatches)
	assert.Equal(t, ended, s.rec.Alert)
	assert.Equal(t, relabelled, s.rec.Resolving)

	s.now = s.now.Add(-23 * time.Hour)
	s.compliant()
	assert.Equal(t, ended, s.rec.Alert)
	s.now = s.now.Add(-23 * time.Hour)
	s.drifted(mode)
	assert.True(t, s.firing().StartsAt.After(ended.ResolvedAt))
}
