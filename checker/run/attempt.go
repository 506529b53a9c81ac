package run

import (
	"context"
	"fmt"
	"runtime/debug"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// attempt checks the machine of a job, as the fleet of this moment knows it, and stores what came out.
func (r *Runner) attempt(ctx context.Context, j job) {
	if j.a.ctx.Err() != nil {
		r.abandon(ctx, j)
		return
	}
	f := r.fleet.Load()
	m, ok := checkable(f, j.machine)
	if !ok {
		r.drop(j, "not in the fleet, disabled, or without packs")
		return
	}
	if done, err := r.alreadyStored(ctx, j.a, m); done || err != nil {
		r.finish(j, err, "it was checked already")
		return
	}
	out := r.checkSafely(j, f)
	if j.a.ctx.Err() != nil {
		r.abandon(ctx, j)
		return
	}
	f = r.fleet.Load()
	if _, ok := checkable(f, j.machine); !ok {
		r.drop(j, "left the fleet while it was checked")
		return
	}
	if out.Failure != nil && r.failed(j, out, f.Config.Check) {
		return
	}
	r.finish(j, r.keep(ctx, j.a, out), "")
}

// abandon gives up a check that was ended from outside. What it returned says nothing of the machine: it may
// look like a failure, and is not one.
func (r *Runner) abandon(ctx context.Context, j job) {
	if ctx.Err() == nil {
		r.drop(j, "its run was cut short")
		return
	}
	j.a.giveBack(j.machine)
	j.retry(0)
}

// failed counts a failure and tells whether the machine is to be tried again, which happens without holding a slot.
// What failed was logged by the check.
func (r *Runner) failed(j job, out checker.Outcome, c config.Check) (again bool) {
	r.metrics.failed(&r.fleet, j.machine, out.Failure.Reason)
	attempt := j.a.failures(j.machine, j.Attempt())
	if !out.Failure.Retry || attempt > c.Retries {
		return false
	}
	j.log.Info("machine will be tried again", "reason", out.Failure.Reason, "attempt", attempt, "delay", c.RetryDelay)
	j.a.retry(out)
	j.retry(c.RetryDelay)
	return true
}

// finish acknowledges a job whose outcome is stored. One that could not be stored is checked again.
func (r *Runner) finish(j job, err error, why string) {
	if err == nil {
		if why != "" {
			j.log.Debug("not checked", "reason", why)
		}
		r.acknowledge(j)
		return
	}
	n := j.a.notStored(j.machine)
	delay := r.backoff(n)
	j.log.Error("the outcome of a check could not be stored, it will be repeated", "err", err, "delay", delay)
	j.retry(delay)
}

// keep hands an outcome to the sink and stores the attempt at the machine.
func (r *Runner) keep(ctx context.Context, a *active, out checker.Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := r.sinkSafely(ctx, out); err != nil {
		return err
	}
	m := state.Machine{
		Name: out.Machine, Run: a.id, At: out.At, Duration: out.Duration, Failure: out.Failure, Facts: out.Facts,
	}
	return r.putMachine(ctx, a, m)
}

// putMachine stores the attempt at a machine. Facts that it did not get are those that were known.
func (r *Runner) putMachine(ctx context.Context, a *active, m state.Machine) error {
	if old, ok := r.store.View().Machine(m.Name); ok {
		if m.Facts == (state.Facts{}) {
			m.Facts = old.Facts
		}
		if state.CompareRunIDs(old.Run, a.id) > 0 {
			// Stored while the clock was far ahead, or else the machine had not been checked: the store would
			// keep it until the clock gets there.
			if err := r.store.DeleteMachine(ctx, m.Name); err != nil {
				return err
			}
		}
	}
	if err := r.store.PutMachine(ctx, m); err != nil {
		return err
	}
	a.settle(m.Name, m.Failure)
	return nil
}

// alreadyStored tells whether a machine has an outcome of this run or a later one. A process that died between
// storing the pairs and the machine left only the pairs: the machine is made up from them.
func (r *Runner) alreadyStored(ctx context.Context, a *active, m *config.Machine) (bool, error) {
	view := r.store.View()
	if a.isSettled(m.Name) {
		return true, nil
	}
	if old, ok := view.Machine(m.Name); ok && covers(old.Run, a.id, r.clock.Now()) {
		a.settle(m.Name, old.Failure)
		return true, nil
	}
	made := state.Machine{Name: m.Name, Run: a.id}
	for _, p := range m.Packs {
		rec, ok := view.Record(state.Key{Machine: m.Name, Pack: p})
		if !ok || !rec.Retired.IsZero() || rec.Attempt.Run != a.id {
			return false, nil
		}
		made.At, made.Duration = rec.Attempt.At, rec.Attempt.Duration
		if rec.Attempt.Status == state.Unknown && made.Failure == nil {
			made.Failure = &state.Failure{Reason: rec.Attempt.Reason, Message: rec.Attempt.Message}
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	err := r.putMachine(ctx, a, made)
	return err == nil, err
}

// checkSafely checks a machine. A check that panics is a failure of ours, to be seen like any other.
func (r *Runner) checkSafely(j job, f *checker.Fleet) (out checker.Outcome) {
	begin := r.clock.Now()
	defer func() {
		p := recover()
		if p == nil {
			return
		}
		j.log.Error("a check panicked", "err", fmt.Sprint(p), "stack", string(debug.Stack()))
		out = r.crashed(j, f)
		out.At, out.Duration = begin.UTC(), r.clock.Since(begin)
		for i := range out.Results {
			out.Results[i].At, out.Results[i].Duration = out.At, out.Duration
		}
	}()
	return r.check(j.a.ctx, f, j.machine, j.a.id)
}

// crashed is the outcome of a check that panicked: no pack of the machine got a verdict.
func (r *Runner) crashed(j job, f *checker.Fleet) checker.Outcome {
	failure := &state.Failure{Reason: state.ReasonInternal, Message: "the check crashed, see the log"}
	out := checker.Outcome{Machine: j.machine, Run: j.a.id, Failure: failure}
	m, _ := f.Machine(j.machine)
	for _, p := range m.Packs {
		out.Results = append(out.Results, state.Result{
			Key: state.Key{Machine: j.machine, Pack: p}, Run: j.a.id, Status: state.Unknown, Failure: failure,
		})
	}
	return out
}

// sinkSafely hands an outcome to the sink. A panic there is an error like any other: the outcome is not stored.
func (r *Runner) sinkSafely(ctx context.Context, out checker.Outcome) (err error) {
	defer func() {
		if p := recover(); p != nil {
			r.metrics.failed(&r.fleet, out.Machine, state.ReasonInternal)
			r.log.Error("judging a check panicked", "run", out.Run, "machine", out.Machine,
				"err", fmt.Sprint(p), "stack", string(debug.Stack()))
			err = fmt.Errorf("panic: %v", p)
		}
	}()
	return r.sink(ctx, out)
}
