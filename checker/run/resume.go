package run

import (
	"context"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// resume takes up what an earlier process left: a scheduled run that nobody started, or else a run that has not
// ended. Then come machines that were never checked.
func (r *Runner) resume(ctx context.Context) {
	r.newWanted = true
	r.handled = r.plan.Load().Latest(r.clock.Now())
	if r.missed(r.handled) {
		if r.fleet.Load().Config.Schedule.CatchUp {
			r.log.Info("a scheduled run was missed, catching up", "run", state.RunID(r.handled))
			r.scheduled(ctx, r.handled, state.TriggerCatchUp)
		} else {
			skipped := r.handled
			r.over.Store(&skipped)
			r.metrics.runs.WithLabelValues(resultSkipped).Inc()
			r.log.Warn("a scheduled run was missed and is skipped", "run", state.RunID(r.handled))
		}
	}
	if run, ok := r.store.View().CurrentRun(); ok && r.current.Load() == nil {
		r.adopt(ctx, run)
	}
	r.sweep(ctx)
	r.startNew(ctx)
}

// missed tells whether an instant has passed without its run.
func (r *Runner) missed(at time.Time) bool {
	if at.IsZero() {
		return false
	}
	id := state.RunID(at)
	for _, run := range r.store.View().Runs() {
		if planned(run) && covers(run.ID, id, r.clock.Now()) {
			return false
		}
	}
	return true
}

// adopt goes on with a run that an earlier process began. Machines that have no outcome yet are enqueued once
// more: most of them are on the queue, which then changes nothing.
func (r *Runner) adopt(ctx context.Context, run state.Run) {
	a := newActive(ctx, run)
	var missing []string
	for _, name := range r.members(run) {
		if m, ok := r.store.View().Machine(name); ok && covers(m.Run, run.ID, r.clock.Now()) {
			a.settle(name, m.Failure)
		} else {
			missing = append(missing, name)
		}
	}
	a.saved = counts{checked: -1} // is to be stored, whatever it is
	r.log.Info("run resumed", "run", run.ID, "phase", run.Phase, "done", a.count(), "machines", len(missing))
	if run.Phase == state.RunEnqueuing {
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

// sweep ends runs that are neither over nor current: a process died between claiming the next and ending them,
// or the store failed then.
func (r *Runner) sweep(ctx context.Context) {
	a := r.current.Load()
	for _, run := range r.store.View().Runs() {
		if run.Ended() || a != nil && run.ID == a.id {
			continue
		}
		checked, failed := r.stored(*run)
		if _, err := r.conclude(ctx, run.ID, ending{state.RunFailed, "interrupted"}, checked, failed); err != nil {
			r.log.Warn("an old run could not be ended", "run", run.ID, "err", err) // the next tick tries again
		}
	}
}

// stored counts the machines with an outcome of a run.
func (r *Runner) stored(run state.Run) (checked, failed int) {
	for _, name := range r.members(run) {
		m, ok := r.store.View().Machine(name)
		switch {
		case !ok || m.Run != run.ID:
		case m.Failure == nil:
			checked++
		default:
			failed++
		}
	}
	return checked, failed
}
