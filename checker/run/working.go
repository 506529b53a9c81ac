package run

import (
	"context"
	"errors"
	"slices"
	"sync"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// working is what this process does for a run: the checks of its machines. Any replica does, whichever of them
// coordinates the run.
type working struct {
	id     string
	ctx    context.Context // of its checks; ends when the run is over or the process shuts down
	cancel context.CancelFunc

	mu       sync.Mutex
	closed   bool // no further check of it begins
	shown    bool // the view has shown the run
	inFlight map[string]bool
	busy     sync.WaitGroup // one for each in flight
	unstored map[string]int // by machine: how often in a row its outcome could not be stored
}

// entry is what a worker is told about a job.
type entry int

const (
	entryOver  entry = iota // the run is over: the job is void
	entryTwice              // another worker of this process is at it
	entryOpen               // go on, and leave afterwards
)

// enter lets a worker in that was given a job of the run.
func (w *working) enter(machine string) entry {
	w.mu.Lock()
	defer w.mu.Unlock()
	switch {
	case w.closed:
		return entryOver
	case w.inFlight[machine]:
		return entryTwice
	}
	w.inFlight[machine] = true
	w.busy.Add(1)
	return entryOpen
}

// leave is the end of what enter began.
func (w *working) leave(machine string) {
	w.mu.Lock()
	delete(w.inFlight, machine)
	w.mu.Unlock()
	w.busy.Done()
}

func (w *working) isClosed() bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	return w.closed
}

// stop ends the run's checks here.
func (w *working) stop() {
	w.mu.Lock()
	w.closed = true
	w.mu.Unlock()
	w.cancel()
}

// hold keeps workers of this process from machines. It does nothing, and says so, if one of them is being worked on
// here.
func (w *working) hold(machines []string) bool {
	w.mu.Lock()
	defer w.mu.Unlock()
	if w.closed || slices.ContainsFunc(machines, func(m string) bool { return w.inFlight[m] }) {
		return false
	}
	for _, m := range machines {
		w.inFlight[m] = true
		w.busy.Add(1)
	}
	return true
}

// release ends what hold began. If over, no worker gets in any more.
func (w *working) release(machines []string, over bool) {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.closed = over
	for _, m := range machines {
		delete(w.inFlight, m)
		w.busy.Done()
	}
}

// notStored notes that an outcome could not be stored and tells how often in a row that was.
func (w *working) notStored(machine string) int {
	w.mu.Lock()
	defer w.mu.Unlock()
	w.unstored[machine]++
	return w.unstored[machine]
}

// stored is the end of what notStored counts.
func (w *working) stored(machine string) {
	w.mu.Lock()
	defer w.mu.Unlock()
	delete(w.unstored, machine)
}

// worksOn returns what this process does for a run, nil if the run is over. The view may not know the run yet: then
// the store is asked.
func (r *Runner) worksOn(ctx context.Context, id string) (*working, error) {
	run, shown := r.store.View().Run(id)
	if !shown {
		var err error
		run, err = r.store.Run(ctx, id)
		if errors.Is(err, state.ErrNotFound) {
			return nil, nil
		}
		if err != nil {
			return nil, err
		}
	}
	if run.Ended() {
		return nil, nil
	}
	w := r.workFor(ctx, id)
	if run, ok := r.store.View().Run(id); ok && run.Ended() { // just now: nobody may have seen that there is work
		r.forgetWorks()
		return nil, nil
	}
	return w, nil
}

// workFor returns what this process does for a run that is on.
func (r *Runner) workFor(ctx context.Context, id string) *working {
	r.worksMu.Lock()
	defer r.worksMu.Unlock()
	w := r.works[id]
	if w == nil {
		w = &working{id: id, inFlight: map[string]bool{}, unstored: map[string]int{}}
		w.ctx, w.cancel = context.WithCancel(ctx)
		r.works[id] = w
	}
	return w
}

// closeWork ends this process's checks of a run and waits for them.
func (r *Runner) closeWork(ctx context.Context, id string) {
	w := r.workFor(ctx, id)
	w.stop()
	w.busy.Wait()
}

// reopenWork forgets that this process's checks of a run were ended, if the run goes on after all.
func (r *Runner) reopenWork(id string) {
	r.worksMu.Lock()
	defer r.worksMu.Unlock()
	if w := r.works[id]; w != nil && w.isClosed() {
		delete(r.works, id)
	}
}

// followRuns ends checks of runs that ended, and tells the loop of new ones, until ctx ends.
func (r *Runner) followRuns(ctx context.Context) {
	for {
		changed := r.store.View().RunsChanged()
		r.forgetWorks()
		signal(r.noticed)
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// followOutcomes tells the loop when all machines of the run that is on have an outcome, until ctx ends: most may be what
// other replicas did. Where there are none, acknowledgements tell.
func (r *Runner) followOutcomes(ctx context.Context) {
	view := r.store.View()
	if len(view.Replicas()) == 0 {
		return
	}
	for {
		changed := view.Changed()
		if a := r.current.Load(); a != nil {
			if run, ok := view.Run(a.id); ok && run.Phase == state.RunRunning && r.tally(run).Done() >= run.Total {
				signal(r.emptied)
			}
		}
		select {
		case <-changed:
		case <-ctx.Done():
			return
		}
	}
}

// forgetWorks ends the checks of runs that are over.
func (r *Runner) forgetWorks() {
	r.worksMu.Lock()
	defer r.worksMu.Unlock()
	for id, w := range r.works {
		run, ok := r.store.View().Run(id)
		if ok && !run.Ended() {
			w.shown = true
		} else if ok || w.shown {
			w.stop()
			delete(r.works, id)
		}
	}
}
