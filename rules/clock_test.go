package rules_test

import (
	"fmt"
	"math/rand/v2"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/rules"
)

// clockStory is a story told by a clock that jumps. Of its results none may be dropped.
type clockStory struct {
	*story
	right time.Time     // by a clock that is right
	off   time.Duration // by how much the story's is not
}

func newClockStory(t *testing.T) *clockStory { return &clockStory{story: newStory(t), right: epoch} }

// jump sets the clock, off by so much from the right one.
func (s *clockStory) jump(off time.Duration) { s.off = off }

func (s *clockStory) pass(d time.Duration) { s.right = s.right.Add(d) }

// tell has a check judged. Its run is what the runner would call it: later than what is stored, unless that lies more than
// an hour ahead of the clock, and so was stored by a clock that was wrong.
func (s *clockStory) tell(mismatches ...state.Mismatch) *state.Record {
	s.t.Helper()
	s.pass(time.Minute)
	s.now = s.right.Add(s.off)
	r := s.result(mismatches...)
	if s.rec != nil {
		stored, err := time.Parse(time.RFC3339Nano, s.rec.Attempt.Run)
		require.NoError(s.t, err)
		if !stored.Before(s.now) && !stored.After(s.now.Add(time.Hour)) {
			r.Run = state.RunID(stored.Add(time.Millisecond))
		}
	}
	next, ok := s.try(r)
	require.True(s.t, ok, "run %s by a clock that is off by %s is dropped, as run %s is stored", r.Run, s.off, s.stored())
	s.rec = next
	return next
}

func (s *clockStory) stored() string {
	if s.rec == nil {
		return ""
	}
	return s.rec.Attempt.Run
}

var clockJumps = []time.Duration{
	30 * time.Minute, 2 * time.Hour, 23 * time.Hour, 49 * time.Hour, 30 * 24 * time.Hour, 366 * 24 * time.Hour, 30 * 365 * 24 * time.Hour,
}

func TestFaultClockJumpsBlockNoVerdictAndMakeNoAlert(t *testing.T) {
	for _, jump := range clockJumps {
		for _, off := range []time.Duration{jump, -jump} {
			t.Run(off.String(), func(t *testing.T) {
				s := newClockStory(t)
				s.tell()
				s.jump(off)
				s.tell()
				assert.Nil(t, s.rec.Alert)
				s.tell(mode)
				since := s.firing().StartsAt
				s.jump(0)
				s.tell(mode, content)
				assert.Equal(t, since, s.firing().StartsAt, "the drift goes on")
				assert.Equal(t, "2", s.rec.Alert.Annotations["mismatch_count"])
				assert.False(t, s.rec.Verdict.Since.After(s.rec.Verdict.At), "it is since when it was seen, or before")
				s.tell()
				alert := s.resolved(state.ResolvedCompliant)
				assert.False(t, alert.ResolvedAt.Before(alert.StartsAt))
				assert.False(t, alert.ValidUntil.Before(alert.ResolvedAt))
				s.jump(off)
				s.tell(mode)
				again := s.firing().StartsAt
				s.jump(0)
				s.pass(25 * time.Hour)
				s.tell(mode)
				assert.Equal(t, again, s.firing().StartsAt)
				s.tell()
				s.resolved(state.ResolvedCompliant)
			})
		}
	}
	testfaults.Survived(t, "the clock jumps between the checks of a pair, and is set right", 2*len(clockJumps))
}

// What was stored by a clock that was less than an hour ahead may block a check of that hour, and none of the next day.
func TestFaultClockWasAheadBlocksNoCheckOfTheNextDay(t *testing.T) {
	for _, off := range append([]time.Duration{time.Minute, 59 * time.Minute, 61 * time.Minute}, clockJumps...) {
		s := newStory(t)
		s.now = epoch.Add(off)
		s.compliant()
		s.now = epoch.Add(24 * time.Hour)
		_, ok := s.try(s.result(mode))
		assert.True(t, ok, "stored %s ahead", off)
	}
}

func TestFaultClockRandomJumps(t *testing.T) {
	random := testfaults.Random(t)
	stories := testfaults.Pick(100, 500)
	for n := range stories {
		m := &clockModel{clockStory: newClockStory(t), random: random}
		for step := range 40 {
			m.step(fmt.Sprintf("story %d, step %d", n, step))
		}
	}
	testfaults.Survived(t, "random jumps of the clock in random stories of a pair", 40*stories)
}

// clockModel knows what of a pair does not depend on any clock.
type clockModel struct {
	*clockStory
	random   *rand.Rand
	judged   bool
	complied bool // the last verdict
	fires    bool
	since    time.Time
}

func (m *clockModel) step(context string) {
	if m.random.IntN(3) == 0 {
		m.jump(append(clockJumps, 0)[m.random.IntN(len(clockJumps)+1)] * time.Duration(1-2*m.random.IntN(2)))
	}
	m.pass(time.Duration(m.random.Int64N(int64(30 * time.Hour))))
	drifts := m.random.IntN(2) == 0
	if drifts {
		m.tell([]state.Mismatch{mode, content, curl}[:1+m.random.IntN(3)]...)
	} else {
		m.tell()
	}
	starts := drifts && m.judged && m.complied && !m.fires
	m.fires = drifts && (m.fires || starts)
	m.judged, m.complied = true, !drifts
	if starts {
		m.since = m.rec.Alert.StartsAt
	}
	require.Equal(m.t, m.fires, m.rec.Alert.Firing(), context)
	require.False(m.t, m.rec.Verdict.Since.After(m.rec.Verdict.At), context)
	if m.fires {
		require.Equal(m.t, m.since, m.rec.Alert.StartsAt, context)
	}
	for _, a := range append(m.rec.Resolving, deref(m.rec.Alert)...) {
		if !a.Firing() {
			require.False(m.t, a.ResolvedAt.Before(a.StartsAt), context)
			require.False(m.t, a.ValidUntil.Before(a.ResolvedAt), context)
		}
	}
}

func deref(a *state.Alert) []state.Alert {
	if a == nil {
		return nil
	}
	return []state.Alert{*a}
}

// A clock that was ahead has a waiver expire early: that is a drift like any other, and ends when it is set right.
func TestFaultClockJumpOverTheEndOfAWaiver(t *testing.T) {
	s := newClockStory(t)
	s.waived = []state.Mismatch{mode}
	s.tell()
	s.jump(366 * 24 * time.Hour)
	s.waived = nil // expired
	s.tell(mode)
	assert.Equal(t, string(state.CauseWaiverExpired), s.firing().Annotations["cause"])
	s.jump(0)
	s.waived = []state.Mismatch{mode}
	s.tell()
	s.resolved(state.ResolvedWaived)
	_, stands := rules.Forget(s.rec, s.now)
	assert.False(t, stands)
}
