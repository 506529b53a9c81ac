package run

import (
	"context"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// held is a check that goes on until it is let go or ended.
type held struct {
	begun chan call
	free  chan struct{}
}

func newHeld() *held { return &held{begun: make(chan call, 100), free: make(chan struct{})} }

// wait blocks a check. One that is ended looks like a machine that does not answer.
func (h *held) wait(ctx context.Context, g *rig, c call) checker.Outcome {
	h.begun <- c
	select {
	case <-h.free:
		return g.complies(c)
	case <-ctx.Done():
		return g.fails(c, state.ReasonTimeout, true)
	}
}

func (h *held) next(t *testing.T) call {
	t.Helper()
	select {
	case c := <-h.begun:
		return c
	case <-time.After(soon):
		require.FailNow(t, "no check began")
		return call{}
	}
}

func TestRunsThatAreAskedFor(t *testing.T) {
	ms := machines("a", "b", "c", "off", "packless")
	ms[3].Enabled = false
	ms[4].Packs = nil
	g := newRig(t, newFleet(t, nil, ms...)).start()
	assert.Equal(t, state.Run{ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunDone, Total: 3, Checked: 3}, g.ends(today))
	g.forgetCalls()
	ctx := t.Context()

	for name, why := range map[string]string{
		"nobody": "no such machine", "off": "drift detection is disabled", "packless": "it carries no pack",
	} {
		_, err := g.runner.StartRun(ctx, state.TriggerAPI, []string{"a", name})
		require.ErrorIs(t, err, ErrUnknownMachine)
		require.EqualError(t, err, `machine "`+name+`": `+why)
	}

	id, err := g.runner.StartRun(ctx, state.TriggerAPI, []string{"c", "a", "c"})
	require.NoError(t, err)
	assert.Equal(t, "2026-01-29T12:00:00Z", id)
	want := state.Run{
		ID: id, Trigger: state.TriggerAPI, Phase: state.RunDone, Machines: []string{"a", "c"}, Total: 2, Checked: 2,
	}
	assert.Equal(t, want, g.ends(id))
	assert.ElementsMatch(t, []string{"a", "c"}, g.checked())

	id, err = g.runner.StartRun(ctx, state.TriggerAPI, nil)
	require.NoError(t, err)
	assert.Equal(t, "2026-01-29T12:00:00.001Z", id, "the clock has not moved, but the run is a later one")
	want = state.Run{ID: id, Trigger: state.TriggerAPI, Phase: state.RunDone, Total: 3, Checked: 3}
	assert.Equal(t, want, g.ends(id))
	assert.ElementsMatch(t, []string{"a", "c", "a", "b", "c"}, g.checked())
}

func TestOneRunAtATime(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a")...))
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome { return h.wait(ctx, g, c) }
	g.start()
	h.next(t)
	_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.ErrorIs(t, err, ErrBusy)
	run, on := g.runner.Current()
	assert.True(t, on)
	assert.Equal(t, state.Run{ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunRunning, StartedAt: noon, Total: 1}, run)
	close(h.free)
	g.ends(today)
	_, err = g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.NoError(t, err)
}

func TestStartRunAfterTheEnd(t *testing.T) {
	g := newRig(t, newFleet(t, nil)).start()
	g.stop()
	_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.ErrorIs(t, err, ErrStopped)
	require.Error(t, g.runner.Run(t.Context()), "a runner runs once")
}

func TestEmptyFleet(t *testing.T) {
	off := machines("off")
	off[0].Enabled = false
	g := newRig(t, newFleet(t, nil, off...)).start()
	assert.Equal(t, state.Run{ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunDone}, g.ends(today))
	assert.InDelta(t, 1, testutil.ToFloat64(g.metrics.runs.WithLabelValues(resultSuccess)), 0)
	assert.Empty(t, g.checked())
}

// The next scheduled run does not wait: what is left of the run before is not checked, what was tried in vain
// has failed, and a check that is ended for it says nothing of its machine.
func TestRunThatIsOverdueIsCutShort(t *testing.T) {
	g := newRig(t, newFleet(t, func(c *config.Config) {
		c.Check.Concurrency = 1
		c.Check.RetryDelay = time.Hour
	}, machines("a-fine", "b-dead", "c-slow", "d-waits", "e-waits")...))
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome {
		switch {
		case c.machine == "b-dead" && c.run == today:
			return g.fails(c, state.ReasonConnect, true)
		case c.machine == "c-slow" && c.run == today:
			return h.wait(ctx, g, c)
		}
		return g.complies(c)
	}
	g.start()
	h.next(t)
	g.clock.Advance(18 * time.Hour)

	cut := g.ends(today)
	assert.Equal(t, state.Run{
		ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunFailed, Error: "the next run was due",
		Total: 5, Checked: 1, Failed: 1, NotTried: 3,
	}, cut)
	run := g.ends(tomorrow)
	assert.Equal(t, state.Run{ID: tomorrow, Trigger: state.TriggerSchedule, Phase: state.RunDone, Total: 5, Checked: 5}, run)
	assert.Equal(t, []string{"a-fine", "b-dead: connect", "a-fine", "c-slow", "d-waits", "e-waits", "b-dead"}, g.stored(), "who did not answer comes last")
	assert.InDelta(t, 1, testutil.ToFloat64(g.metrics.runs.WithLabelValues(resultFailure)), 0)
	assert.InDelta(t, 1, testutil.ToFloat64(g.metrics.runs.WithLabelValues(resultSuccess)), 0)
	assert.True(t, g.log.has("level=ERROR", "run ended", "run="+today, "total=5", "checked=1", "failed=1", "not_checked=3"))
}

func TestMachinesThatAReloadAdds(t *testing.T) {
	t.Run("are checked at once", func(t *testing.T) {
		g := newRig(t, newFleet(t, nil, machines("a")...)).start()
		g.ends(today)
		require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, nil, machines("a", "b")...)))
		want := state.Run{
			ID: "2026-01-29T12:00:00Z", Trigger: state.TriggerNew, Phase: state.RunDone, Machines: []string{"b"},
			Total: 1, Checked: 1,
		}
		assert.Equal(t, want, g.ends("2026-01-29T12:00:00Z"))
		assert.Equal(t, []string{"a", "b"}, g.checked())
	})
	t.Run("wait for the end of the run that is on", func(t *testing.T) {
		g := newRig(t, newFleet(t, nil, machines("a")...))
		h := newHeld()
		g.onCheck = func(ctx context.Context, c call) checker.Outcome { return h.wait(ctx, g, c) }
		g.start()
		h.next(t)
		require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, nil, machines("a", "b")...)))
		require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, nil, machines("a", "b", "c")...)))
		_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
		require.ErrorIs(t, err, ErrBusy)
		assert.Equal(t, []string{"a"}, g.checked())
		close(h.free)
		assert.Equal(t, []string{"b", "c"}, g.ends("2026-01-29T12:00:00Z").Machines)
		assert.Equal(t, []string{today + " catch_up", "2026-01-29T12:00:00Z new"}, g.runs(), "two reloads, one run")
	})
	t.Run("do not wait for a reload that changes nothing", func(t *testing.T) {
		g := newRig(t, newFleet(t, nil, machines("a")...)).start()
		g.ends(today)
		require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, nil, machines("a")...)))
		g.tick()
		id, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
		require.NoError(t, err)
		g.ends(id)
		assert.Equal(t, []string{today + " catch_up", id + " api"}, g.runs())
	})
}
