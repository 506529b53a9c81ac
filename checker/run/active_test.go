package run

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Who is shown the counts can tell from them whether another run would be refused.
func TestCountsOfARunTellWhetherItGivesWay(t *testing.T) {
	ctx := t.Context()
	g := newRig(t, longRetries(t, 4, "dead", "dropped", "fine", "slow"))
	g.make()
	r := g.runner
	require.NoError(t, g.store.CreateRun(ctx, state.Run{ID: today, Phase: state.RunRunning, Total: 4}))
	r.current.Store(newActive(state.Run{ID: today}))
	jobs := map[string]job{}
	var queued []state.Job
	for _, m := range g.fleet.Config.Machines {
		queued = append(queued, state.Job{Run: today, Machine: m.Name})
	}
	require.NoError(t, g.store.Queue().Enqueue(ctx, queued))
	for len(jobs) < 4 {
		got, err := g.store.Queue().Pull(ctx, 4)
		require.NoError(t, err)
		for _, d := range got {
			jobs[d.Job().Machine] = job{Delivery: d, run: today, machine: d.Job().Machine, log: r.log}
		}
	}
	ack := func(m string) { require.NoError(t, jobs[m].Ack(ctx)) }
	outcome := func(m string, failure *state.Failure) {
		require.NoError(t, r.putMachine(ctx, state.Machine{Name: m, Run: today, Failure: failure}))
	}
	fails := func(m string) {
		out := g.fails(call{machine: m, run: today}, state.ReasonConnect, true)
		again, err := r.failed(ctx, jobs[m], out, g.fleet.Config.Check)
		require.NoError(t, err)
		require.True(t, again)
	}
	steps := []struct {
		name string
		do   func()
		want counts
		over bool // but for retries
	}{
		{"at first", func() {}, counts{}, false},
		{"a machine is judged", func() { outcome("fine", nil); ack("fine") }, counts{checked: 1}, false},
		{"one left the fleet", func() { ack("dropped") }, counts{checked: 1, notTried: 1}, false},
		{"one failed", func() { fails("dead") }, counts{checked: 1, retrying: 1, notTried: 1}, false},
		{"the last failed for good", func() { outcome("slow", &state.Failure{}); ack("slow") }, counts{1, 1, 1, 1, 0}, true},
		{"the retry begins", func() { require.NoError(t, r.begins(ctx, jobs["dead"])) }, counts{1, 1, 0, 1, 0}, false},
		{"and fails too", func() { fails("dead") }, counts{1, 1, 1, 1, 0}, true},
		{"and once more", func() { require.NoError(t, r.begins(ctx, jobs["dead"])) }, counts{1, 1, 0, 1, 0}, false},
		{"and then for good", func() { outcome("dead", &state.Failure{}); ack("dead") }, counts{1, 2, 0, 1, 0}, true},
	}
	for _, s := range steps {
		s.do()
		r.saveCounts(ctx)
		now, on := r.Current()
		require.True(t, on)
		require.Equal(t, s.want, countsOf(now), s.name)
		assert.Equal(t, !s.over, now.Works(), s.name)
		assert.Equal(t, s.over, r.onlyRetries(ctx, now), s.name)
	}
}

func TestMachinesThatWaitForARetryAreStored(t *testing.T) {
	g := newRig(t, longRetries(t, 4, "a-dead", "b"))
	g.deadToday("a-dead")
	g.start()
	g.waits(1)
	g.tick()
	stored, err := g.store.Run(t.Context(), today)
	require.NoError(t, err)
	assert.Equal(t, counts{checked: 1, retrying: 1}, countsOf(stored))
	assert.False(t, stored.Works())
	m, ok := g.store.View().Machine("a-dead")
	require.True(t, ok)
	assert.Empty(t, m.Run, "it has no outcome yet")
	assert.Equal(t, &state.Retrying{
		Run: today, At: noon, Failure: state.Failure{Reason: state.ReasonConnect, Message: "no luck"}, Attempts: 1,
	}, m.Retrying)
	_, err = g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.NoError(t, err)
	assert.Equal(t, counts{checked: 1, failed: 1}, countsOf(g.ends(today)), "an ended run retries nothing")
}

// The number of attempts is not the process's: a machine is not tried anew by each that works on the run.
func TestRetriesAreCountedAcrossRestarts(t *testing.T) {
	g := newRig(t, longRetries(t, 4, "a-dead", "b"))
	g.deadToday("a-dead")
	g.start()
	for n := 1; n <= 2; n++ {
		g.eventually("a failure", func() bool {
			m, ok := g.store.View().Machine("a-dead")
			return ok && m.Retrying != nil && m.Retrying.Attempts == n && !m.Retrying.Trying
		})
		g.restart(time.Minute)
	}
	assert.Equal(t, counts{checked: 1, failed: 1}, countsOf(g.ends(today)))
	assert.Len(t, g.checked(), 4, "two retries, of which each came at a start")
}
