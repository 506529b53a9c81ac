package run

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// mortal is a store and queue that work until a moment, and never again. Until then the process is well; from
// then on, nothing that it does leaves a trace, as if it had been killed.
type mortal struct {
	Store
	Queue
	dies func(op string) bool // asked before each operation that writes
	dead atomic.Bool
	died func()
}

func (m *mortal) alive(op string) error {
	if m.dead.Load() {
		return errInjected
	}
	if m.dies(op) {
		m.dead.Store(true)
		m.died()
		return errInjected
	}
	return nil
}

func (m *mortal) CreateRun(ctx context.Context, r state.Run) error {
	if err := m.alive("create"); err != nil {
		return err
	}
	return m.Store.CreateRun(ctx, r)
}

func (m *mortal) UpdateRun(ctx context.Context, id string, next func(*state.Run) bool) (state.Run, error) {
	if err := m.alive("update"); err != nil {
		return state.Run{}, err
	}
	return m.Store.UpdateRun(ctx, id, next)
}

func (m *mortal) UpdateMachine(ctx context.Context, name string, next func(*state.Machine) bool) (state.Machine, error) {
	if err := m.alive("machine " + name); err != nil {
		return state.Machine{}, err
	}
	return m.Store.UpdateMachine(ctx, name, next)
}

func (m *mortal) Enqueue(ctx context.Context, jobs []state.Job) error {
	for i, j := range jobs {
		if err := m.alive("enqueue " + j.Machine); err != nil {
			return err
		}
		if err := m.Queue.Enqueue(ctx, jobs[i:i+1]); err != nil {
			return err
		}
	}
	return nil
}

func (m *mortal) Purge(ctx context.Context) (int, error) {
	if err := m.alive("purge"); err != nil {
		return 0, err
	}
	return m.Queue.Purge(ctx)
}

// dieAt lets the process of a rig die just before the nth operation of that name.
func (g *rig) dieAt(op string, nth int) (dead chan struct{}) {
	dead = make(chan struct{})
	seen := 0
	g.options = func(o *Options) {
		m := &mortal{Store: o.Store, Queue: o.Queue, died: func() { g.cancel(); close(dead) }}
		m.dies = func(now string) bool {
			if now == op {
				seen++
			}
			return now == op && seen == nth
		}
		o.Store, o.Queue = m, m
	}
	return dead
}

// crash waits for the process's death and opens its storage anew.
func (g *rig) crash(dead chan struct{}) {
	g.t.Helper()
	select {
	case <-dead:
	case <-time.After(soon):
		require.FailNow(g.t, "the process did not die")
	}
	g.options = nil
	g.restart(time.Minute)
}

// Wherever the process dies, the run is completed by the next one, and each machine whose outcome was stored is
// checked once.
func TestCrash(t *testing.T) {
	for _, c := range []struct {
		name string
		op   string
		nth  int
		want state.Run
	}{
		{"before the run is claimed", "create", 1, state.Run{Total: 4, Checked: 4}},
		{"before the queue is emptied", "purge", 1, state.Run{Total: 4, Checked: 4}},
		{"before anything is enqueued", "enqueue a", 1, state.Run{Total: 4, Checked: 4}},
		{"half enqueued", "enqueue c", 1, state.Run{Total: 4, Checked: 4}},
		{"enqueued, but not yet noted", "update", 1, state.Run{Total: 4, Checked: 4}},
		{"after the pairs of a machine, before the machine", "machine b", 1, state.Run{Total: 4, Checked: 4}},
		{"all checked, but not yet noted", "update", 2, state.Run{Total: 4, Checked: 4}},
	} {
		t.Run(c.name, func(t *testing.T) {
			g := newRig(t, newFleet(t, func(cfg *config.Config) { cfg.Check.Concurrency = 1 }, machines("a", "b", "c", "d")...))
			dead := g.dieAt(c.op, c.nth)
			g.start()
			g.crash(dead)
			c.want.ID, c.want.Trigger, c.want.Phase = today, state.TriggerCatchUp, state.RunDone
			assert.Equal(t, c.want, g.ends(today))
			assert.Equal(t, []string{today + " catch_up"}, g.runs())
			assert.ElementsMatch(t, []string{"a", "b", "c", "d"}, g.checked(), "each once")
		})
	}
}

func TestCrashOfAPartialRun(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a", "b", "c", "d")...))
	dead := g.dieAt("enqueue c", 2)
	g.start()
	g.ends(today)
	g.forgetCalls()
	id, err := g.runner.StartRun(t.Context(), state.TriggerAPI, []string{"b", "c"})
	require.NoError(t, err)
	g.crash(dead)
	want := state.Run{
		ID: id, Trigger: state.TriggerAPI, Phase: state.RunDone, Machines: []string{"b", "c"}, Total: 2, Checked: 2,
	}
	assert.Equal(t, want, g.ends(id))
	assert.ElementsMatch(t, []string{"b", "c"}, g.checked())
}

// The process dies while it replaces an overdue run by the next: both have not ended, and the queue holds the old
// one's jobs.
func TestCrashBetweenTwoRuns(t *testing.T) {
	g := newRig(t, newFleet(t, func(c *config.Config) {
		c.Check.Concurrency = 1
		c.Check.RetryDelay = time.Hour
	}, machines("a", "b")...))
	g.onCheck = func(_ context.Context, c call) checker.Outcome {
		if c.run == today && c.machine == "b" {
			return g.fails(c, state.ReasonConnect, true)
		}
		return g.complies(c)
	}
	dead := g.dieAt("purge", 2)
	g.start()
	g.eventually("both were tried", func() bool { return len(g.checked()) == 2 })
	g.clock.Advance(18 * time.Hour)
	g.crash(dead)

	want := state.Run{ID: tomorrow, Trigger: state.TriggerSchedule, Phase: state.RunDone, Total: 2, Checked: 2}
	assert.Equal(t, want, g.ends(tomorrow))
	want = state.Run{
		ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunFailed, Error: "interrupted", Total: 2, Checked: 1, Failed: 1,
	}
	assert.Equal(t, want, g.ends(today), "the failure that waited for a retry was stored when the run was cut short")
	assert.Equal(t, []string{today + " catch_up", tomorrow + " schedule"}, g.runs())
}

// A shutdown ends the checks that are under way. They tell nothing of their machines, whatever they return.
func TestShutdownStoresNoFailure(t *testing.T) {
	var names []string
	for i := range 20 {
		names = append(names, fmt.Sprintf("m%02d", i))
	}
	g := newRig(t, newFleet(t, nil, machines(names...)...))
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome {
		if c.machine < "m10" {
			return g.complies(c)
		}
		return h.wait(ctx, g, c)
	}
	g.start()
	for range 4 {
		h.next(t)
	}
	g.stop()
	assert.ElementsMatch(t, names[:10], g.stored())
	run, err := g.store.Run(t.Context(), today)
	require.NoError(t, err)
	assert.Equal(t, state.RunRunning, run.Phase)
	g.mu.Lock()
	g.calls = nil
	g.mu.Unlock()

	close(h.free)
	g.restart(time.Minute)
	assert.Equal(t, state.Run{ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunDone, Total: 20, Checked: 20}, g.ends(today))
	assert.ElementsMatch(t, names[10:], g.checked(), "only those that had no outcome")
	assert.ElementsMatch(t, names, g.stored())
}

func TestRunIsNotResumedIfTheNextWasMissed(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a", "b")...))
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome {
		if c.machine == "b" && c.run == today {
			return h.wait(ctx, g, c)
		}
		return g.complies(c)
	}
	g.start()
	h.next(t)
	g.eventually("a is stored", func() bool { return len(g.stored()) == 1 })
	g.restart(48 * time.Hour)
	last := "2026-01-31T06:00:00Z"
	assert.Equal(t, state.Run{ID: last, Trigger: state.TriggerCatchUp, Phase: state.RunDone, Total: 2, Checked: 2}, g.ends(last))
	assert.Equal(t, state.RunFailed, g.ends(today).Phase)
	assert.Equal(t, []string{"a", "b", "a", "b"}, sortedHalves(g.checked()))
}

// sortedHalves orders each half of a list of four, since two machines are checked at the same time.
func sortedHalves(s []string) []string {
	if len(s) == 4 {
		for i := 0; i < 4; i += 2 {
			if s[i] > s[i+1] {
				s[i], s[i+1] = s[i+1], s[i]
			}
		}
	}
	return s
}

func TestRunIsTakenUp(t *testing.T) {
	on := newActive(state.Run{ID: today})
	asked := state.RunID(noon)
	for name, c := range map[string]struct {
		run  state.Run
		on   *active
		want bool
	}{
		"that nobody has begun":                                {state.Run{ID: asked, Phase: state.RunEnqueuing}, nil, true},
		"that nobody has begun, after the one that is on":      {state.Run{ID: asked, Phase: state.RunEnqueuing}, on, true},
		"but not before that":                                  {state.Run{ID: "2026-01-28T06:00:00Z", Phase: state.RunEnqueuing}, on, false},
		"that another replica has begun":                       {state.Run{ID: asked, Phase: state.RunRunning}, on, true},
		"but not the one that is on":                           {state.Run{ID: today, Phase: state.RunRunning}, on, false},
		"nor one that was begun before":                        {state.Run{ID: "2026-01-28T06:00:00Z", Phase: state.RunRunning}, on, false},
		"nor one that was begun by a clock that was ahead":     {state.Run{ID: tomorrow, Phase: state.RunRunning}, on, false},
		"nor one that is over":                                 {state.Run{ID: asked, Phase: state.RunDone}, on, false},
		"nor, where none is on, one that was begun long since": {state.Run{ID: today, Phase: state.RunRunning}, nil, false},
	} {
		t.Run(name, func(t *testing.T) {
			r := &Runner{clock: clockwork.NewFakeClockAt(noon)}
			assert.Equal(t, c.want, r.isWaiting(c.run, c.on))
		})
	}
}
