package state

import (
	"log/slog"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testfaults"
)

// A clock that is ahead for a while leaves runs of a time to come. They must neither be all that is kept, nor pass for the
// last run that there was, until that time.
func TestFaultClockWasAheadAndRunsCrowdOutNoOther(t *testing.T) {
	clock := &wrongClock{Clock: clockwork.NewRealClock()}
	s := openWith(t, Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), realClock: clock})
	now := time.Now().UTC().Truncate(time.Hour)
	add := func(at time.Time) string {
		r := Run{ID: RunID(at), Trigger: TriggerSchedule, Phase: RunDone, StartedAt: at, EndedAt: at.Add(time.Second)}
		require.NoError(t, s.CreateRun(t.Context(), r))
		return r.ID
	}
	last := func() string {
		r, ok := s.View().LastRun()
		require.True(t, ok)
		return r.ID
	}
	add(now.Add(-time.Hour))
	const year = 365 * 24 * time.Hour
	clock.by.Store(int64(2 * year))
	for i := range maxRuns + 5 {
		add(now.Add(year + time.Duration(i)*time.Hour))
	}
	assert.Equal(t, RunID(now.Add(year+(maxRuns+4)*time.Hour)), last(), "as the clock says")

	clock.by.Store(0)
	assert.Equal(t, RunID(now.Add(year+(maxRuns+4)*time.Hour)), last(), "there is no other")
	var ids []string
	for i := range 10 {
		id := add(now.Add(time.Duration(i-20) * time.Minute))
		assert.Equal(t, id, last())
		ids = append(ids, id)
	}
	for _, id := range ids {
		_, err := s.Run(t.Context(), id)
		require.NoError(t, err, "it was crowded out by a run of next year")
	}
	assert.Len(t, s.View().Runs(), maxRuns)
	testfaults.Survived(t, "more runs than are kept were stored by a clock that was ahead", maxRuns+5)
}
