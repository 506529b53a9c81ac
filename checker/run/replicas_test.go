package run

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// once asserts that all machines were checked in a run, each once but for some.
func (c *cluster) once(run string, machines int, twice int) {
	c.t.Helper()
	times := c.times(run)
	assert.Len(c.t, times, machines)
	again := 0
	for _, n := range times {
		again += n - 1
	}
	assert.LessOrEqual(c.t, again, twice, "checked more than once")
}

func TestReplicasShareARun(t *testing.T) {
	f := newFleet(t, nil, manyMachines(90)...)
	c := newCluster(t, f, f, f)
	by := make(chan string, 1000)
	c.onCheck = func(_ context.Context, r *replica, now call) checker.Outcome {
		by <- r.name
		<-time.After(time.Millisecond) // or one would be done before the others have begun
		return c.complies(now)
	}
	c.start()
	assert.Equal(t, state.Run{ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunDone, Total: 90, Checked: 90}, c.ends(today))
	c.once(today, 90, 0)
	close(by)
	worked := map[string]bool{}
	for name := range by {
		worked[name] = true
	}
	assert.Len(t, worked, 3)
	assert.Len(t, c.replicas[2].View().Runs(), 1)
}

// Whoever coordinates next goes on with the run, and no machine is checked again that has an outcome.
func TestTakeoverInTheMiddleOfARun(t *testing.T) {
	f := newFleet(t, func(cfg *config.Config) { cfg.Check.Concurrency = 2 }, manyMachines(30)...)
	c := newCluster(t, f, f)
	half, free := make(chan struct{}, 100), make(chan struct{})
	c.onCheck = func(ctx context.Context, _ *replica, now call) checker.Outcome {
		if now.machine >= "m00010" && now.nth == 1 {
			half <- struct{}{}
			select {
			case <-free:
			case <-ctx.Done():
				return c.fails(now)
			}
		}
		return c.complies(now)
	}
	c.start()
	for range 4 {
		<-half
	}
	c.lead(-1)
	c.replicas[0].stop(t) // with two machines in its hands
	c.lead(1)
	c.eventually("the other takes over", func() bool { return c.replicas[1].runner.current.Load() != nil })
	close(free)
	assert.Equal(t, state.Run{ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunDone, Total: 30, Checked: 30}, c.ends(today))
	c.once(today, 30, 2)
}

func TestTakeoverWhileARunIsEnqueued(t *testing.T) {
	f := newFleet(t, nil, machines("a", "b")...)
	c := newCluster(t, f, f)
	require.NoError(t, c.replicas[0].CreateRun(t.Context(), state.Run{
		ID: today, Trigger: state.TriggerSchedule, Phase: state.RunEnqueuing, StartedAt: noon, Total: 2,
	}))
	c.start()
	assert.Equal(t, 2, c.ends(today).Checked)
	c.once(today, 2, 0)
}

// A failure that waits for its retry is known to whoever coordinates, with how often the machine was tried.
func TestRetriesSurviveATakeover(t *testing.T) {
	f := longRetries(t, 4, "a-dead", "b")
	c := newCluster(t, f, f)
	c.onCheck = func(_ context.Context, _ *replica, now call) checker.Outcome {
		if now.machine == "a-dead" && now.run == today {
			return c.fails(now)
		}
		return c.complies(now)
	}
	c.start()
	c.eventually("only the retry is left", func() bool {
		run, on := c.replicas[1].runner.Current()
		return on && run.Checked == 1 && run.Retrying == 1
	})
	c.lead(1)
	c.eventually("the other takes over", func() bool { return c.replicas[1].runner.current.Load() != nil })
	c.patiently("no worker is at it", func() bool {
		run, on := c.replicas[1].runner.Current()
		return on && c.replicas[1].runner.onlyRetries(t.Context(), run)
	})
	id, err := c.replicas[1].runner.StartRun(t.Context(), state.TriggerAPI, []string{"b"})
	require.NoError(t, err)
	assert.Equal(t, 1, c.ends(id).Checked)
	run := c.ends(today)
	assert.Equal(t, []any{state.RunDone, 1, 1, 0}, []any{run.Phase, run.Checked, run.Failed, run.NotTried})
	record, ok := c.replicas[0].View().Record(state.Key{Machine: "a-dead", Pack: "base"})
	require.True(t, ok)
	assert.Equal(t, state.Unknown, record.Attempt.Status)
}

func TestRunThatIsAskedForOfAnotherReplica(t *testing.T) {
	f := newFleet(t, nil, machines("a", "b")...)
	c := newCluster(t, f, f)
	c.start()
	c.ends(today)
	free := make(chan struct{})
	c.onCheck = func(ctx context.Context, _ *replica, now call) checker.Outcome {
		select {
		case <-free:
		case <-ctx.Done():
		}
		return c.complies(now)
	}
	id, err := c.replicas[1].runner.StartRun(t.Context(), state.TriggerAPI, []string{"b"})
	require.NoError(t, err)
	c.eventually("it is known and on", func() bool {
		run, on := c.replicas[0].runner.Current()
		return on && run.ID == id && run.Phase == state.RunRunning
	})
	for _, r := range c.replicas {
		_, err = r.runner.StartRun(t.Context(), state.TriggerAPI, nil)
		require.ErrorIs(t, err, ErrBusy, r.name)
	}
	close(free)
	run := c.ends(id)
	assert.Equal(t, state.Run{
		ID: id, Trigger: state.TriggerAPI, Phase: state.RunDone, Machines: []string{"b"}, Total: 1, Checked: 1,
	}, run)
}

// Its run would be of a time that is to come, and keep scheduled ones from checking anything.
func TestReplicaWhoseClockIsWrongStartsNoRun(t *testing.T) {
	f := newFleet(t, nil, machines("a")...)
	c := newCluster(t, f, f)
	c.start()
	c.ends(today)
	for _, ahead := range []time.Duration{time.Hour, -time.Minute} {
		c.replicas[1].ahead.Store(int64(ahead))
		_, err := c.replicas[1].runner.StartRun(t.Context(), state.TriggerAPI, nil)
		require.ErrorIs(t, err, ErrClock)
		require.ErrorContains(t, err, "this replica's clock is "+ahead.Abs().String())
	}
	c.replicas[1].ahead.Store(0)
	_, err := c.replicas[1].runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.NoError(t, err)
}

// Two runs that were asked for at the same moment, of two replicas: they come one after the other.
func TestTwoRunsThatAreAskedForAtOnce(t *testing.T) {
	f := newFleet(t, nil, machines("a", "b")...)
	c := newCluster(t, f, f)
	c.start()
	c.ends(today)
	c.lead(-1)
	ids := []string{"2026-01-29T12:30:00Z", "2026-01-29T12:30:00.001Z"}
	for i, machine := range []string{"a", "b"} {
		require.NoError(t, c.replicas[i].CreateRun(t.Context(), state.Run{
			ID: ids[i], Trigger: state.TriggerAPI, Phase: state.RunEnqueuing, StartedAt: noon, Total: 1, Machines: []string{machine},
		}))
	}
	c.patiently("both are known", func() bool { return len(c.replicas[1].View().Runs()) == 3 })
	c.lead(1)
	for _, id := range ids {
		run := c.ends(id)
		assert.Equal(t, []any{state.RunDone, 1}, []any{run.Phase, run.Checked}, id)
	}
}

// The next run is due: a check of the old one ends wherever it goes on.
func TestCutEndsTheChecksOfOtherReplicas(t *testing.T) {
	f := newFleet(t, nil, machines("a")...)
	c := newCluster(t, f, f)
	begun, ended := make(chan string, 10), make(chan string, 10)
	c.onCheck = func(ctx context.Context, r *replica, now call) checker.Outcome {
		if now.run == today {
			begun <- r.name
			<-ctx.Done()
			ended <- r.name
		}
		return c.complies(now)
	}
	c.start()
	by := <-begun
	other := 0
	if by == c.replicas[0].name {
		other = 1
	}
	c.lead(other)
	c.eventually("the other takes over", func() bool { return c.replicas[other].runner.current.Load() != nil })
	c.clock.Advance(18 * time.Hour)
	run := c.ends(today)
	assert.Equal(t, []any{state.RunFailed, "the next run was due", 1}, []any{run.Phase, run.Error, run.NotTried})
	select {
	case name := <-ended:
		assert.Equal(t, by, name)
	case <-time.After(soon):
		require.FailNow(t, "the check goes on")
	}
	assert.Equal(t, 1, c.ends(tomorrow).Checked)
}

// Nobody coordinated at the instant: that is late, not missed, whatever catch_up says.
func TestInstantWithoutACoordinatorIsStartedLate(t *testing.T) {
	f := newFleet(t, func(cfg *config.Config) { cfg.Schedule.CatchUp = false }, machines("a")...)
	c := newCluster(t, f, f)
	c.start()
	for i, r := range c.replicas { // each of them has begun by then
		c.lead(i)
		c.eventually("what was missed before is skipped", func() bool { return r.log.has("is skipped") })
	}
	c.lead(-1)
	c.clock.Advance(18*time.Hour + time.Minute)
	c.lead(1)
	run := c.ends(tomorrow)
	assert.Equal(t, []any{state.TriggerSchedule, state.RunDone, 1}, []any{run.Trigger, run.Phase, run.Checked})
	assert.Len(t, c.replicas[0].View().Runs(), 1)
}

// Who coordinates need not check anything itself, and learns of the end when it is there, not some seconds later.
func TestEndOfARunIsNoticedThoughOthersDidIt(t *testing.T) {
	f := newFleet(t, nil, manyMachines(20)...)
	c := newCluster(t, f, f)
	c.replicas[0].runner.checks = false
	c.start()
	c.patiently("the end, while the clock stands", func() bool {
		run, ok := c.replicas[1].View().Run(today)
		return ok && run.Phase == state.RunDone && run.Checked == 20
	})
}

// A replica with an old configuration leaves a machine that it does not know to those that do.
func TestMachineThatAReplicaDoesNotKnow(t *testing.T) {
	c := newCluster(t, newFleet(t, nil, machines("a", "b-new")...), newFleet(t, nil, machines("a")...))
	c.replicas[0].runner.checks = false
	for _, r := range c.replicas {
		r.differs.Store(true)
	}
	c.start()
	for _, delay := range []string{"500ms", "1s", "1.5s"} { // soon at first: the next to get it may know it
		c.eventually("it is given back", func() bool {
			return c.replicas[1].log.has("not checked here", "machine=b-new", "delay="+delay)
		})
	}
	run, on := c.replicas[0].runner.Current()
	require.True(t, on, "the run goes on")
	assert.Equal(t, 2, run.Total)
	n, err := c.replicas[0].Queue().Pending(t.Context())
	require.NoError(t, err)
	assert.Positive(t, n)
}

// A coordinator that was paused may remove the jobs of a run that is another's by now: they are put there again.
func TestJobsThatWereRemovedAreNotLost(t *testing.T) {
	f := newFleet(t, func(cfg *config.Config) { cfg.Check.Concurrency = 1 }, machines("a", "b", "c", "d")...)
	c := newCluster(t, f, f)
	begun, free := make(chan struct{}, 10), make(chan struct{})
	c.onCheck = func(_ context.Context, _ *replica, now call) checker.Outcome {
		begun <- struct{}{}
		<-free
		return c.complies(now)
	}
	c.start()
	<-begun
	<-begun
	_, err := c.replicas[1].Queue().Purge(t.Context())
	require.NoError(t, err)
	close(free)
	run := c.ends(today)
	assert.Equal(t, []any{state.RunDone, 4, 0}, []any{run.Phase, run.Checked, run.NotTried})
}
