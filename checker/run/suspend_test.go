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

// asks starts a run while one is on that is spread.
func (g *rig) asks(machines ...string) string {
	g.t.Helper()
	id, err := g.runner.StartRun(g.t.Context(), state.TriggerAPI, machines)
	require.NoError(g.t, err)
	return id
}

// isOn waits until a run is the one that is on.
func (g *rig) isOn(id string) state.Run {
	g.t.Helper()
	var run state.Run
	g.eventually("run "+id+" is on", func() bool {
		var on bool
		run, on = g.runner.Current()
		a := g.runner.current.Load()
		return on && run.ID == id && a != nil && a.id == id
	})
	return run
}

// over waits until a run has ended, whatever is on then.
func (g *rig) over(id string) state.Run {
	g.t.Helper()
	var run state.Run
	g.eventually("the end of run "+id, func() bool {
		var err error
		run, err = g.store.Run(context.Background(), id)
		return err == nil && run.Ended()
	})
	return run
}

func TestRunThatIsSpreadWaitsForOneThatIsAskedFor(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.until(turns["f"])
	g.hasChecked("d", "f")
	g.forgetCalls()
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome { return h.wait(ctx, g, c) }
	id := g.asks("a", "d")
	h.next(t)
	h.next(t)
	assert.Equal(t, id, g.isOn(id).ID)
	_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.EqualError(t, err, "run "+id+" is on: 0 of 2 machines done", "there is but one that is asked for")
	waits, err := g.store.Run(t.Context(), tomorrow)
	require.NoError(t, err)
	assert.Equal(t, []any{state.RunRunning, 2, 4, 0}, []any{waits.Phase, waits.Checked, waits.ToCome, waits.NotTried})
	g.until(turns["b"])
	assert.ElementsMatch(t, []string{"a", "d"}, g.checked(), "those that are due wait")
	assert.Equal(t, state.RunID(utc(tomorrow).Add(turns["c"])), g.due())

	close(h.free)
	got := g.over(id)
	assert.Equal(t, []any{state.RunDone, 2, 2, 0}, []any{got.Phase, got.Total, got.Checked, got.NotTried})
	run := g.isOn(tomorrow)
	assert.Equal(t, 6, run.Total)
	g.hasTurn("a", "d", "c", "b")
	g.until(turns["a"])
	got = g.ends(tomorrow)
	assert.Equal(t, []any{state.RunDone, 6, 6, 0}, []any{got.Phase, got.Total, got.Checked, got.NotTried})
	assert.ElementsMatch(t, []string{"a", "b", "c", "d", "e"}, g.checked(), "a had its check, and only d was checked twice")
	assert.Len(t, g.runs(), 3)
}

func TestRunOfAllLeavesNothingOfTheOneThatIsSpread(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.until(turns["f"])
	g.hasChecked("d", "f")
	assert.Equal(t, 6, g.over(g.asks()).Checked)
	got := g.ends(tomorrow)
	assert.Equal(t, []any{state.RunDone, 6, 6, 0}, []any{got.Phase, got.Total, got.Checked, got.NotTried})
	assert.Len(t, g.checked(), 8)
}

func TestRunThatIsSpreadGoesOnAfterARestart(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.until(turns["f"])
	g.hasChecked("d", "f")
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome { return h.wait(ctx, g, c) }
	id := g.asks("a", "d")
	h.next(t)
	h.next(t)
	g.restart(turns["b"] - turns["f"])
	h.next(t)
	h.next(t)
	g.isOn(id)
	g.tick()
	g.forgetCalls()
	close(h.free)
	assert.Equal(t, 2, g.over(id).Checked)
	g.hasTurn("c", "b")
	g.until(turns["a"])
	got := g.ends(tomorrow)
	assert.Equal(t, []any{state.RunDone, 6, 6, 0}, []any{got.Phase, got.Total, got.Checked, got.NotTried})
	assert.ElementsMatch(t, []string{"b", "c", "e"}, g.checked())
}

// Wherever the process dies between the asking and the end, both runs are completed.
func TestCrashWhileARunWaits(t *testing.T) {
	for _, op := range []string{"purge", "enqueue a", "machine a", "update"} {
		nth := 1
		for diesWhileARunWaits(t, op, nth) {
			nth++
		}
		assert.Greater(t, nth, map[string]int{"purge": 2, "update": 6}[op], "it never died at %s while it had two runs", op)
	}
}

// diesWhileARunWaits tells whether the process did anything for the nth time, so that it died of it.
func diesWhileARunWaits(t *testing.T, op string, nth int) (died bool) {
	t.Run(fmt.Sprintf("%s %d", op, nth), func(t *testing.T) {
		g, turns := spreadRig(t, nil)
		g.stop()
		dead := g.dieAt(op, nth)
		g.start()
		id := ""
		g.clock.Advance(utc(tomorrow).Add(turns["f"]).Sub(g.clock.Now()))
		g.eventually("it dies, or all is done", func() bool {
			select {
			case <-dead:
				died = true
				return true
			default:
			}
			g.clock.Advance(tickEvery)
			if len(g.checked()) >= 2 && id == "" {
				id, _ = g.runner.StartRun(t.Context(), state.TriggerAPI, []string{"a"})
			}
			run, ok := g.store.View().Run(tomorrow)
			return ok && run.Ended()
		})
		if died {
			g.crash(dead)
		}
		g.until(turns["a"])
		if id != "" {
			asked := g.over(id)
			assert.Equal(t, []any{state.RunDone, 1, 1}, []any{asked.Phase, asked.Total, asked.Checked})
		}
		got := g.ends(tomorrow)
		assert.Equal(t, []any{state.RunDone, 6, 6, 0}, []any{got.Phase, got.Total, got.Checked, got.NotTried})
	})
	return died && !t.Failed()
}

func TestNextRunEndsTheOneThatWaitsAsWell(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.until(turns["f"])
	g.hasChecked("d", "f")
	h := newHeld()
	g.forgetCalls()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome {
		if c.machine == "a" && c.nth == 1 {
			return h.wait(ctx, g, c)
		}
		return g.complies(c)
	}
	id := g.asks("a", "b")
	h.next(t)
	g.eventually("b is done", func() bool { return len(g.stored()) == 1 })
	g.until(24 * time.Hour)
	asked, spread := g.over(id), g.over(tomorrow)
	assert.Equal(t, []any{state.RunFailed, nextDue, 1, 1}, []any{asked.Phase, asked.Error, asked.Checked, asked.NotTried})
	assert.Equal(t, []any{state.RunFailed, nextDue, 3, 3}, []any{spread.Phase, spread.Error, spread.Checked, spread.NotTried})
	g.isOn("2026-01-31T06:00:00Z")
}

// The machines of a site that has no worker must not keep all others from their turns.
func TestRunThatComesNoFurtherDoesNotKeepAnotherWaiting(t *testing.T) {
	g, turns := spreadRig(t, func(c *config.Config) { c.Check.RetryDelay = 5 * time.Minute })
	g.until(turns["f"])
	g.hasChecked("d", "f")
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome {
		if c.machine == "a" && c.run != tomorrow {
			return h.wait(ctx, g, c)
		}
		return g.complies(c)
	}
	id := g.asks("a")
	h.next(t)
	g.tick()
	g.clock.Advance(15 * time.Minute)
	g.round()
	g.tick()
	g.isOn(id)
	g.clock.Advance(2 * time.Minute)
	g.tick()
	assert.Equal(t, []any{state.RunFailed, 1}, []any{g.over(id).Phase, g.over(id).NotTried})
	g.isOn(tomorrow)
	g.until(turns["a"])
	got := g.ends(tomorrow)
	assert.Equal(t, []any{state.RunDone, 6, 6, 0}, []any{got.Phase, got.Total, got.Checked, got.NotTried})
}

// Whoever is asked, and whoever coordinates then: each run comes to its end.
func TestReplicasHaveARunWait(t *testing.T) {
	f := newFleet(t, func(c *config.Config) { c.Schedule.Spread = 5 * time.Minute }, manyMachines(30)...)
	c := newCluster(t, f, f)
	spread := func(r *replica) (state.Run, bool) { return r.View().Run(today) }
	free := c.holds(today)
	c.start()
	c.eventually("some are done", func() bool { run, _ := spread(c.replicas[1]); return run.Checked > 3 && run.ToCome > 3 })
	last := lastTurn(f)
	var id string
	c.eventually("it is accepted", func() bool {
		var err error
		id, err = c.replicas[1].runner.StartRun(t.Context(), state.TriggerAPI, []string{last})
		return err == nil
	})
	c.within(patience/4, "it is on", func() bool { return c.times(id)[last] == 1 })
	c.lead(1)
	c.within(patience/4, "the other takes over", func() bool {
		a := c.replicas[1].runner.current.Load()
		return a != nil && a.id == id
	})
	run, _ := spread(c.replicas[1])
	assert.Equal(t, state.RunRunning, run.Phase)
	free()
	assert.Equal(t, 1, c.ends(id).Checked)
	run = c.ends(today)
	assert.Equal(t, []any{state.RunDone, 30, 30, 0}, []any{run.Phase, run.Total, run.Checked, run.NotTried})
	c.once(today, 29, 2)
	assert.NotContains(t, c.times(today), last)
}

// A replica takes up the run that is spread, and learns only then that the one before it has begun the run that was asked
// for: that comes first all the same, and is not ended.
func TestRunThatWasBegunDuringATakeoverIsNotInterrupted(t *testing.T) {
	f := newFleet(t, func(c *config.Config) { c.Schedule.Spread = 5 * time.Minute }, manyMachines(30)...)
	c := newCluster(t, f, f)
	first, second := c.replicas[0], c.replicas[1]
	free := c.holds(today)
	c.start()
	c.eventually("some are done", func() bool { run, _ := second.View().Run(today); return run.Checked > 3 && run.ToCome > 3 })
	begins, resumes := newPause("purge"), newPause("update")
	first.pause.Store(begins)
	second.pause.Store(resumes)
	var id string
	c.eventually("it is accepted", func() bool {
		var err error
		id, err = second.runner.StartRun(t.Context(), state.TriggerAPI, []string{lastTurn(f)})
		return err == nil
	})
	c.within(patience/4, "it is about to begin", begins.isOn)
	c.lead(1)
	c.within(patience/4, "the other takes up the run that is spread", resumes.isOn)
	close(begins.wake)
	c.patiently("the first has begun it", func() bool { run, _ := second.View().Run(id); return run.Phase == state.RunRunning })
	close(resumes.wake)
	c.within(patience/4, "the other takes it up", func() bool { a := second.runner.current.Load(); return a != nil && a.id == id })
	free()
	run := c.ends(id)
	assert.Equal(t, []any{state.RunDone, 1, 1}, []any{run.Phase, run.Total, run.Checked})
	run = c.ends(today)
	assert.Equal(t, []any{state.RunDone, 30, 30, 0}, []any{run.Phase, run.Total, run.Checked, run.NotTried})
}

// holds has the checks of all runs but one wait until they are freed.
func (c *cluster) holds(but string) (free func()) {
	held := make(chan struct{})
	c.onCheck = func(ctx context.Context, _ *replica, now call) checker.Outcome {
		if now.run != but {
			select {
			case <-held:
			case <-ctx.Done():
			}
		}
		return c.complies(now)
	}
	return func() { close(held) }
}

// lastTurn is the machine of a fleet whose turn comes last.
func lastTurn(f *checker.Fleet) (last string) {
	for _, name := range allCheckable(f) {
		if last == "" || place(name, time.Hour) > place(last, time.Hour) {
			last = name
		}
	}
	return last
}
