package run

import (
	"context"
	"slices"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// retryOf is a machine's failure in a run if it is to be tried again in it.
func retryOf(m *state.Machine, run string) *state.Retrying {
	if m.Retrying == nil || m.Retrying.Run != run {
		return nil
	}
	return m.Retrying
}

// failed counts a failure and tells whether the machine is to be tried again, which happens without holding a slot:
// then that is stored, for whoever has to do with the run next. What failed was logged by the check.
func (r *Runner) failed(ctx context.Context, j job, out checker.Outcome, c config.Check) (again bool, err error) {
	r.metrics.failed(&r.fleet, j.machine, out.Failure.Reason)
	if !out.Failure.Retry || c.Retries < 1 {
		return false, nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	attempt := 0
	_, err = r.store.UpdateMachine(ctx, j.machine, func(m *state.Machine) bool {
		attempt = 1
		if before := retryOf(m, j.run); before != nil {
			attempt = before.Attempts + 1
		}
		again = attempt <= c.Retries && !covers(m.Run, j.run, r.clock.Now())
		m.Retrying = &state.Retrying{
			Run: j.run, At: out.At, Duration: out.Duration, Failure: *out.Failure, Attempts: attempt,
		}
		return again
	})
	if err == nil && again {
		j.log.Info("machine will be tried again", "reason", out.Failure.Reason, "attempt", attempt, "delay", c.RetryDelay)
	}
	return again, err
}

// begins notes that a machine which waited to be tried again is being tried: its run does not give way meanwhile.
func (r *Runner) begins(ctx context.Context, j job) error {
	m, ok := r.store.View().Machine(j.machine)
	if !ok || retryOf(m, j.run) == nil {
		return nil
	}
	ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), storeTimeout)
	defer cancel()
	_, err := r.store.UpdateMachine(ctx, j.machine, func(m *state.Machine) bool {
		waits := retryOf(m, j.run)
		if waits == nil || waits.Trying {
			return false
		}
		trying := *waits
		trying.Trying = true
		m.Retrying = &trying
		return true
	})
	return err
}

// interrupted are the failures of a run whose machines were to be tried again.
func (r *Runner) interrupted(run string) []checker.Outcome {
	f := r.fleet.Load()
	var failures []checker.Outcome
	for _, stored := range r.store.View().Machines() {
		waits := retryOf(stored, run)
		if waits == nil || covers(stored.Run, run, r.clock.Now()) {
			continue
		}
		if m, ok := checkable(f, stored.Name); ok {
			failures = append(failures, at(inVain(m, run, &waits.Failure), waits.At, waits.Duration))
		}
	}
	return failures
}

// without leaves out the machines that wait to be tried again in a run.
func (r *Runner) without(names []string, run string) []string {
	return slices.DeleteFunc(names, func(name string) bool {
		m, ok := r.store.View().Machine(name)
		return ok && retryOf(m, run) != nil
	})
}

// yield ends a run that only waits for retries, as one that tried all its machines: their last failures are
// stored, the retries do not happen. It tells whether the run is over; if not, it goes on as before. Who asks for
// a run here claims it only afterwards: a crash in between leaves this run to be resumed, or nothing to do.
func (r *Runner) yield(ctx context.Context, a *active) bool {
	if a.ending != nil || !r.onlyRetries(ctx, r.snapshot(a)) {
		return false
	}
	failures := r.interrupted(a.id)
	held := make([]string, len(failures))
	for i, out := range failures {
		held[i] = out.Machine
	}
	w := r.workFor(ctx, a.id)
	if !w.hold(held) {
		return false
	}
	over := r.keepAll(ctx, failures)
	w.release(held, over)
	if !over {
		return false
	}
	r.closeWork(ctx, a.id)
	removed := r.purgeRest(ctx, a)
	r.log.Info("run gives way to the next, without its last retries", "run", a.id, "purged", removed)
	a.ending = &ending{phase: state.RunDone}
	return r.end(ctx, a)
}

// keepAll stores outcomes and tells whether all of them are stored.
func (r *Runner) keepAll(ctx context.Context, outcomes []checker.Outcome) bool {
	all := true
	for _, out := range outcomes {
		if err := r.keep(ctx, out.Run, out); err != nil {
			r.log.Error("a failed check could not be stored", "run", out.Run, "machine", out.Machine, "err", err)
			all = false
		}
	}
	return all
}
