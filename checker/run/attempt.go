package run

import (
	"context"
	"fmt"
	"runtime/debug"
	"time"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// attempt checks the machine of a job, as the fleet of this moment knows it, and stores what came out.
func (r *Runner) attempt(ctx context.Context, j job) {
	if j.w.ctx.Err() != nil {
		r.abandon(ctx, j)
		return
	}
	f := r.fleet.Load()
	m, ok := checkable(f, j.machine)
	if !ok {
		r.refuse(ctx, j, "not in the fleet, disabled, or without packs")
		return
	}
	if m.Site != j.Job().Site {
		r.refuse(ctx, j, "it is of another site now")
		return
	}
	if done, err := r.alreadyStored(ctx, j, m); done || err != nil {
		r.finish(j, err, "it was checked already")
		return
	}
	if err := r.begins(ctx, j); err != nil {
		r.finish(j, err, "")
		return
	}
	out := r.checkSafely(j, f)
	if j.w.ctx.Err() != nil {
		r.abandon(ctx, j)
		return
	}
	f = r.fleet.Load()
	if _, ok := checkable(f, j.machine); !ok {
		r.refuse(ctx, j, "left the fleet while it was checked")
		return
	}
	if out.Failure != nil {
		if again, err := r.failed(ctx, j, out, f.Config.Check); again || err != nil {
			r.again(j, err, f.Config.Check.RetryDelay)
			return
		}
	}
	r.finish(j, r.keep(ctx, j.run, out), "")
}

// abandon gives up a check that was ended from outside. What it returned says nothing of the machine: it may
// look like a failure, and is not one. If the run is not over the job is for somebody else, or for later.
func (r *Runner) abandon(ctx context.Context, j job) {
	if run, ok := r.store.View().Run(j.run); ctx.Err() == nil && (!ok || run.Ended()) {
		r.drop(j, "its run was cut short")
		return
	}
	delay := twiceAgain
	if ctx.Err() != nil {
		delay = 0
	}
	j.retry(delay)
}

// refuse takes a job off the queue whose machine is not to be checked. While replicas differ on what the fleet is,
// another may know better.
func (r *Runner) refuse(ctx context.Context, j job, why string) {
	if !r.store.Agreed() {
		delay := min(time.Duration(j.Attempt())*unknownAgain, unknownMost)
		j.log.Debug("not checked here", "reason", why, "delay", delay)
		j.retry(delay)
		return
	}
	if m, ok := r.store.View().Machine(j.machine); ok && m.Retrying != nil {
		_, err := r.store.UpdateMachine(ctx, j.machine, func(m *state.Machine) bool {
			retries := m.Retrying != nil && m.Retrying.Run == j.run
			m.Retrying = nil
			return retries
		})
		if err != nil {
			j.log.Warn("it could not be stored that a machine is not tried again", "err", err)
		}
	}
	r.drop(j, why)
}

// finish acknowledges a job whose outcome is stored. One that could not be stored is checked again.
func (r *Runner) finish(j job, err error, why string) {
	if err != nil {
		r.again(j, err, 0)
		return
	}
	if why != "" {
		j.log.Debug("not checked", "reason", why)
	}
	j.w.stored(j.machine)
	r.acknowledge(j)
}

// again gives a job back: after the delay if its failure is stored, else sooner or later.
func (r *Runner) again(j job, err error, delay time.Duration) {
	if err != nil {
		delay = r.backoff(j.w.notStored(j.machine))
		j.log.Error("the outcome of a check could not be stored, it will be repeated", "err", err, "delay", delay)
	} else {
		j.w.stored(j.machine)
	}
	j.retry(delay)
}

// keep hands an outcome to the sink and stores the attempt at the machine.
func (r *Runner) keep(ctx context.Context, run string, out checker.Outcome) error {
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	if err := r.sinkSafely(ctx, out); err != nil {
		return err
	}
	return r.putMachine(ctx, state.Machine{
		Name: out.Machine, Run: run, At: out.At, Duration: out.Duration, Failure: out.Failure, Facts: out.Facts,
	})
}

// putMachine stores the attempt at a machine. Facts that it did not get are those that were known. What is stored of
// a later run was stored while the clock was far ahead, or else the machine had not been checked.
func (r *Runner) putMachine(ctx context.Context, m state.Machine) error {
	_, err := r.store.UpdateMachine(ctx, m.Name, func(stored *state.Machine) bool {
		if stored.Run != m.Run && covers(stored.Run, m.Run, r.clock.Now()) {
			return false
		}
		if m.Facts == (state.Facts{}) {
			m.Facts = stored.Facts
		}
		*stored = m
		return true
	})
	return err
}

// alreadyStored tells whether a machine has an outcome of this run or a later one. A process that died between
// storing the pairs and the machine left only the pairs: the machine is made up from them.
func (r *Runner) alreadyStored(ctx context.Context, j job, m *config.Machine) (bool, error) {
	view := r.store.View()
	if r.isDone(m.Name, j.run) {
		return true, nil
	}
	made := state.Machine{Name: m.Name, Run: j.run}
	for _, p := range m.Packs {
		rec, ok := view.Record(state.Key{Machine: m.Name, Pack: p})
		if !ok || !rec.Retired.IsZero() || rec.Attempt.Run != j.run {
			return false, nil
		}
		made.At, made.Duration = rec.Attempt.At, rec.Attempt.Duration
		if rec.Attempt.Status == state.Unknown && made.Failure == nil {
			made.Failure = &state.Failure{Reason: rec.Attempt.Reason, Message: rec.Attempt.Message}
		}
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	err := r.putMachine(ctx, made)
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
		m, _ := f.Machine(j.machine)
		failure := &state.Failure{Reason: state.ReasonInternal, Message: "the check crashed, see the log"}
		out = at(inVain(m, j.run, failure), begin, r.clock.Since(begin))
	}()
	return r.check(j.w.ctx, f, j.machine, j.run)
}

// inVain is the outcome of a check that failed as a whole: no pack of the machine got a verdict.
func inVain(m *config.Machine, run string, failure *state.Failure) checker.Outcome {
	out := checker.Outcome{Machine: m.Name, Run: run, Failure: failure}
	for _, p := range m.Packs {
		out.Results = append(out.Results, state.Result{
			Key: state.Key{Machine: m.Name, Pack: p}, Run: run, Status: state.Unknown, Failure: failure,
		})
	}
	return out
}

// at is an outcome that was had then, and took that long.
func at(out checker.Outcome, when time.Time, took time.Duration) checker.Outcome {
	out.At, out.Duration = when.UTC(), took
	for i := range out.Results {
		out.Results[i].At, out.Results[i].Duration = out.At, out.Duration
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
