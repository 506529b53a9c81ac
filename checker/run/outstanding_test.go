package run

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// due is the outstanding instant as an id, empty if there is none.
func (g *rig) due() string {
	at := g.runner.outstanding()
	if at.IsZero() {
		return ""
	}
	return state.RunID(at)
}

func TestScheduledRunIsOutstandingFromItsInstantToItsEnd(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a")...)).start()
	g.ends(today)
	assert.Empty(t, g.due())

	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome { return h.wait(ctx, g, c) }
	g.clock.Advance(18*time.Hour - time.Second)
	assert.Empty(t, g.due(), "none is due yet")
	g.clock.Advance(time.Second)
	assert.Equal(t, tomorrow, g.due(), "from the very instant, whatever the loop does")
	h.next(t)
	g.clock.Advance(3 * time.Hour)
	assert.Equal(t, tomorrow, g.due(), "while it is on")
	close(h.free)
	g.ends(tomorrow)
	assert.Empty(t, g.due())
	g.restart(time.Hour)
	assert.Empty(t, g.due(), "nor after a restart")
}

func TestRunThatIsAskedForDoesNotStandInForAnOutstandingOne(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a")...)).start()
	g.ends(today)
	g.stop()
	g.clock.Advance(24 * time.Hour)
	require.NoError(t, g.store.CreateRun(t.Context(), ended("2026-01-30T07:00:00Z", state.TriggerAPI)))
	assert.Equal(t, tomorrow, g.due(), "nothing runs that would start it")
	g.clock.Advance(48 * time.Hour)
	assert.Equal(t, tomorrow, g.due(), "it is the first of three by now")
	require.NoError(t, g.store.CreateRun(t.Context(), ended("2026-02-01T06:00:00Z", state.TriggerCatchUp)))
	assert.Empty(t, g.due(), "the last is made up for, and with it the others")
}

// Only so many runs are stored.
func TestRunsThatAreAskedForDoNotMakeAnEndedOneOutstandingAgain(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a")...)).start()
	g.ends(today)
	require.Empty(t, g.due())
	g.stop()
	for i := range 101 {
		require.NoError(t, g.store.CreateRun(t.Context(), ended(fmt.Sprintf("2026-01-29T09:%02d:%02dZ", i/60, i%60), state.TriggerAPI)))
	}
	require.NotContains(t, g.runs(), "2026-01-29T09:00:00Z api", "runs that were asked for make room")
	require.Contains(t, g.runs(), today+" catch_up", "the newest of the schedule stays")
	assert.Empty(t, g.due())
}

func TestInstantThatIsNotMadeUpForIsNotOutstanding(t *testing.T) {
	g := newRig(t, newFleet(t, func(c *config.Config) { c.Schedule.CatchUp = false }, machines("a")...))
	g.options = func(o *Options) { o.Unjudged = nil }
	g.start()
	g.round()
	assert.Empty(t, g.due())
	g.clock.Advance(18 * time.Hour)
	g.ends(tomorrow)
	assert.Empty(t, g.due())
}

func TestRunStoredUnderAWrongClockStandsInForNone(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a")...)).start()
	g.ends(today)
	g.stop()
	require.NoError(t, g.store.CreateRun(t.Context(), ended("2036-01-29T06:00:00Z", state.TriggerSchedule)))
	g.clock.Advance(24 * time.Hour)
	assert.Equal(t, tomorrow, g.due())
}

func TestInstantOfAScheduleBeforeItWasLoadedIsNotOutstanding(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a")...)).start()
	g.ends(today)
	changed := newFleet(t, func(c *config.Config) { c.Schedule.Cron = "30 11 * * *" }, machines("a")...)
	require.NoError(t, g.runner.Reload(t.Context(), changed))
	assert.Empty(t, g.due(), "11:30 was half an hour ago, when the schedule was another")
}
