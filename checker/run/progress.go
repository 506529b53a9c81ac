package run

import (
	"context"
	"slices"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Current returns the run that is on, whichever replica coordinates it, with the counts of this moment.
func (r *Runner) Current() (state.Run, bool) {
	run, ok := r.store.View().CurrentRun()
	if !ok {
		return state.Run{}, false
	}
	run.Machines = slices.Clone(run.Machines)
	return r.asOfNow(run), true
}

// asOfNow is a run with the counts of now, as far as they are known to this replica.
func (r *Runner) asOfNow(run state.Run) state.Run {
	if a := r.current.Load(); a != nil && a.id == run.ID && run.Phase == state.RunRunning {
		run.ToCome = a.toCome()
	}
	return r.counted(run)
}

// counted is a run with the counts of now, as far as machines' entries tell: not how many were not tried.
func (r *Runner) counted(run state.Run) state.Run {
	t := r.tally(run)
	run.Checked, run.Failed, run.Retrying = t.Checked, t.Failed, t.Retrying
	return run
}

// tally is how far a run has come. In a run over all machines the outcome of a later run counts as well, since
// those machines are not checked.
func (r *Runner) tally(run state.Run) state.Tally {
	if len(run.Machines) > 0 {
		return r.store.View().Tally(run.ID, nil)
	}
	now := r.clock.Now()
	return r.store.View().Tally(run.ID, func(other string) bool {
		return later(other, run.ID) && covers(other, run.ID, now)
	})
}

// tallyUntil is how far a run had come when another became the current one: what that did is not its own. What a run of all
// machines waited for counts, as in tally.
func (r *Runner) tallyUntil(run state.Run, next *active) state.Tally {
	if next == nil || !run.Spread() {
		return r.store.View().Tally(run.ID, nil)
	}
	return r.store.View().Tally(run.ID, func(other string) bool {
		return state.CompareRunIDs(other, run.ID) > 0 && state.CompareRunIDs(other, next.id) < 0
	})
}

// isDone tells whether a machine has an outcome that counts for a run.
func (r *Runner) isDone(machine, run string) bool {
	m, ok := r.store.View().Machine(machine)
	return ok && covers(m.Run, run, r.clock.Now())
}

// later tells quickly whether one run id can be later than another: most that are machines' last are not.
func later(id, than string) bool {
	const seconds = len("2006-01-02T15:04:05")
	return len(id) < seconds || len(than) < seconds || id[:seconds] >= than[:seconds]
}

// snapshot is the run that this replica coordinates, with the counts of now.
func (r *Runner) snapshot(a *active) state.Run {
	run, ok := r.store.View().Run(a.id)
	a.mu.Lock()
	if ok {
		a.run = run
	}
	run = a.run
	a.mu.Unlock()
	return r.asOfNow(run)
}

// saveCounts stores how far the run has come, for who looks into the store: at most once a tick.
func (r *Runner) saveCounts(ctx context.Context) {
	a := r.current.Load()
	if a == nil || a.ending != nil || ctx.Err() != nil {
		return
	}
	left, err := r.queue.Pending(ctx) // asked first: what gets an outcome meanwhile counts as both, not as neither
	if err != nil {
		r.log.Warn("the queue does not tell what is left", "run", a.id, "err", err)
		return
	}
	now := r.snapshot(a)
	if now.Phase == state.RunRunning { // before, not all that are to be on the queue are
		now.NotTried = max(0, now.Total-now.Checked-now.Failed-left-now.ToCome)
	}
	if a.saved == countsOf(now) {
		return
	}
	_, err = r.store.UpdateRun(ctx, a.id, func(run *state.Run) bool {
		run.Checked, run.Failed, run.Retrying = now.Checked, now.Failed, now.Retrying
		run.ToCome, run.NotTried = now.ToCome, now.NotTried
		return !run.Ended()
	})
	if err != nil {
		r.log.Warn("the counts of a run could not be stored", "run", a.id, "err", err)
		return
	}
	a.saved = countsOf(now)
}

// onlyRetries tells whether every machine of a run was tried and nothing goes on: what is left on the queue only
// waits to be tried again. A machine whose outcome could not be stored does not count: what is known of it would be
// lost.
func (r *Runner) onlyRetries(ctx context.Context, run state.Run) bool {
	if run = r.asOfNow(run); run.Phase != state.RunRunning || run.ToCome > 0 {
		return false
	}
	left, err := r.queue.Pending(ctx)
	if err == nil {
		err = r.store.CatchUp(ctx)
	}
	if err != nil {
		r.log.Warn("it is not known what is left of a run", "run", run.ID, "err", err)
		return false
	}
	return left <= r.tally(run).Retrying
}
