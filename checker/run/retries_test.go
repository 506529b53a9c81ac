package run

import (
	"context"
	"sync/atomic"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// longRetries is a fleet whose dead machines wait an hour before they are tried again.
func longRetries(t *testing.T, concurrency int, names ...string) *checker.Fleet {
	return newFleet(t, func(c *config.Config) {
		c.Check.Concurrency, c.Check.RetryDelay = concurrency, time.Hour
	}, machines(names...)...)
}

// deadToday makes one machine fail in the run of today, and comply in later ones.
func (g *rig) deadToday(dead string) {
	g.onCheck = func(_ context.Context, c call) checker.Outcome {
		if c.machine == dead && c.run == today {
			return g.fails(c, state.ReasonConnect, true)
		}
		return g.complies(c)
	}
}

// waits waits until the run that is on only waits for retries, and n machines have their outcome.
func (g *rig) waits(n int) {
	g.t.Helper()
	g.eventually("only retries are left", func() bool {
		run, on := g.runner.Current()
		return on && run.Checked+run.Failed == n && g.runner.onlyRetries(context.Background(), run) && g.idle(run.ID)
	})
}

// idle tells whether no worker has to do with the run.
func (g *rig) idle(run string) bool {
	w := g.runner.workFor(context.Background(), run)
	w.mu.Lock()
	defer w.mu.Unlock()
	return len(w.inFlight) == 0
}

func (g *rig) runsEnded(result string) float64 {
	return testutil.ToFloat64(g.metrics.runs.WithLabelValues(result))
}

func TestRunThatOnlyWaitsForRetriesGivesWay(t *testing.T) {
	g := newRig(t, longRetries(t, 4, "a-dead", "b", "c"))
	g.deadToday("a-dead")
	g.start()
	g.waits(2)

	_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, []string{"nobody"})
	require.ErrorIs(t, err, ErrUnknownMachine)
	_, on := g.runner.Current()
	require.True(t, on, "a request that is refused ends nothing")
	assert.ElementsMatch(t, []string{"b", "c"}, g.stored())

	id, err := g.runner.StartRun(t.Context(), state.TriggerAPI, []string{"b"})
	require.NoError(t, err)
	assert.Equal(t, state.Run{
		ID: id, Trigger: state.TriggerAPI, Phase: state.RunDone, Machines: []string{"b"}, Total: 1, Checked: 1,
	}, g.ends(id))
	assert.Equal(t, state.Run{
		ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunDone, Total: 3, Checked: 2, Failed: 1,
	}, g.ends(today))
	assert.ElementsMatch(t, []string{"b", "c", "a-dead: connect", "b"}, g.stored(), "the failure is stored once")
	assert.InDelta(t, 2, g.runsEnded(resultSuccess), 0)
	assert.InDelta(t, 0, g.runsEnded(resultFailure), 0)
	m, ok := g.store.View().Machine("a-dead")
	require.True(t, ok)
	assert.Equal(t, today, m.Run)

	g.clock.Advance(2 * time.Hour)
	g.tick()
	n, err := g.store.Queue().Pending(t.Context())
	require.NoError(t, err)
	assert.Zero(t, n)
	assert.Len(t, g.checked(), 4, "the retry does not happen")
}

func TestRunInWhichMoreGoesOnDoesNotGiveWay(t *testing.T) {
	for _, c := range []struct {
		name        string
		concurrency int
		text        string
	}{
		{"a check is in flight", 2, "run " + today + " is on: 0 of 2 machines done"},
		{"a machine was not tried yet", 1, "run " + today + " is on: 0 of 3 machines done"},
	} {
		t.Run(c.name, func(t *testing.T) {
			names := []string{"a-dead", "b-slow", "c"}
			if c.concurrency > 1 {
				names = names[:2]
			}
			g := newRig(t, longRetries(t, c.concurrency, names...))
			h := newHeld()
			g.onCheck = func(ctx context.Context, now call) checker.Outcome {
				switch {
				case now.machine == "a-dead" && now.run == today:
					return g.fails(now, state.ReasonConnect, true)
				case now.machine == "b-slow":
					return h.wait(ctx, g, now)
				}
				return g.complies(now)
			}
			g.start()
			h.next(t)
			g.eventually("the retry", func() bool { return g.log.has("will be tried again") })
			_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
			require.ErrorIs(t, err, ErrBusy)
			require.EqualError(t, err, c.text)
			close(h.free)
			g.waits(len(names) - 1)
			_, err = g.runner.StartRun(t.Context(), state.TriggerAPI, []string{"a-dead"})
			require.NoError(t, err)
			assert.Equal(t, 1, g.ends(today).Failed)
		})
	}
}

// A machine whose outcome is observed but not stored is not done with, whatever it did before.
func TestRunWithAnUnstoredOutcomeDoesNotGiveWay(t *testing.T) {
	g := newRig(t, oneSlot(t, 1, time.Millisecond, "a"))
	g.onCheck = func(_ context.Context, c call) checker.Outcome {
		if c.nth == 1 {
			return g.fails(c, state.ReasonConnect, true)
		}
		return g.complies(c)
	}
	g.onSink = func(_ context.Context, out checker.Outcome) error {
		if out.Failure == nil {
			return errInjected
		}
		return nil
	}
	g.options = func(o *Options) { o.SinkBackoff = func(int) time.Duration { return time.Hour } }
	g.start()
	g.eventually("the sink failed", func() bool { return g.log.has("could not be stored, it will be repeated") })
	_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.ErrorIs(t, err, ErrBusy)
}

// If the failures cannot be stored the run goes on as it was, and gives way once they can.
func TestRunWhoseFailuresCannotBeStoredGoesOn(t *testing.T) {
	g := newRig(t, longRetries(t, 4, "a-dead", "b"))
	var refuses atomic.Bool
	g.onSink = func(context.Context, checker.Outcome) error {
		if refuses.Load() {
			return errInjected
		}
		return nil
	}
	g.deadToday("a-dead")
	g.start()
	g.waits(1)
	refuses.Store(true)
	_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.ErrorIs(t, err, ErrBusy)
	run, on := g.runner.Current()
	require.True(t, on)
	assert.Equal(t, today, run.ID)
	n, err := g.store.Queue().Pending(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 1, n, "its retry is still to come")

	refuses.Store(false)
	id, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.NoError(t, err)
	assert.Equal(t, 2, g.ends(id).Checked)
	assert.ElementsMatch(t, []string{"b", "a-dead: connect", "a-dead", "b"}, g.stored())
}

func TestScheduledRunEndsOneThatOnlyWaitsForRetriesAsDone(t *testing.T) {
	g := newRig(t, newFleet(t, func(c *config.Config) { c.Check.RetryDelay = 48 * time.Hour }, machines("a-dead", "b")...))
	g.deadToday("a-dead")
	g.start()
	g.waits(1)
	g.clock.Advance(18 * time.Hour)
	assert.Equal(t, 2, g.ends(tomorrow).Checked)
	run := g.ends(today)
	assert.Equal(t, state.RunDone, run.Phase)
	assert.Empty(t, run.Error)
	assert.Equal(t, []int{2, 1, 1, 0}, []int{run.Total, run.Checked, run.Failed, run.NotTried})
	assert.InDelta(t, 2, g.runsEnded(resultSuccess), 0)
}

func TestNewMachinesDoNotWaitForADeadOne(t *testing.T) {
	g := newRig(t, longRetries(t, 4, "a-dead", "b"))
	g.deadToday("a-dead")
	g.start()
	g.waits(1)
	g.tick()
	_, on := g.runner.Current()
	require.True(t, on, "a machine that waits is no new one, though it has no record yet")

	require.NoError(t, g.runner.Reload(t.Context(), longRetries(t, 4, "a-dead", "b", "c-new")))
	run := g.ends("2026-01-29T12:00:05Z")
	assert.Equal(t, state.TriggerNew, run.Trigger)
	assert.Equal(t, []string{"c-new"}, run.Machines)
	assert.Equal(t, []string{today + " catch_up", run.ID + " new"}, g.runs())
	assert.ElementsMatch(t, []string{"b", "a-dead: connect", "c-new"}, g.stored())
	assert.Equal(t, state.RunDone, g.ends(today).Phase)
}

// A process that is killed while a run gives way leaves a failure that is stored, or a machine to be checked.
func TestKillWhileARunGivesWay(t *testing.T) {
	for _, c := range []struct {
		name   string
		before func(g *rig)
	}{
		{"before the failures are stored", func(*rig) {}},
		{"before the jobs are removed", func(g *rig) {
			require.True(t, g.runner.keepAll(t.Context(), g.runner.interrupted(today)))
		}},
		{"before the end is stored", func(g *rig) {
			require.True(t, g.runner.keepAll(t.Context(), g.runner.interrupted(today)))
			_, err := g.store.Queue().Purge(t.Context())
			require.NoError(t, err)
		}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(t, longRetries(t, 4, "a-dead", "b"))
			g.deadToday("a-dead")
			g.start()
			g.waits(1)
			g.stop()
			c.before(g)
			g.onCheck = func(_ context.Context, c call) checker.Outcome { return g.fails(c, state.ReasonConnect, false) }
			g.restart(time.Minute)
			run := g.ends(today)
			assert.Equal(t, state.RunDone, run.Phase)
			assert.Equal(t, []int{2, 1, 1, 0}, []int{run.Total, run.Checked, run.Failed, run.NotTried})
			assert.ElementsMatch(t, []string{"b", "a-dead: connect"}, g.stored(), "stored once")
		})
	}
}
