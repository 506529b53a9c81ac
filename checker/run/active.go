package run

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// active is the run that is on, for the replica that coordinates it. All that counts is in the store and the queue:
// what is here is made of them again by whoever takes over.
type active struct {
	id     string
	saved  counts  // that are stored; this and what follows is the runner's loop's alone
	again  int     // how many machines were put on the queue once more, the last time that was done
	ending *ending // set once the run is over, until that is stored

	moved   state.Tally // how far it had come when it was last seen to come further, while another run waits for it
	movedAt time.Time   // when that was; zero: it was not looked at

	witness atomic.Pointer[string] // a machine without an outcome, when it was last looked for: most of a run it is enough to look at one

	mu     sync.Mutex
	run    state.Run         // as it was last seen
	queued map[string]bool   // machines that were put on the queue by this process
	sites  map[string]string // of those, as they were put there; none: they have none
	unseen map[string]int    // machines that were put at a site, until it is looked who takes them
	later  []turn            // machines that are put there at their turn, in order
	acked  int               // how many jobs this process took off the queue
	left   int               // how many that is once the queue may be empty
}

// ending is how a run is over.
type ending struct {
	phase  state.RunPhase
	reason string
}

// nextDue is why most runs are cut short that are.
const nextDue = "the next run was due"

func newActive(r state.Run) *active {
	return &active{id: r.ID, run: r, queued: map[string]bool{}, sites: map[string]string{}, unseen: map[string]int{}}
}

// counts are those of a run that change while it is on.
type counts struct{ checked, failed, retrying, notTried, toCome int }

func countsOf(r state.Run) counts {
	return counts{r.Checked, r.Failed, r.Retrying, r.NotTried, r.ToCome}
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

// acknowledged counts a job that left the queue and tells whether it may have been the last. What others take off
// it shows at the next tick.
func (a *active) acknowledged() bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.acked++
	return a.acked >= a.left
}

// put notes which machines get onto the queue, beside those that are there.
func (a *active) put(machines []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.begin(machines)
}

// begin is put for who holds the lock.
func (a *active) begin(machines []string) {
	for _, m := range machines {
		a.queued[m] = true
	}
	a.left = max(a.left, a.acked) + len(machines)
}

// wasPut tells whether a machine was put on the queue.
func (a *active) wasPut(machine string) bool {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.queued[machine]
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
