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
// claimed. A run that only waits for retries is ended for it, without them; one that is spread goes on after it. It
// returns an error that is ErrBusy while any other run is on, and one that is ErrUnknownMachine for a machine that is not to be checked; their texts
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

// loop begins and ends runs, while this replica coordinates, until ctx ends.
func (r *Runner) loop(ctx context.Context) {
	tick := r.clock.NewTicker(tickEvery)
	defer tick.Stop()
	for ctx.Err() == nil {
		select {
		case <-ctx.Done():
		case <-r.woken:
			r.whileLeading(ctx, r.due)
		case req := <-r.requests:
			r.lead(ctx)
			r.requested(ctx, req)
		case <-r.emptied:
			r.whileLeading(ctx, r.endIfEmpty)
		case <-r.noticed:
			r.whileLeading(ctx, r.takeUp)
		case <-r.reloaded:
			r.newWanted, r.newAfter = true, r.clock.Now()
			r.whileLeading(ctx, r.reroute, r.checkNewNow, r.startNew)
		case <-tick.Chan():
			r.lastOver(r.clock.Now())
			r.whileLeading(ctx, r.due, r.takeUp, r.nextWave, r.endIfEmpty, r.endIfStuck, r.warnUnattended, r.saveCounts, r.sweep, r.startNew)
		}
	}
}

// whileLeading takes steps one after the other, as long as this replica coordinates.
func (r *Runner) whileLeading(ctx context.Context, steps ...func(context.Context)) {
	for _, step := range steps {
		if r.lead(ctx); r.leads {
			step(ctx)
		}
	}
}

// lead follows whether this replica coordinates. One that begins to takes up what there is; one that ceases to leaves
// everything as it is, for the next.
func (r *Runner) lead(ctx context.Context) {
	leads := r.store.Coordinates()
	if leads == r.leads || ctx.Err() != nil {
		return
	}
	r.leads = leads
	if leads {
		r.resume(ctx)
		return
	}
	if a := r.current.Swap(nil); a != nil {
		r.reopenWork(a.id)
		r.log.Info("another replica coordinates from now on", "run", a.id)
	}
}

// requested answers a call of StartRun. If another replica coordinates, that one finds the run in the store.
func (r *Runner) requested(ctx context.Context, req request) {
	run, names, err := r.accept(ctx, req)
	req.answer <- answer{run.ID, err}
	if err == nil && r.leads {
		r.launch(ctx, newActive(run), names)
	}
}

// accept claims a run that was asked for, if none is in its way. The names are those of all machines in it.
func (r *Runner) accept(ctx context.Context, req request) (state.Run, []string, error) {
	if !r.leads && !r.store.View().Live() {
		return state.Run{}, nil, ErrUnreachable
	}
	if off := r.store.ClockOff(); off != 0 {
		return state.Run{}, nil, wrongClock(off)
	}
	if old, on := r.inTheWay(ctx); on {
		return state.Run{}, nil, busy(r.asOfNow(old))
	}
	names, err := chosen(r.fleet.Load(), req.machines)
	if err == nil && r.nameable(names) < len(names) {
		err = tooMany(len(names))
	}
	if err != nil {
		return state.Run{}, nil, err
	}
	if old := r.current.Load(); old != nil && !r.makesWay(ctx, old) {
		return state.Run{}, nil, busy(r.snapshot(old))
	}
	run, err := r.claim(ctx, req.trigger, r.freshInstant(), names)
	if err != nil {
		r.lost(ctx, req.trigger, err)
	}
	return run, names, err
}

// inTheWay returns the run that forbids another one: one that is on, unless it only waits for retries or is spread.
func (r *Runner) inTheWay(ctx context.Context) (state.Run, bool) {
	for _, run := range r.store.View().Runs() {
		a := r.current.Load()
		over := a != nil && a.id == run.ID && a.ending != nil // but that could not be stored
		if !run.Ended() && (over || !r.suspends(*run) && !r.onlyRetries(ctx, *run)) {
			return *run, true
		}
	}
	return state.Run{}, false
}
