package run

import (
	"context"
	"maps"
	"slices"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// retry keeps a failure for the case that the run ends before the machine is tried again.
func (a *active) retry(out checker.Outcome) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.retrying[out.Machine] = out
}

// interrupted returns the failures that were to be tried again.
func (a *active) interrupted() []checker.Outcome {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.Collect(maps.Values(a.retrying))
}

// opened notes which machines have a job on the queue.
func (a *active) opened(machines []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, m := range machines {
		a.open[m] = true
	}
}

// without leaves out the machines that are the run's own and not done with.
func (a *active) without(names []string) []string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return slices.DeleteFunc(names, func(m string) bool { return a.open[m] })
}

// onlyRetries tells whether every machine was tried and nothing goes on: what is left only waits to be tried again.
func (a *active) onlyRetries() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.waits()
}

// waits is onlyRetries for who holds the lock. A machine whose outcome could not be stored does not count: what
// is known of it would be lost.
func (a *active) waits() bool {
	if a.closed || len(a.inFlight) > 0 || len(a.later) > 0 {
		return false
	}
	for m := range a.open {
		if _, tried := a.retrying[m]; !a.settled[m] && (!tried || a.unstored[m] > 0) {
			return false
		}
	}
	return true
}

// hold keeps workers from the machines that wait for a retry and returns them. It does nothing, and says so, if
// there is more to the run than these.
func (a *active) hold() (machines []string, ok bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.waits() {
		return nil, false
	}
	for m := range a.retrying {
		a.inFlight[m] = true
		a.busy.Add(1)
		machines = append(machines, m)
	}
	return machines, true
}

// release ends what hold began. If over, no worker gets in any more.
func (a *active) release(machines []string, over bool) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.closed = over
	for _, m := range machines {
		delete(a.inFlight, m)
		a.busy.Done()
	}
}

// yield ends a run that only waits for retries, as one that tried all its machines: their last failures are
// stored, the retries do not happen. It tells whether the run is over; if not, it goes on as before. Who asks for
// a run claims it only afterwards: a crash in between leaves this run to be resumed, or nothing to do.
func (r *Runner) yield(ctx context.Context, a *active) bool {
	held, ok := a.hold()
	if !ok {
		return false
	}
	over := r.keepInterrupted(ctx, a)
	a.release(held, over)
	if !over {
		return false
	}
	a.close()
	removed := r.purgeRest(ctx, a)
	r.log.Info("run gives way to the next, without its last retries", "run", a.id, "purged", removed)
	a.ending = &ending{phase: state.RunDone}
	return r.end(ctx, a)
}

// keepInterrupted stores the failures that were to be tried again, and tells whether all of them are stored.
func (r *Runner) keepInterrupted(ctx context.Context, a *active) bool {
	all := true
	for _, out := range a.interrupted() {
		if _, ok := checkable(r.fleet.Load(), out.Machine); !ok {
			continue
		}
		if err := r.keep(ctx, a, out); err != nil {
			r.log.Error("a failed check could not be stored", "run", a.id, "machine", out.Machine, "err", err)
			all = false
		}
	}
	return all
}
