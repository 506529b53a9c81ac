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

func TestPlacesAreEvenAndDependOnNothingButTheName(t *testing.T) {
	const buckets, each = 20, 500
	var count [buckets]int
	for i := range buckets * each {
		at := place(fmt.Sprintf("web%d", i), time.Hour)
		require.GreaterOrEqual(t, at, time.Duration(0))
		require.Less(t, at, time.Hour)
		count[at/(time.Hour/buckets)]++
	}
	for i, n := range count {
		assert.InDelta(t, each, n, each/5, "part %d", i)
	}
	assert.Equal(t, "23m48.8s", place("web1", time.Hour).Round(100*time.Millisecond).String(), "also in later versions")
	assert.InDelta(t, 2*place("web1", time.Hour), place("web1", 2*time.Hour), 1, "a longer spread keeps the order")
}

// spreadRig is a rig after its first run, whose fleet is spread over an hour. The machines' turns are in their order.
func spreadRig(t *testing.T, change func(*config.Config)) (g *rig, turns map[string]time.Duration) {
	t.Helper()
	names := []string{"d", "f", "c", "b", "e", "a"}
	turns = map[string]time.Duration{}
	for i, n := range names {
		turns[n] = place(n, time.Hour)
		if i > 0 {
			require.Greater(t, turns[n], turns[names[i-1]]+2*tickEvery, "the names are chosen so")
		}
	}
	g = newRig(t, newFleet(t, func(c *config.Config) {
		c.Schedule.Spread = time.Hour
		if change != nil {
			change(c)
		}
	}, machines("a", "b", "c", "d", "e", "f")...)).start()
	g.ends(today)
	require.Len(t, g.checked(), 6, "nothing was known of them, so they did not wait")
	g.forgetCalls()
	return g, turns
}

// until lets time pass up to a moment after 06:00 of the next day, as the loop sees it.
func (g *rig) until(after time.Duration) {
	g.t.Helper()
	at := utc(tomorrow).Add(after)
	g.clock.Advance(at.Sub(g.clock.Now()))
	g.round()
	g.tick()
	g.round()
}

func utc(s string) time.Time {
	at, _ := time.Parse(time.RFC3339, s)
	return at.UTC()
}

func (g *rig) hasChecked(names ...string) {
	g.t.Helper()
	g.eventually(fmt.Sprint("the checks of ", names), func() bool {
		run, on := g.runner.Current()
		return len(g.checked()) >= len(names) && (!on || run.Checked+run.Failed == len(names))
	})
	assert.ElementsMatch(g.t, names, g.checked())
}

func TestMachinesOfAScheduledRunHaveTheirTurns(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.until(0)
	run, on := g.runner.Current()
	require.True(t, on)
	assert.Equal(t, []any{utc(tomorrow), utc(tomorrow).Add(time.Hour)}, []any{run.SpreadFrom, run.SpreadUntil})
	assert.Equal(t, []int{6, 0, 6, 0}, []int{run.Total, run.Checked, run.ToCome, run.NotTried})

	g.until(turns["d"] - 2*tickEvery)
	g.hasChecked()
	g.until(turns["d"])
	g.hasChecked("d")
	g.until(turns["b"])
	g.hasChecked("d", "f", "c", "b")
	run, _ = g.runner.Current()
	assert.Equal(t, []int{6, 4, 2, 0}, []int{run.Total, run.Checked, run.ToCome, run.NotTried}, "two are still to come")
	g.until(turns["a"])
	got := g.ends(tomorrow)
	assert.Equal(t, []any{state.RunDone, 6, 6, 0, 0}, []any{got.Phase, got.Total, got.Checked, got.ToCome, got.NotTried})
	assert.Len(t, g.checked(), 6)
	assert.Equal(t, utc("2026-01-31T07:00:00Z"), g.runner.LastDue())
}

func TestRunsThatAreAskedForAreNotSpread(t *testing.T) {
	g, _ := spreadRig(t, nil)
	id, err := g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.NoError(t, err)
	run := g.ends(id)
	assert.Zero(t, run.SpreadUntil)
	assert.Equal(t, 6, run.Checked)
}

func TestRestartGoesOnWithTheTurns(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.until(turns["f"])
	g.hasChecked("d", "f")
	g.forgetCalls()
	g.restart(turns["b"] - turns["f"]) // c and b were due while it was down
	g.hasTurn("c", "b")
	g.until(turns["a"])
	got := g.ends(tomorrow)
	assert.ElementsMatch(t, []string{"a", "b", "c", "e"}, g.checked(), "each once, none again")
	assert.Equal(t, []int{6, 6, 0}, []int{got.Total, got.Checked, got.NotTried})
}

// hasTurn waits until just these were checked.
func (g *rig) hasTurn(names ...string) {
	g.t.Helper()
	g.eventually(fmt.Sprint("the checks of ", names), func() bool { return len(g.checked()) == len(names) })
	g.tick()
	assert.ElementsMatch(g.t, names, g.checked())
}

func TestCatchUpKeepsTheTurnsThatAreToCome(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.stop()
	g.restart(utc(tomorrow).Add(turns["b"]).Sub(g.clock.Now()))
	g.hasTurn("d", "f", "c", "b")
	g.until(turns["a"])
	assert.Equal(t, state.TriggerCatchUp, g.ends(tomorrow).Trigger)
	assert.Len(t, g.checked(), 6)
}

func TestCatchUpLongAfterTheInstantIsSpreadFromItsStart(t *testing.T) {
	for name, c := range map[string]struct {
		late, from, over time.Duration
	}{
		"with time to spare":             {late: 3 * time.Hour, over: time.Hour},
		"just when the last was due":     {late: time.Hour, over: time.Hour},
		"when the next run is near":      {late: 23 * time.Hour, over: 30 * time.Minute},
		"in the middle it is not spread": {late: 30 * time.Minute, from: -30 * time.Minute, over: time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			g, _ := spreadRig(t, nil)
			g.stop()
			start := utc(tomorrow).Add(c.late)
			g.restart(start.Sub(g.clock.Now()))
			g.round()
			run, on := g.runner.Current()
			require.True(t, on)
			assert.Equal(t, []time.Time{start.Add(c.from), start.Add(c.from + c.over)}, []time.Time{run.SpreadFrom, run.SpreadUntil})
		})
	}
}

func TestNewMachinesDoNotWaitForTheirTurn(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.until(turns["f"])
	g.hasChecked("d", "f")
	require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, func(c *config.Config) { c.Schedule.Spread = 2 * time.Hour },
		machines("a", "b", "c", "d", "e", "f", "new")...)))
	g.hasChecked("d", "f", "new")
	g.eventually("the size of the run", func() bool { run, _ := g.runner.Current(); return run.Total == 7 })
	run, _ := g.runner.Current()
	assert.Equal(t, []any{4, utc(tomorrow).Add(time.Hour)}, []any{run.ToCome, run.SpreadUntil}, "the run goes on as it began")
	g.until(turns["a"])
	got := g.ends(tomorrow)
	assert.Equal(t, []int{7, 7, 0}, []int{got.Total, got.Checked, got.NotTried})
	assert.Len(t, g.checked(), 7)
	g.tick()
	assert.Len(t, g.runs(), 2, "there is no further run of new machines")
}

func TestNextRunCutsASpreadThatIsOn(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.until(turns["d"])
	g.hasChecked("d")
	c := *g.fleet.Config
	c.Schedule.Cron = "*/30 * * * *"
	require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, func(into *config.Config) { *into = c })))
	g.until(30 * time.Minute)
	g.eventually("the end of the run before", func() bool {
		run, err := g.store.Run(t.Context(), tomorrow)
		return err == nil && run.Phase == state.RunFailed && run.NotTried == 6-run.Checked && run.NotTried > 0 && run.ToCome == 0
	})
}

// fullQueue takes no jobs while it is told so.
type fullQueue struct {
	Queue
	full func() bool
}

func (q fullQueue) Enqueue(ctx context.Context, jobs []state.Job) error {
	if q.full() {
		return errInjected
	}
	return q.Queue.Enqueue(ctx, jobs)
}

func TestTurnThatCannotBeTakenComesAgain(t *testing.T) {
	g, turns := spreadRig(t, nil)
	g.stop()
	full := make(chan bool, 1)
	full <- false
	g.options = func(o *Options) {
		o.Queue = fullQueue{o.Queue, func() bool { f := <-full; full <- f; return f }}
	}
	g.start()
	g.until(0)
	<-full
	full <- true
	g.until(turns["f"])
	assert.True(t, g.log.has("could not be put on the queue", "machines=2", "injected"))
	assert.Empty(t, g.checked())
	run, on := g.runner.Current()
	require.True(t, on)
	assert.Equal(t, []int{6, 6}, []int{run.Total, run.ToCome})
	<-full
	full <- false
	g.tick()
	g.hasChecked("d", "f")
}

func TestNothingIsOutstandingBetweenTheTurns(t *testing.T) {
	g, turns := spreadRig(t, nil)
	h := newHeld()
	turn := func(name string) string { return state.RunID(utc(tomorrow).Add(turns[name])) }
	g.until(0)
	assert.Equal(t, turn("d"), g.due(), "which is to come")
	g.onCheck = func(ctx context.Context, c call) checker.Outcome { return h.wait(ctx, g, c) }
	g.until(turns["d"])
	h.next(t)
	g.until(turns["f"])
	assert.Equal(t, turn("d"), g.due(), "it has waited the longest")
	close(h.free)
	g.hasChecked("d", "f")
	assert.Equal(t, turn("c"), g.due(), "all that were due are done")
}
