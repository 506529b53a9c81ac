package run

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// newRetry is how long a run of new machines that could not be started is put off.
const newRetry = time.Minute

// unnoticed is how long ago a clock may have been set back when the loop notices, which looks every few seconds unless it has
// much to do. An instant that came in between has had no run.
const unnoticed = time.Minute

// due starts the scheduled run if one is due. An instant of before the process began was missed: the schedule says
// whether it is made up for. One that nobody was there to start since then is only late.
func (r *Runner) due(ctx context.Context) {
	now := r.clock.Now()
	p := r.planOf(now)
	at := p.Latest(now)
	if r.handled.After(now.Add(tolerance)) {
		r.handled = p.Latest(now.Add(-unnoticed)) // the clock was wrong
	}
	if r.begun.After(now) {
		r.begun = now.Add(-unnoticed) // as above: what comes from then on comes after the process began
	}
	if at.IsZero() || !at.After(r.handled) || !at.After(p.since) {
		return
	}
	before := !at.After(r.begun)
	switch {
	case !r.missed(at):
	case before && !r.fleet.Load().Config.Schedule.CatchUp:
		r.over.Store(&at)
		r.metrics.runs.WithLabelValues(resultSkipped).Inc()
		r.log.Warn("a scheduled run was missed and is skipped", "run", state.RunID(at))
	default:
		trigger := state.TriggerSchedule
		if before {
			trigger = state.TriggerCatchUp
			r.log.Info("a scheduled run was missed, catching up", "run", state.RunID(at))
		}
		if !r.scheduled(ctx, at, trigger) {
			return
		}
	}
	r.handled = at
}

// planOf is the plan at that time. One that is followed from a later time on was made by a clock that was ahead: it would
// not be followed until then.
func (r *Runner) planOf(now time.Time) *plan {
	p := r.plan.Load()
	if !p.since.After(now) {
		return p
	}
	mended := &plan{Schedule: p.Schedule, since: now.Add(-unnoticed).Round(0)}
	if !r.plan.CompareAndSwap(p, mended) {
		return r.plan.Load() // a reload brought another
	}
	return mended
}

// scheduled starts the run of an instant, at the cost of one that is still on. It tells whether the instant is dealt
// with.
func (r *Runner) scheduled(ctx context.Context, at time.Time, trigger state.Trigger) bool {
	names := allCheckable(r.fleet.Load())
	run, err := r.claim(ctx, trigger, at, names)
	switch {
	case errors.Is(err, state.ErrExists):
		r.log.Debug("the scheduled run is known already", "run", state.RunID(at))
		return true
	case err != nil:
		if !at.Equal(r.failedAt) {
			r.failedAt = at
			r.lost(ctx, trigger, err)
		}
		return false
	}
	if old := r.current.Load(); old != nil && !r.yield(ctx, old) {
		r.cut(ctx, old, nextDue)
	}
	r.launch(ctx, newActive(run), names)
	return true
}

// freshInstant is the instant of a run that is asked for now: later than that of every run so far, as one that
// is earlier than what is stored would check nothing.
func (r *Runner) freshInstant() time.Time {
	now := r.clock.Now().UTC().Truncate(time.Millisecond)
	for _, run := range r.store.View().Runs() {
		at, err := run.Instant()
		if err != nil || at.After(now.Add(tolerance)) {
			continue // the clock was wrong
		}
		if !at.Before(now) {
			return at.Add(time.Millisecond)
		}
		break
	}
	return now
}

// nameable is how many of the machines, from the first on, a run can be of: all of the fleet's need no names.
func (r *Runner) nameable(names []string) int {
	if slices.Equal(names, allCheckable(r.fleet.Load())) {
		return len(names)
	}
	return r.store.RunFits(names)
}

// claim stores a new run. The names are those of all machines in it.
func (r *Runner) claim(ctx context.Context, trigger state.Trigger, at time.Time, names []string) (state.Run, error) {
	run := state.Run{
		ID: state.RunID(at), Trigger: trigger, Phase: state.RunEnqueuing,
		StartedAt: r.clock.Now().UTC(), Total: len(names),
	}
	if !slices.Equal(names, allCheckable(r.fleet.Load())) {
		run.Machines = names
	}
	if run.Planned() {
		run.SpreadFrom, run.SpreadUntil = r.window(at)
	}
	if err := r.store.CreateRun(ctx, run); err != nil {
		return state.Run{}, err
	}
	r.log.Info("run started", "run", run.ID, "trigger", trigger, "machines", run.Total)
	return run, nil
}

// lost notes a run that could not even be claimed.
func (r *Runner) lost(ctx context.Context, trigger state.Trigger, err error) {
	if ctx.Err() != nil {
		return // shutting down; it is made up for at the next start
	}
	r.metrics.runs.WithLabelValues(resultFailure).Inc()
	r.log.Error("a run could not be started", "trigger", trigger, "err", err)
}

// launch makes a claimed run the current one and puts its machines on an empty queue.
func (r *Runner) launch(ctx context.Context, a *active, names []string) {
	if old := r.current.Swap(a); old != nil && old.ending == nil {
		r.log.Info("run waits until another one is over that was asked for", "run", old.id, "for", a.id)
	}
	if _, err := r.queue.Purge(ctx); err != nil {
		r.fail(ctx, a, err)
		return
	}
	r.enqueue(ctx, a, names)
}

// enqueue puts machines on the queue, those of a run that is spread as far as their turn has come, and lets the run
// take its course.
func (r *Runner) enqueue(ctx context.Context, a *active, names []string) {
	now := r.snapshot(a)
	// Others may be checking them already. What gets an outcome meanwhile counts as one, or not at all, but never twice.
	names = slices.DeleteFunc(slices.Clone(names), func(name string) bool { return r.isDone(name, a.id) })
	total := now.Checked + now.Failed + len(names)
	names, later := r.spread(now, names)
	a.postpone(later)
	names = r.answeringFirst(names)
	a.put(names)
	if err := r.putJobs(ctx, a, names); err != nil {
		r.fail(ctx, a, err)
		return
	}
	_, err := r.store.UpdateRun(ctx, a.id, func(run *state.Run) bool {
		if run.Ended() {
			return false // another took over while this replica was paused
		}
		run.Phase = state.RunRunning
		run.Total, run.ToCome = max(run.Total, total), len(later)
		return true
	})
	if err != nil {
		r.fail(ctx, a, err)
		return
	}
	r.endIfEmpty(ctx)
}

// answeringFirst has the machines that did not answer the last time after all others: each may take a slot for as long as
// its timeout, and thousands of them must not keep the rest waiting.
func (r *Runner) answeringFirst(names []string) []string {
	ordered := make([]string, 0, len(names))
	var silent []string
	for _, name := range names {
		m, known := r.store.View().Machine(name)
		if known && m.Failure != nil && (m.Failure.Reason == state.ReasonConnect || m.Failure.Reason == state.ReasonTimeout) {
			silent = append(silent, name)
		} else {
			ordered = append(ordered, name)
		}
	}
	return append(ordered, silent...)
}

// jobs are what goes on the queue for machines of a run.
func (r *Runner) jobs(a *active, names []string) []state.Job {
	f := r.fleet.Load()
	jobs := make([]state.Job, 0, len(names))
	for _, name := range names {
		job := state.Job{Run: a.id, Machine: name}
		if m, ok := f.Machine(name); ok {
			job.Site = m.Site
		}
		jobs = append(jobs, job)
	}
	return jobs
}

// fail ends a run that could not be put on the queue. In a shutdown it is left for the next start, and if the state
// cannot be reached for who coordinates next.
func (r *Runner) fail(ctx context.Context, a *active, err error) {
	switch {
	case ctx.Err() != nil:
	case r.store.Coordinates():
		r.cut(ctx, a, fmt.Sprintf("not enqueued: %v", err))
	default:
		r.log.Warn("a run could not be put on the queue, it is left to whoever coordinates next", "run", a.id, "err", err)
	}
}

// startNew checks the machines that have a pair without any record, if that is wanted and no run is in the way.
func (r *Runner) startNew(ctx context.Context) {
	if !r.newWanted || !r.leads || r.clock.Now().Before(r.newAfter) || ctx.Err() != nil {
		return
	}
	old := r.current.Load()
	if old != nil && (old.ending != nil || !r.onlyRetries(ctx, r.snapshot(old))) {
		return
	}
	names := stillCheckable(r.fleet.Load(), r.unjudged())
	if old != nil {
		names = r.without(names, old.id)
		if len(names) == 0 || !r.yield(ctx, old) {
			return // they have their turn in the run that is on, or after it
		}
	}
	r.newWanted = false
	if len(names) == 0 {
		return
	}
	if n := r.nameable(names); n < len(names) {
		names, r.newWanted = names[:n], true // the others come next
	}
	run, err := r.claim(ctx, state.TriggerNew, r.freshInstant(), names)
	if err != nil {
		r.lost(ctx, state.TriggerNew, err)
		r.newWanted, r.newAfter = true, r.clock.Now().Add(newRetry)
		return
	}
	r.launch(ctx, newActive(run), names)
}
