package run

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
)

const aDay = 24 * time.Hour

// clockJumps are by how far a clock goes wrong.
func clockJumps() []time.Duration {
	jumps := []time.Duration{3*aDay + time.Hour, 400 * aDay, 2 * time.Hour, 30 * time.Minute, aDay, 20 * 365 * aDay}
	return jumps[:testfaults.Pick(1, len(jumps))]
}

// offClock is off by so much. What was to be woken after some time is, whatever it shows, as timers are.
type offClock struct {
	clockwork.Clock
	by atomic.Int64
}

func (c *offClock) Now() time.Time                  { return c.Clock.Now().Add(time.Duration(c.by.Load())) }
func (c *offClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }
func (c *offClock) Until(t time.Time) time.Duration { return t.Sub(c.Now()) }

// clockRig is a rig whose runner has a clock that can go wrong.
type clockRig struct {
	*rig
	shown *offClock
}

func newClockRig(t *testing.T, f *checker.Fleet) *clockRig {
	t.Helper()
	return wrongFrom(newRig(t, f))
}

// wrongFrom gives a rig, from its next start on, a clock that can go wrong.
func wrongFrom(g *rig) *clockRig {
	c := &clockRig{rig: g, shown: &offClock{Clock: g.clock}}
	g.options = func(o *Options) { o.Clock = c.shown }
	return c
}

// set makes the clock wrong by so much, and lets the runner see it.
func (g *clockRig) set(by time.Duration) {
	g.t.Helper()
	g.shown.by.Store(int64(by))
	g.tick()
	g.rests()
}

// eachJump runs a test for each of them, ahead and back.
func eachJump(t *testing.T, what string, test func(t *testing.T, by time.Duration)) {
	t.Helper()
	for _, jump := range clockJumps() {
		for _, by := range []time.Duration{jump, -jump} {
			t.Run(by.String(), func(t *testing.T) { test(t, by) })
		}
	}
	testfaults.Survived(t, what, 2*len(clockJumps()))
}

// rests waits until no run is on.
func (g *clockRig) rests() {
	g.t.Helper()
	g.round()
	g.eventually("no run is on", func() bool {
		_, on := g.store.View().CurrentRun()
		return !on && g.runner.current.Load() == nil
	})
}

// eachOnce holds that no run had a machine checked twice, and returns the runs that there were.
func (g *clockRig) eachOnce() map[string]bool {
	g.t.Helper()
	g.mu.Lock()
	defer g.mu.Unlock()
	seen, runs := map[call]bool{}, map[string]bool{}
	for _, c := range g.calls {
		c.nth = 0
		require.False(g.t, seen[c], "%s is checked twice in run %s", c.machine, c.run)
		seen[c], runs[c.run] = true, true
	}
	return runs
}

// wasDone tells whether the run of an instant, or one of the hour after it, was done while the clock was ahead: it stands
// for the instant when that comes.
func (g *clockRig) wasDone(at time.Time) bool {
	for _, run := range g.store.View().Runs() {
		instant, err := run.Instant()
		require.NoError(g.t, err)
		if run.Planned() && !instant.Before(at) && !instant.After(at.Add(tolerance)) {
			return true
		}
	}
	return false
}

// days lets days pass, of each of which there must be a run of its own that checks everything.
func (g *clockRig) days(n int, what string) {
	g.t.Helper()
	for range n {
		at := g.runner.NextRun()
		before, known := len(g.checked()), g.wasDone(at)
		g.clock.Advance(at.Sub(g.shown.Now()))
		if known {
			g.tick()
			g.rests()
			assert.Len(g.t, g.checked(), before, "%s: %s was done while the clock was ahead", what, at)
			continue
		}
		g.eventually(what+": the run of "+state.RunID(at), func() bool {
			run, err := g.store.Run(context.Background(), state.RunID(at))
			return err == nil && run.Ended()
		})
		g.rests()
		run, err := g.store.Run(g.t.Context(), state.RunID(at))
		require.NoError(g.t, err)
		assert.Equal(g.t, []any{state.TriggerSchedule, state.RunDone, 2, 2}, []any{run.Trigger, run.Phase, run.Total, run.Checked}, "%s: %s", what, at)
		assert.Len(g.t, g.checked(), before+2, "%s: %s", what, at)
	}
}

func TestFaultClockJumpsLoseAndRepeatNoRun(t *testing.T) {
	eachJump(t, "the clock jumps between runs, and is set right days later", func(t *testing.T, by time.Duration) {
		g := newClockRig(t, newFleet(t, nil, machines("a", "b")...))
		g.start()
		g.ends(today)
		g.set(by)
		before := len(g.checked())
		switch {
		case by > aDay:
			assert.Equal(t, 4, before, "instants that it went over are one run")
		case by < 0:
			assert.Equal(t, 2, before, "what it sees again is not done again")
		}
		g.days(3, "wrong")
		g.set(0)
		g.days(3, "set right")
		g.eachOnce()
		assert.Zero(t, testutil.ToFloat64(g.metrics.runs.WithLabelValues(resultFailure)))
	})
}

func TestFaultClockJumpsDuringARun(t *testing.T) {
	eachJump(t, "the clock jumps while machines are checked", func(t *testing.T, by time.Duration) {
		g := newClockRig(t, newFleet(t, nil, machines("a", "b")...))
		h := newHeld()
		g.onCheck = func(ctx context.Context, c call) checker.Outcome {
			if c.run == today {
				return h.wait(ctx, g.rig, c)
			}
			return g.complies(c)
		}
		g.start()
		h.next(t)
		h.next(t)
		g.round() // the loop ticks
		g.shown.by.Store(int64(by))
		g.tick()
		close(h.free)
		g.rests()
		g.days(2, "wrong")
		g.set(0)
		g.days(2, "set right")
		g.eachOnce()
	})
}

// The loop looks every few seconds: between the moment at which the clock is set back and the next look an instant may come.
func TestClockSetBackToRightBeforeAnInstantHasItsRun(t *testing.T) {
	for _, catchUp := range []bool{true, false} {
		g := newClockRig(t, newFleet(t, func(c *config.Config) { c.Schedule.CatchUp = catchUp }, machines("a", "b")...))
		g.start()
		g.rests()
		g.shown.by.Store(int64(noon.Add(-54*time.Hour - time.Second).Sub(g.clock.Now()))) // 05:59:59
		g.tick()
		run := g.ends("2026-01-27T06:00:00Z")
		assert.Equal(t, []any{state.TriggerSchedule, state.RunDone, 2}, []any{run.Trigger, run.Phase, run.Checked})
		g.days(2, "wrong")
		g.eachOnce()
	}
}

// A process may begin before the time is known.
func TestFaultClockIsWrongWhenTheProcessBegins(t *testing.T) {
	for _, catchUp := range []bool{true, false} {
		eachJump(t, "the clock is wrong when the process begins, and set right", func(t *testing.T, by time.Duration) {
			g := newClockRig(t, newFleet(t, func(c *config.Config) { c.Schedule.CatchUp = catchUp }, machines("a", "b")...))
			g.start()
			g.rests()
			g.stop()
			g.shown.by.Store(int64(by))
			g.start()
			g.rests()
			g.set(0)
			skipped := testutil.ToFloat64(g.metrics.runs.WithLabelValues(resultSkipped))
			g.days(3, "set right")
			g.eachOnce()
			assert.InDelta(t, skipped, testutil.ToFloat64(g.metrics.runs.WithLabelValues(resultSkipped)), 0, "nothing is missed any more")
		})
	}
}

func TestFaultClockIsWrongWhenTheScheduleIsLoaded(t *testing.T) {
	eachJump(t, "the clock is wrong while another schedule is loaded, and set right", func(t *testing.T, by time.Duration) {
		g := newClockRig(t, newFleet(t, nil, machines("a", "b")...))
		g.start()
		g.ends(today)
		g.set(by)
		require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, func(c *config.Config) { c.Schedule.Cron = "0 5 * * *" }, machines("a", "b")...)))
		g.rests()
		g.set(0)
		assert.False(t, g.runner.plan.Load().since.After(g.shown.Now()))
		g.days(3, "set right")
		g.eachOnce()
	})
}

// A run that is asked for is never taken for one that has been, whatever is stored of a time to come.
func TestFaultClockJumpsAndARunIsAskedFor(t *testing.T) {
	eachJump(t, "the clock jumps, and a run is asked for", func(t *testing.T, by time.Duration) {
		g := newClockRig(t, newFleet(t, nil, machines("a", "b")...))
		g.start()
		g.ends(today)
		for _, next := range []time.Duration{by, 0, -by, 0} {
			g.set(next)
			before := len(g.checked())
			id, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
			require.NoError(t, err)
			assert.Equal(t, 2, g.ends(id).Checked)
			assert.Len(t, g.checked(), before+2, "run %s", id)
		}
		g.eachOnce()
	})
}

// A run that is spread has turns: after the clock went back they may be years away, but the next run has everything.
func TestFaultClockJumpsDuringASpread(t *testing.T) {
	eachJump(t, "the clock jumps while a run is spread", func(t *testing.T, by time.Duration) {
		r, turns := spreadRig(t, nil)
		r.stop()
		g := wrongFrom(r)
		g.start()
		g.until(turns["f"])
		g.hasChecked("d", "f")
		g.shown.by.Store(int64(by))
		g.tick()
		at := g.runner.NextRun()
		g.clock.Advance(at.Sub(g.shown.Now()) + 23*time.Hour)
		g.eventually("all are checked", func() bool {
			g.clock.Advance(tickEvery)
			seen := map[string]bool{}
			for _, m := range g.checked() {
				seen[m] = true
			}
			return len(seen) == 6
		})
		g.eachOnce()
	})
}
