package run

import (
	"context"
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// resume takes up what an earlier process or another replica left: a scheduled run that nobody started, or else a
// run that has not ended. Then come machines that were never checked.
func (r *Runner) resume(ctx context.Context) {
	r.newWanted = true
	r.due(ctx)
	if run, ok := r.unfinished(); ok && r.current.Load() == nil {
		r.adopt(ctx, run)
	}
	r.takeUp(ctx)
	r.sweep(ctx)
	r.startNew(ctx)
}

// unfinished is the run to go on with if none is: the newest that was planned if it has not begun, the newest that
// has, or the oldest that waits.
func (r *Runner) unfinished() (found state.Run, ok bool) {
	runs := r.store.View().Runs()
	for _, run := range runs { // the newest first
		if !run.Ended() && (run.Planned() || run.Phase == state.RunRunning) {
			return *run, true
		}
	}
	for _, run := range slices.Backward(runs) {
		if !run.Ended() {
			return *run, true
		}
	}
	return state.Run{}, false
}

// takeUp goes on with a run that is to be taken up, once none is in its way, or else with one that waited until none is on.
func (r *Runner) takeUp(ctx context.Context) {
	if ctx.Err() != nil {
		return
	}
	old := r.current.Load()
	run, ok := r.waiting(old)
	if !ok && old == nil {
		run, ok = r.suspended(nil)
	}
	switch {
	case !ok:
		return
	case old == nil:
	case run.Planned():
		if !r.yield(ctx, old) {
			r.cut(ctx, old, nextDue)
		}
	case !r.makesWay(ctx, old):
		return
	}
	r.adopt(ctx, run)
}

// waiting is the oldest run that is to be taken up.
func (r *Runner) waiting(on *active) (state.Run, bool) {
	for _, run := range slices.Backward(r.store.View().Runs()) {
		if r.isWaiting(*run, on) {
			return *run, true
		}
	}
	return state.Run{}, false
}

// isWaiting tells whether a run is to be taken up: nobody has begun it, and it is later than the one that is on. One that
// another replica has begun while this one took up the run before it is no different, but one that was begun by a clock that
// was ahead is over.
func (r *Runner) isWaiting(run state.Run, on *active) bool {
	if run.Phase == state.RunEnqueuing {
		return on == nil || state.CompareRunIDs(run.ID, on.id) > 0
	}
	return !run.Ended() && on != nil && run.ID != on.id && covers(run.ID, on.id, r.clock.Now())
}

// missed tells whether an instant has passed without its run.
func (r *Runner) missed(at time.Time) bool {
	if at.IsZero() {
		return false
	}
	id, now := state.RunID(at), r.clock.Now()
	if over := r.lastOver(now); !over.Before(at) {
		return false
	}
	for _, run := range r.store.View().Runs() {
		if run.Planned() && covers(run.ID, id, now) {
			return false
		}
	}
	return true
}

// adopt goes on with a run that was begun elsewhere, or stored to be begun. Machines that have no outcome yet are
// enqueued once more: if they are on the queue that changes nothing.
func (r *Runner) adopt(ctx context.Context, run state.Run) {
	a := newActive(run)
	r.reopenWork(run.ID)
	var missing []string
	for _, name := range r.members(run) {
		if !r.isDone(name, run.ID) {
			missing = append(missing, name)
		}
	}
	a.saved = counts{checked: -1} // is to be stored, whatever it is
	r.log.Info("run resumed", "run", run.ID, "phase", run.Phase, "done", r.tally(run).Done(), "machines", len(missing))
	if run.Phase == state.RunEnqueuing || r.current.Load() != nil {
		r.launch(ctx, a, missing) // the queue may hold jobs of the run before
		return
	}
	r.current.Store(a)
	r.enqueue(ctx, a, missing)
}

// members are the machines of a run that are still to be checked at all.
func (r *Runner) members(run state.Run) []string {
	f := r.fleet.Load()
	if len(run.Machines) > 0 {
		return stillCheckable(f, run.Machines)
	}
	return allCheckable(f)
}

// sweep ends runs that are neither over nor current, nor wait for their turn: a process died between claiming the
// next and ending them, or the store failed then, or the next run was due while they waited for another.
func (r *Runner) sweep(ctx context.Context) {
	a := r.current.Load()
	waits, _ := r.suspended(a)
	for _, run := range r.store.View().Runs() {
		if run.Ended() || a != nil && run.ID == a.id || run.ID == waits.ID || r.isWaiting(*run, a) {
			continue
		}
		if !r.keepAll(ctx, r.interrupted(run.ID)) {
			continue
		}
		how := ending{state.RunFailed, "interrupted"}
		if latest, _ := r.latestPlanned(); run.Spread() && latest.ID != run.ID {
			how.reason = nextDue
		}
		if _, err := r.conclude(ctx, run.ID, how, r.tallyUntil(*run, a)); err != nil {
			r.log.Warn("an old run could not be ended", "run", run.ID, "err", err) // the next tick tries again
		}
	}
}
