package run

import (
	"context"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// A run that is spread may be on for hours. It waits while one is on that was asked for, and goes on afterwards with the
// machines that have no outcome by then. What is needed for that is in the store: it has not ended, and is not the run
// that is on.

// patience is how long a run that others wait for may come no further, beyond what a check and a retry take.
const patience = 10 * time.Minute

// latestPlanned is the newest run of the schedule, if it has not ended.
func (r *Runner) latestPlanned() (state.Run, bool) {
	now := r.clock.Now()
	for _, run := range r.store.View().Runs() { // the newest first
		at, err := run.Instant()
		if run.Planned() && err == nil && !at.After(now.Add(tolerance)) {
			return *run, !run.Ended()
		}
	}
	return state.Run{}, false
}

// suspended is the run that waits for another to end, which is the one given, or for nothing any more.
func (r *Runner) suspended(on *active) (state.Run, bool) {
	run, ok := r.latestPlanned()
	if !ok || !run.Spread() || run.Phase != state.RunRunning {
		return state.Run{}, false
	}
	return run, on == nil || state.CompareRunIDs(run.ID, on.id) < 0
}

// suspends tells whether a run waits while another one is on that was asked for.
func (r *Runner) suspends(run state.Run) bool {
	latest, ok := r.suspended(nil)
	return ok && latest.ID == run.ID
}

// makesWay tells whether a run that is asked for can begin: the one that is on has ended for it, or will wait.
func (r *Runner) makesWay(ctx context.Context, a *active) bool {
	if r.yield(ctx, a) {
		return true
	}
	if a.ending != nil || !r.suspends(r.snapshot(a)) {
		return false
	}
	r.saveCounts(ctx)
	return true
}

// endIfStuck ends a run that keeps another waiting without coming any further: its machines may be of a site that has no
// worker. They have their turn in the other.
func (r *Runner) endIfStuck(ctx context.Context) {
	a, now := r.current.Load(), r.clock.Now()
	if a == nil || a.ending != nil || ctx.Err() != nil {
		return
	}
	if _, waits := r.suspended(a); !waits {
		return
	}
	if t := r.tally(r.snapshot(a)); a.movedAt.IsZero() || t != a.moved {
		a.moved, a.movedAt = t, now
		return
	}
	if c := r.fleet.Load().Config.Check; now.Sub(a.movedAt) > c.Timeout+c.RetryDelay+patience {
		r.cut(ctx, a, "it came no further, and the scheduled run waits for it")
	}
}
