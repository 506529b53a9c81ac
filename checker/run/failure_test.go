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
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// moody is a store and queue of which single operations fail.
type moody struct {
	Store
	Queue
	create, update, enqueue, pull, purge, pending atomic.Int32 // how many of the next calls fail
}

func fails(n *atomic.Int32) error {
	if n.Add(-1) >= 0 {
		return errInjected
	}
	n.Store(0)
	return nil
}

func (m *moody) CreateRun(ctx context.Context, r state.Run) error {
	if err := fails(&m.create); err != nil {
		return err
	}
	return m.Store.CreateRun(ctx, r)
}

func (m *moody) UpdateRun(ctx context.Context, id string, next func(*state.Run) bool) (state.Run, error) {
	if err := fails(&m.update); err != nil {
		return state.Run{}, err
	}
	return m.Store.UpdateRun(ctx, id, next)
}

func (m *moody) Enqueue(ctx context.Context, jobs []state.Job) error {
	err := fails(&m.enqueue)
	if err != nil {
		jobs = jobs[:1] // some got through
	}
	if other := m.Queue.Enqueue(ctx, jobs); other != nil {
		return other
	}
	return err
}

func (m *moody) Pull(ctx context.Context, most int) ([]*state.Delivery, error) {
	if err := fails(&m.pull); err != nil {
		return nil, err
	}
	return m.Queue.Pull(ctx, most)
}

func (m *moody) Purge(ctx context.Context) (int, error) {
	if err := fails(&m.purge); err != nil {
		return 0, err
	}
	return m.Queue.Purge(ctx)
}

func (m *moody) Pending(ctx context.Context) (int, error) {
	if err := fails(&m.pending); err != nil {
		return 0, err
	}
	return m.Queue.Pending(ctx)
}

func newMoodyRig(t *testing.T) (*rig, *moody) {
	t.Helper()
	g := newRig(t, newFleet(t, nil, machines("a", "b")...))
	m := &moody{}
	g.options = func(o *Options) {
		m.Store, m.Queue = o.Store, o.Queue
		o.Store, o.Queue, o.Unjudged = m, m, nil
	}
	return g, m
}

// A run that fails is logged and counted, and the next one happens.
func TestRunThatFails(t *testing.T) {
	for _, c := range []struct {
		name   string
		breaks func(m *moody)
		stored bool
	}{
		{"it cannot be claimed", func(m *moody) { m.create.Store(1) }, false},
		{"it cannot be enqueued", func(m *moody) { m.enqueue.Store(1) }, true},
		{"the queue cannot be emptied", func(m *moody) { m.purge.Store(1) }, true},
		{"its phase cannot be stored", func(m *moody) { m.update.Store(1) }, true},
	} {
		t.Run(c.name, func(t *testing.T) {
			g, m := newMoodyRig(t)
			c.breaks(m)
			g.start()
			g.eventually("the failure", func() bool {
				return testutil.ToFloat64(g.metrics.runs.WithLabelValues(resultFailure)) == 1
			})
			if c.stored {
				run := g.ends(today)
				assert.Equal(t, state.RunFailed, run.Phase)
				assert.Equal(t, "not enqueued: injected", run.Error)
				assert.Equal(t, 2, run.Checked+run.NotTried)
				assert.True(t, g.log.has("level=ERROR", "run ended", "reason=\"not enqueued: injected\""))
			} else {
				g.eventually("the log line", func() bool { return g.log.has("level=ERROR", "a run could not be started", "err=injected") })
			}
			g.clock.Advance(18 * time.Hour)
			run := g.ends(tomorrow)
			assert.Equal(t, state.Run{ID: tomorrow, Trigger: state.TriggerSchedule, Phase: state.RunDone, Total: 2, Checked: 2}, run)
			n, err := g.store.Queue().Pending(t.Context())
			require.NoError(t, err)
			assert.Zero(t, n)
		})
	}
}

func TestEndThatCannotBeStoredIsTriedAgain(t *testing.T) {
	g, m := newMoodyRig(t)
	g.onSink = func(context.Context, checker.Outcome) error { m.update.Store(2); return nil }
	g.start()
	g.eventually("both were tried to be stored", func() bool { return g.log.has("the end of a run could not be stored") })
	_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.ErrorIs(t, err, ErrBusy)
	m.update.Store(0)
	g.clock.Advance(tickEvery)
	assert.Equal(t, 2, g.ends(today).Checked)
	assert.InDelta(t, 1, testutil.ToFloat64(g.metrics.runs.WithLabelValues(resultSuccess)), 0)
}

func TestQueueThatCannotBeAsked(t *testing.T) {
	g, m := newMoodyRig(t)
	m.pull.Store(1)
	m.pending.Store(1)
	g.start()
	g.eventually("the pull failed", func() bool { return g.log.has("level=ERROR", "could not be asked for work", "err=injected") })
	require.NoError(t, g.clock.BlockUntilContext(t.Context(), 3)) // the pause, the ticker, and the schedule's timer
	g.clock.Advance(tickEvery)
	g.eventually("both were checked", func() bool { return len(g.stored()) == 2 })
	g.ends(today)
}

// Machines that a reload added are not forgotten because their run could not be claimed.
func TestRunOfNewMachinesThatFails(t *testing.T) {
	g, m := newMoodyRig(t)
	inner := g.options
	g.options = func(o *Options) { unjudged := o.Unjudged; inner(o); o.Unjudged = unjudged }
	g.start()
	g.ends(today)
	m.create.Store(1)
	require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, nil, machines("a", "b", "c")...)))
	g.eventually("the failure", func() bool { return g.log.has("a run could not be started", "trigger=new") })
	g.tick()
	assert.Len(t, g.stored(), 2, "it is put off for a while")
	g.eventually("the new machine", func() bool { g.tick(); return len(g.stored()) == 3 })
	assert.GreaterOrEqual(t, g.clock.Since(noon), newRetry)
}
