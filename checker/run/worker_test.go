package run

import (
	"context"
	"strings"
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

// oneSlot is a fleet whose machines are checked one after the other, and whose retries take long.
func oneSlot(t *testing.T, retries int, delay time.Duration, names ...string) *checker.Fleet {
	return newFleet(t, func(c *config.Config) {
		c.Check.Concurrency, c.Check.Retries, c.Check.RetryDelay = 1, retries, delay
	}, machines(names...)...)
}

func (g *rig) failures(machine string, reason state.Reason) float64 {
	return testutil.ToFloat64(g.metrics.failures.WithLabelValues(machine, string(reason)))
}

// The only slot is not held by a machine that waits an hour for its retry.
func TestRetryHoldsNoSlot(t *testing.T) {
	g := newRig(t, oneSlot(t, 1, time.Hour, "a-dead", "b", "c", "d"))
	g.onCheck = func(_ context.Context, c call) checker.Outcome {
		if c.machine == "a-dead" {
			return g.fails(c, state.ReasonConnect, true)
		}
		return g.complies(c)
	}
	g.start()
	g.eventually("the others", func() bool { run, on := g.runner.Current(); return on && run.Checked == 3 })
	assert.Equal(t, []string{"a-dead", "b", "c", "d"}, g.checked(), "in the order in which they were enqueued")
	assert.Equal(t, []string{"b", "c", "d"}, g.stored())
	_, on := g.runner.Current()
	assert.True(t, on, "the run goes on until the retry")
	assert.InDelta(t, 1, g.failures("a-dead", state.ReasonConnect), 0)
	assert.True(t, g.log.has("level=INFO", "will be tried again", "machine=a-dead", "reason=connect", "attempt=1"))
}

func TestRetries(t *testing.T) {
	for _, c := range []struct {
		name    string
		reason  state.Reason
		retry   bool
		well    int // the attempt that succeeds; 0: none
		retries int
		checks  int
		stored  string
	}{
		{"an offline machine is given up after its retries", state.ReasonConnect, true, 0, 2, 3, "a: connect"},
		{"a timeout is an error", state.ReasonTimeout, true, 0, 2, 3, "a: timeout"},
		{"a machine that is back in time", state.ReasonConnect, true, 3, 2, 3, "a"},
		{"no retries", state.ReasonConnect, true, 2, 0, 1, "a: connect"},
		{"what a retry cannot help is not retried", state.ReasonHostKey, false, 2, 2, 1, "a: host_key"},
		{"unreadable items are not retried", state.ReasonUnreadable, false, 2, 2, 1, "a: unreadable"},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(t, oneSlot(t, c.retries, time.Millisecond, "a"))
			g.onCheck = func(_ context.Context, now call) checker.Outcome {
				if now.nth == c.well {
					return g.complies(now)
				}
				return g.fails(now, c.reason, c.retry)
			}
			g.start()
			run := g.ends(today)
			assert.Equal(t, state.RunDone, run.Phase, "machines that do not answer do not fail a run")
			assert.Len(t, g.checked(), c.checks)
			assert.Equal(t, []string{c.stored}, g.stored(), "nothing is stored of attempts that are repeated")
			failed := c.checks
			if c.well == c.checks {
				failed--
				assert.Equal(t, 1, run.Checked)
			} else {
				assert.Equal(t, 1, run.Failed)
			}
			assert.InDelta(t, failed, g.failures("a", c.reason), 0, "every attempt counts")
		})
	}
}

func TestFactsOfAMachineOutliveAFailure(t *testing.T) {
	g := newRig(t, oneSlot(t, 0, 0, "a"))
	g.onCheck = func(_ context.Context, c call) checker.Outcome {
		if c.nth == 1 {
			return g.complies(c)
		}
		return g.fails(c, state.ReasonAuth, false)
	}
	g.start()
	g.ends(today)
	id, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.NoError(t, err)
	g.ends(id)
	m, ok := g.store.View().Machine("a")
	require.True(t, ok)
	assert.Equal(t, id, m.Run)
	assert.Equal(t, state.ReasonAuth, m.Failure.Reason)
	assert.Equal(t, "debian", m.Facts.OS)
}

// putMachine makes m what is stored of the machine.
func putMachine(ctx context.Context, s *state.Store, m state.Machine) error {
	_, err := s.UpdateMachine(ctx, m.Name, func(stored *state.Machine) bool {
		*stored = m
		return true
	})
	return err
}

func TestMachineStoredByAClockThatWasAhead(t *testing.T) {
	g := newRig(t, oneSlot(t, 0, 0, "a", "b"))
	for name, run := range map[string]string{"a": "2030-01-29T06:00:00Z", "b": "2026-01-29T12:45:00Z"} {
		m := state.Machine{Name: name, Run: run, Facts: state.Facts{Hostname: name}}
		require.NoError(t, putMachine(t.Context(), g.store, m))
	}
	g.options = func(o *Options) { o.Unjudged = nil }
	g.start()
	assert.Equal(t, 2, g.ends(today).Checked)
	assert.Equal(t, []string{"a"}, g.checked(), "years ahead does not count, within the hour does")
	m, ok := g.store.View().Machine("a")
	require.True(t, ok)
	assert.Equal(t, today, m.Run)
}

// Whoever is disabled while they wait on the queue is not connected to; whoever is disabled while they are
// checked leaves no result.
func TestMachineThatLeavesTheFleet(t *testing.T) {
	g := newRig(t, oneSlot(t, 0, 0, "a", "b-off", "c-gone", "d"))
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome {
		if c.machine == "a" {
			return h.wait(ctx, g, c)
		}
		return g.complies(c)
	}
	g.start()
	h.next(t)
	rest := machines("a", "b-off", "d")
	rest[0].Enabled, rest[1].Enabled = false, false
	require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, nil, rest...)))
	close(h.free)
	run := g.ends(today)
	assert.Equal(t, []string{"a", "d"}, g.checked())
	assert.Equal(t, []string{"d"}, g.stored())
	assert.Equal(t, state.RunDone, run.Phase)
	assert.Equal(t, []int{4, 1, 0, 3}, []int{run.Total, run.Checked, run.Failed, run.NotTried})
}

// A result that is stored while its job comes again is not made a second time.
func TestJobThatComesAgain(t *testing.T) {
	g := newRig(t, oneSlot(t, 0, 0, "a"))
	g.options = func(o *Options) { o.Unjudged = nil } // the machine's pairs are not stored here
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome { return h.wait(ctx, g, c) }
	g.start()
	h.next(t)
	// The process that has the job stores the outcome and is killed before it acknowledges.
	require.NoError(t, putMachine(t.Context(), g.store, state.Machine{Name: "a", Run: today}))
	g.stop()
	g.forgetCalls()
	g.restart(time.Minute)
	assert.Equal(t, 1, g.ends(today).Checked)
	assert.Empty(t, g.checked())
}

func TestJobsOfOtherRunsAreVoid(t *testing.T) {
	g := newRig(t, oneSlot(t, 0, 0, "a", "b"))
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome { return h.wait(ctx, g, c) }
	g.start()
	h.next(t)
	stray := []state.Job{{Run: "2026-01-20T06:00:00Z", Machine: "c"}}
	require.NoError(t, g.store.Queue().Enqueue(t.Context(), stray))
	close(h.free)
	g.eventually("all are off the queue", func() bool {
		n, err := g.store.Queue().Pending(context.Background())
		return err == nil && n == 0
	})
	g.clock.Advance(tickEvery)
	g.ends(today)
	assert.Equal(t, []string{"a", "b"}, g.checked())
}

func TestOutcomeThatCannotBeStored(t *testing.T) {
	g := newRig(t, oneSlot(t, 1, time.Millisecond, "a", "b"))
	var refused atomic.Int32
	var waits []int
	g.options = func(o *Options) {
		o.SinkBackoff = func(n int) time.Duration { waits = append(waits, n); return time.Millisecond } // one slot
	}
	g.onSink = func(_ context.Context, out checker.Outcome) error {
		switch {
		case out.Machine != "a" || refused.Load() == 3:
			return nil
		case refused.Add(1) == 2:
			panic("the judge is confused")
		}
		return errInjected
	}
	g.onCheck = func(_ context.Context, c call) checker.Outcome {
		if c.machine == "a" && c.nth == 4 { // its first failure: deliveries that were given back are no retries
			return g.fails(c, state.ReasonConnect, true)
		}
		return g.complies(c)
	}
	g.start()
	assert.Equal(t, 2, g.ends(today).Checked)
	assert.ElementsMatch(t, []string{"a", "b"}, g.stored())
	assert.Equal(t, []int{1, 2, 3}, waits)
	assert.Equal(t, 5, strings.Count(strings.Join(g.checked(), " "), "a"))
	assert.InDelta(t, 1, g.failures("a", state.ReasonInternal), 0)
	assert.InDelta(t, 1, g.failures("a", state.ReasonConnect), 0)
	assert.True(t, g.log.has("level=ERROR", "could not be stored", "machine=a", "err=injected"))
	assert.True(t, g.log.has("level=ERROR", "panicked", "machine=a", "the judge is confused", "worker_test.go"))
}

func TestCheckThatPanics(t *testing.T) {
	g := newRig(t, oneSlot(t, 2, time.Millisecond, "a", "b"))
	g.onCheck = func(_ context.Context, c call) checker.Outcome {
		if c.machine == "a" {
			panic("nobody expects this")
		}
		return g.complies(c)
	}
	g.start()
	run := g.ends(today)
	assert.Equal(t, []int{1, 1}, []int{run.Checked, run.Failed})
	assert.Equal(t, []string{"a: internal", "b"}, g.stored())
	assert.Equal(t, []string{"a", "b"}, g.checked())
	assert.InDelta(t, 1, g.failures("a", state.ReasonInternal), 0)
	assert.True(t, g.log.has("level=ERROR", "a check panicked", "machine=a", "nobody expects this", "worker_test.go"))
	rec, ok := g.store.View().Record(state.Key{Machine: "a", Pack: "base"})
	require.True(t, ok, "every pack of the machine says why it has no verdict")
	assert.Equal(t, state.Unknown, rec.Attempt.Status)
	assert.Equal(t, "the check crashed, see the log", rec.Attempt.Message)
}

func TestChecksAtATime(t *testing.T) {
	g := newRig(t, newFleet(t, func(c *config.Config) { c.Check.Concurrency = 3 }, machines("a", "b", "c", "d", "e", "f", "g")...))
	h := newHeld()
	var under, most atomic.Int32
	g.onCheck = func(ctx context.Context, c call) checker.Outcome {
		now := under.Add(1)
		defer under.Add(-1)
		for old := most.Load(); now > old && !most.CompareAndSwap(old, now); old = most.Load() {
		}
		return h.wait(ctx, g, c)
	}
	g.start()
	for range 3 {
		h.next(t)
	}
	more := newFleet(t, func(c *config.Config) { c.Check.Concurrency = 5 }, g.fleet.Config.Machines...)
	require.NoError(t, g.runner.Reload(t.Context(), more))
	for range 2 {
		h.next(t) // without any of the first three having ended
	}
	assert.Empty(t, h.begun)
	close(h.free)
	g.ends(today)
	assert.EqualValues(t, 5, most.Load())
}
