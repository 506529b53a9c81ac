package run

import (
	"context"
	"log/slog"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// endIfEmpty ends the run that is on if the queue has run empty.
func (r *Runner) endIfEmpty(ctx context.Context) {
	a := r.current.Load()
	if a == nil || ctx.Err() != nil {
		return
	}
	if a.ending == nil {
		if a.hasTurns() {
			return
		}
		acked := a.acknowledgements()
		left, err := r.queue.Pending(ctx)
		if err == nil && left == 0 {
			err = r.store.CatchUp(ctx) // or what others did last would not count
		}
		if err != nil {
			r.log.Warn("it is not known what is left of a run", "run", a.id, "err", err)
			return
		}
		a.expect(left, acked)
		if left > 0 && !r.nothingLeft(a) || left == 0 && r.putAgain(ctx, a) {
			return
		}
		r.closeWork(ctx, a.id)
		if left > 0 {
			r.purgeRest(ctx, a)
		}
		a.ending = &ending{phase: state.RunDone}
	}
	if r.end(ctx, a) {
		r.takeUp(ctx)
		r.startNew(ctx)
	}
}

// putAgain puts machines on the queue once more that were on it, are not any longer, and have no outcome: another
// replica that believed to coordinate may have removed them. It tells whether there are such machines. Should that
// not help the run ends without them.
func (r *Runner) putAgain(ctx context.Context, a *active) bool {
	run := r.snapshot(a)
	if run.Phase != state.RunRunning || run.Checked+run.Failed >= run.Total {
		return false
	}
	var missing []string
	for _, name := range r.members(run) {
		if a.wasPut(name) && !r.isDone(name, a.id) {
			missing = append(missing, name)
		}
	}
	if len(missing) == 0 || a.again > 0 && len(missing) >= a.again {
		return false
	}
	r.log.Warn("machines of a run are neither on the queue nor done, they are put there once more", "run", a.id,
		"machines", len(missing))
	a.again = len(missing)
	r.enqueue(ctx, a, missing)
	return true
}

// cut ends a run early: its checks are ended, what is left of it on the queue is removed. Machines that were
// only waiting for a retry have been tried; their failure is stored.
func (r *Runner) cut(ctx context.Context, a *active, reason string) {
	if a.ending != nil { // over already, but that could not be stored
		r.end(ctx, a)
		return
	}
	r.closeWork(ctx, a.id)
	if err := r.store.CatchUp(ctx); err != nil {
		r.log.Warn("what others did for a run last may not count", "run", a.id, "err", err)
	}
	r.keepAll(ctx, r.interrupted(a.id))
	removed := r.purgeRest(ctx, a)
	r.log.Warn("run cut short", "run", a.id, "reason", reason, "purged", removed)
	a.ending = &ending{state.RunFailed, reason}
	r.end(ctx, a)
}

// purgeRest takes what is left of a closed run off the queue and tells how many jobs that were.
func (r *Runner) purgeRest(ctx context.Context, a *active) int {
	removed, err := r.queue.Purge(ctx)
	if err != nil {
		r.log.Error("the queue could not be purged", "run", a.id, "err", err) // the next run tries again
	}
	return removed
}

// end stores that a run is over and tells whether it could; otherwise the run stays the current one, to be ended
// at the next tick.
func (r *Runner) end(ctx context.Context, a *active) bool {
	_, err := r.conclude(ctx, a.id, *a.ending, r.tally(r.snapshot(a)))
	if err != nil {
		r.log.Error("the end of a run could not be stored", "run", a.id, "err", err)
		return false
	}
	r.current.CompareAndSwap(a, nil)
	return true
}

// conclude ends a run in the store, counts and logs it.
func (r *Runner) conclude(ctx context.Context, id string, how ending, t state.Tally) (state.Run, error) {
	ended := false
	run, err := r.store.UpdateRun(ctx, id, func(run *state.Run) bool {
		if ended = !run.Ended(); !ended {
			return false // another was faster
		}
		run.Phase, run.Error = how.phase, how.reason
		run.EndedAt = r.clock.Now().UTC()
		run.Checked, run.Failed, run.Retrying, run.ToCome = t.Checked, t.Failed, 0, 0
		run.NotTried = max(0, run.Total-t.Done())
		return true
	})
	if err != nil || !ended {
		return run, err
	}
	level, result := slog.LevelInfo, resultSuccess
	if how.phase == state.RunFailed {
		level, result = slog.LevelError, resultFailure
	}
	r.metrics.runs.WithLabelValues(result).Inc()
	r.log.Log(ctx, level, "run ended", "run", id, "trigger", run.Trigger, "phase", run.Phase, "total", run.Total,
		"checked", run.Checked, "failed", run.Failed, "not_checked", run.NotTried,
		"duration", run.EndedAt.Sub(run.StartedAt), "reason", run.Error)
	return run, nil
}
