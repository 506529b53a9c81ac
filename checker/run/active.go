package run

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// active is the run that is on, as far as this process knows it. What must outlive the process is in the
// store and the queue; this is made of them again after a restart.
type active struct {
	id     string
	ctx    context.Context // of its checks; ends when the run is closed or the process shuts down
	cancel context.CancelFunc
	saved  counts  // that are stored; the runner's loop alone uses it
	ending *ending // set by the runner's loop once the run is over, until that is stored

	mu       sync.Mutex
	run      state.Run // with counts up to the last machine
	closed   bool      // no further check of it begins
	inFlight map[string]bool
	busy     sync.WaitGroup             // one for each in flight
	open     map[string]bool            // machines with a job on the queue
	later    []turn                     // machines that get one at their turn, in order
	settled  map[string]bool            // machines whose outcome is stored
	judged   int                        // how many of those gave a verdict for every pack
	acked    int                        // how many jobs this process took off the queue
	left     int                        // how many that is once the queue may be empty
	returned map[string]int             // by machine: deliveries that were given back without a failed check
	unstored map[string]int             // by machine: how often in a row its outcome could not be stored
	retrying map[string]checker.Outcome // the last failure of machines that are to be tried again
}

// ending is how a run is over.
type ending struct {
	phase  state.RunPhase
	reason string
}

func newActive(ctx context.Context, r state.Run) *active {
	a := &active{
		id: r.ID, run: r,
		inFlight: map[string]bool{}, open: map[string]bool{}, settled: map[string]bool{},
		returned: map[string]int{}, unstored: map[string]int{}, retrying: map[string]checker.Outcome{},
	}
	a.ctx, a.cancel = context.WithCancel(ctx)
	return a
}

// entry is what a worker is told about a job.
type entry int

const (
	entryOver  entry = iota // the run is over: the job is void
	entryTwice              // another worker is at it
	entryOpen               // go on, and leave afterwards
)

// enter lets a worker in that was given a job of the run.
func (a *active) enter(machine string) entry {
	a.mu.Lock()
	defer a.mu.Unlock()
	switch {
	case a.closed:
		return entryOver
	case a.inFlight[machine]:
		return entryTwice
	}
	a.inFlight[machine] = true
	a.busy.Add(1)
	return entryOpen
}

// leave is the end of what enter began.
func (a *active) leave(machine string) {
	a.mu.Lock()
	delete(a.inFlight, machine)
	a.mu.Unlock()
	a.busy.Done()
}

// close ends the run's checks and waits for them.
func (a *active) close() {
	a.mu.Lock()
	a.closed = true
	a.mu.Unlock()
	a.cancel()
	a.busy.Wait()
}

// setRun takes over what was stored of the run.
func (a *active) setRun(r state.Run) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.run = r
}

// snapshot is the run with the counts of now.
func (a *active) snapshot() state.Run {
	a.mu.Lock()
	defer a.mu.Unlock()
	r := a.run
	r.Machines = slices.Clone(r.Machines)
	r.Checked, r.Failed = a.judged, len(a.settled)-a.judged
	for m := range a.retrying {
		if !a.inFlight[m] && a.unstored[m] == 0 {
			r.Retrying++
		}
	}
	if r.Phase == state.RunRunning { // before, not all that are to be open are
		r.ToCome = len(a.later)
		r.NotTried = max(0, r.Total-len(a.settled)-a.unsettled()-r.ToCome)
	}
	return r
}

// unsettled is how many machines have a job on the queue and no outcome, for who holds the lock.
func (a *active) unsettled() (n int) {
	for m := range a.open {
		if !a.settled[m] {
			n++
		}
	}
	return n
}

// counts are those of a run that change while it is on.
type counts struct{ checked, failed, retrying, notTried, toCome int }

func countsOf(r state.Run) counts {
	return counts{r.Checked, r.Failed, r.Retrying, r.NotTried, r.ToCome}
}

// settle notes that a machine's outcome is stored: nil if every pack of it was judged.
func (a *active) settle(machine string, failure *state.Failure) {
	a.mu.Lock()
	defer a.mu.Unlock()
	if !a.settled[machine] {
		a.settled[machine] = true
		if failure == nil {
			a.judged++
		}
	}
	delete(a.retrying, machine)
	delete(a.unstored, machine)
}

// count is how many machines' outcomes are stored.
func (a *active) count() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.settled)
}

// isSettled tells whether a machine's outcome is stored already.
func (a *active) isSettled(machine string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.settled[machine]
}

// acknowledgements counts the jobs that this process took off the queue so far.
func (a *active) acknowledgements() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.acked
}

// expect notes that n jobs were on the queue, at some moment since the given number was acknowledged. Jobs that
// were acknowledged meanwhile may be in n or not: the estimate errs towards asking the queue once more.
func (a *active) expect(n, since int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.left = n + since
}

// acknowledged counts a job that left the queue and tells whether it may have been the last.
func (a *active) acknowledged(machine string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	delete(a.open, machine)
	a.acked++
	return a.acked >= a.left
}

// failures is how often a machine was tried in vain, this time included, of which it is the attempt-th delivery.
func (a *active) failures(machine string, attempt int) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return attempt - a.returned[machine]
}

// giveBack notes that a job goes back to the queue although no check of it failed.
func (a *active) giveBack(machine string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.returned[machine]++
}

// notStored notes that an outcome could not be stored and tells how often in a row that was.
func (a *active) notStored(machine string) int {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.returned[machine]++
	a.unstored[machine]++
	return a.unstored[machine]
}

// tolerance is how far a stored run may be in the future of the clock and still count. Beyond it, the clock
// was wrong when it was stored, and to wait until it has caught up would be to check nothing for that long.
const tolerance = time.Hour

// covers tells whether a machine whose stored run is stored need not be checked for run.
func covers(stored, run string, now time.Time) bool {
	if stored == run {
		return true
	}
	at, err := state.Run{ID: stored}.Instant()
	return err == nil && !at.After(now.Add(tolerance)) && state.CompareRunIDs(stored, run) > 0
}
