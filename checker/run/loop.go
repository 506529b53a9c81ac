package run

import (
	"context"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// request is a call of StartRun on its way to the loop.
type request struct {
	trigger  state.Trigger
	machines []string
	answer   chan answer // holds one
}

type answer struct {
	id  string
	err error
}

// StartRun starts a run of the given machines, or of all if there are none, and returns its id once it is
// claimed. A run that only waits for retries is ended for it, without them. It returns an error that is ErrBusy
// while another run is on, and one that is ErrUnknownMachine for a machine that is not to be checked; their texts
// tell more.
func (r *Runner) StartRun(ctx context.Context, trigger state.Trigger, machines []string) (string, error) {
	req := request{trigger, machines, make(chan answer, 1)}
	select {
	case r.requests <- req:
	case <-ctx.Done():
		return "", ctx.Err()
	case <-r.done:
		return "", ErrStopped
	}
	select {
	case a := <-req.answer:
		return a.id, a.err
	case <-ctx.Done():
		return "", ctx.Err()
	case <-r.done:
		return "", ErrStopped
	}
}

// loop begins and ends runs until ctx ends.
func (r *Runner) loop(ctx context.Context) {
	tick := r.clock.NewTicker(tickEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-r.woken:
			r.due(ctx)
		case req := <-r.requests:
			r.requested(ctx, req)
		case <-r.emptied:
			r.endIfEmpty(ctx)
		case <-r.reloaded:
			r.newWanted, r.newAfter = true, r.clock.Now()
			r.checkNewNow(ctx)
			r.startNew(ctx)
		case <-tick.Chan():
			r.due(ctx)
			r.nextWave(ctx)
			r.endIfEmpty(ctx)
			r.saveCounts(ctx)
			r.sweep(ctx)
			r.startNew(ctx)
		}
	}
}

// requested answers a call of StartRun.
func (r *Runner) requested(ctx context.Context, req request) {
	old := r.current.Load()
	if old != nil && !old.onlyRetries() {
		req.answer <- answer{err: busy(old)}
		return
	}
	names, err := chosen(r.fleet.Load(), req.machines)
	if err != nil {
		req.answer <- answer{err: err}
		return
	}
	if old != nil && !r.yield(ctx, old) {
		req.answer <- answer{err: busy(old)}
		return
	}
	a, err := r.claim(ctx, req.trigger, r.freshInstant(), names)
	if err != nil {
		r.lost(ctx, req.trigger, err)
		req.answer <- answer{err: err}
		return
	}
	req.answer <- answer{id: a.id}
	r.launch(ctx, a, names)
}
