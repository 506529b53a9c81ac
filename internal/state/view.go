package state

import (
	"cmp"
	"context"
	"log/slog"
	"maps"
	"slices"
	"strings"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
)

// View is a copy in memory of the buckets state, machines and runs, kept up to date. It shows this process's
// own writes as soon as they return. What it hands out is shared and must not be changed. It is safe for
// concurrent use.
type View struct {
	mu       sync.Mutex
	records  *mirror[Key, Record]
	machines *mirror[string, Machine]
	runs     *mirror[string, Run]
	alerts   map[Key]*Record // those of records that have something to tell Alertmanager
	tallies  map[string]Tally
	changed  chan struct{}
	asked    bool          // someone waits for changed
	moved    chan struct{} // of RunsChanged
	revision uint64

	replicas *mirror[string, Replica] // by key; nil, as all that follows from it, where nobody shares the state
	roster   *mirror[string, Roster]
	hostKeys *mirror[string, hostKey] // by encoded address
	mirrors  []mirrored               // all of them
	clock    clockwork.Clock
	timing   timing
	acked    *time.Time // when what the servers acknowledged last was sent; nil: nothing is sent regularly
	liveFrom time.Time  // since when it has been live without a lapse; zero: it is not
	stuck    string     // why nothing can be stored

	connected  func() bool
	generation uint64        // counts the connection's losses
	stale      chan struct{} // closed with the end of the generation
}

func newView(b *buckets, connected func() bool, o Options) *View {
	v := &View{
		clock:     o.realClock,
		timing:    o.timing,
		alerts:    map[Key]*Record{},
		tallies:   map[string]Tally{},
		changed:   make(chan struct{}),
		moved:     make(chan struct{}),
		connected: connected,
		stale:     make(chan struct{}),
	}
	v.records = newMirror(v, b.state, decodeSharedKey, decodeRecord, compareKeys)
	v.records.onChange = v.indexAlert
	v.machines = newMirror(v, b.machines, decodeID, decodeMachine, cmp.Compare[string])
	v.machines.onChange = v.indexTally
	v.runs = newMirror(v, b.runs, decodeRun, decodeRunEntry, func(a, b string) int { return CompareRunIDs(b, a) })
	v.runs.onChange = v.runChanged
	v.mirrors = []mirrored{v.records, v.machines, v.runs}
	return v
}

// mirrored is a mirror of whatever.
type mirrored interface {
	run(ctx context.Context, log *slog.Logger)   // follows the bucket until the context ends
	probe(ctx context.Context, log *slog.Logger) // asks whether it has caught up with the bucket
	upToDate(now time.Time) bool
	ahead() (by time.Duration, known bool) // our clock of the server that leads the bucket
	cut()
}

func compareKeys(a, b Key) int {
	return cmp.Or(strings.Compare(a.Machine, b.Machine), strings.Compare(a.Pack, b.Pack))
}

// Record returns a pair's record, without its Detail.
func (v *View) Record(k Key) (*Record, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.records.table.get(k)
}

// Records returns all records, retired ones included, ordered by machine and pack, without their Details.
func (v *View) Records() []*Record {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.records.table.all()
}

// Alerts returns the records that have an Alert or something Resolving, ordered by machine and pack. Its cost
// follows their number, not that of all records.
func (v *View) Alerts() []*Record {
	v.mu.Lock()
	records := slices.Collect(maps.Values(v.alerts))
	v.mu.Unlock()
	slices.SortFunc(records, func(a, b *Record) int { return compareKeys(a.Key, b.Key) })
	return records
}

// indexAlert keeps alerts in step with records; r is nil if the record is gone. The caller holds mu.
func (v *View) indexAlert(k Key, _, r *Record) {
	if r != nil && (r.Alert != nil || len(r.Resolving) > 0) {
		v.alerts[k] = r
	} else {
		delete(v.alerts, k)
	}
}

// Machine returns what is known of a machine.
func (v *View) Machine(name string) (*Machine, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.machines.table.get(name)
}

// Machines returns all machines, ordered by name.
func (v *View) Machines() []*Machine {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.machines.table.all()
}

// Runs returns all runs, the newest instant first.
func (v *View) Runs() []*Run {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.runs.table.all()
}

// Run returns the run of an id.
func (v *View) Run(id string) (Run, bool) {
	v.mu.Lock()
	defer v.mu.Unlock()
	r, ok := v.runs.table.get(id)
	if !ok {
		return Run{}, false
	}
	return *r, true
}

// LastRun returns the run that ended last. One that ended in a time to come ended while the clock was ahead: it is the
// last only if there is no other.
func (v *View) LastRun() (Run, bool) {
	soon := v.clock.Now().Add(maxRunAhead)
	var last *Run
	for _, r := range v.Runs() {
		if !r.Ended() {
			continue
		}
		early := r.EndedAt.After(soon)
		switch {
		case last == nil, !early && last.EndedAt.After(soon):
			last = r
		case early == last.EndedAt.After(soon) && r.EndedAt.After(last.EndedAt):
			last = r
		}
	}
	if last == nil {
		return Run{}, false
	}
	return *last, true
}

// CurrentRun returns the run that has not ended: if there are several, that of the newest instant.
func (v *View) CurrentRun() (Run, bool) {
	for _, r := range v.Runs() {
		if !r.Ended() {
			return *r, true
		}
	}
	return Run{}, false
}

// Changed returns a channel that is closed at the next change of anything in the view, Live included. To miss
// nothing, ask for it before reading the view.
func (v *View) Changed() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.asked = true
	return v.changed
}

// RunsChanged is Changed for runs and for who coordinates them.
func (v *View) RunsChanged() <-chan struct{} {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.moved
}

// runChanged wakes who waits for RunsChanged. The caller holds mu.
func (v *View) runChanged(string, *Run, *Run) { v.move() }

func (v *View) move() {
	close(v.moved)
	v.moved = make(chan struct{})
}

// Revision is a number that is another one after every change of anything in the view, Live included; it means
// nothing after a restart. What is derived from the view can be kept for as long as the number stands, if it was
// asked for before the view was read.
func (v *View) Revision() uint64 {
	connected := v.connected()
	v.mu.Lock()
	defer v.mu.Unlock()
	v.live(connected)
	return v.revision
}

// notify wakes who waits for a change. The caller holds mu.
func (v *View) notify() {
	v.revision++
	if v.asked {
		close(v.changed)
		v.changed, v.asked = make(chan struct{}), false
	}
}

// Live tells whether the view shows what is stored: it is connected, has been replayed since the connection was last
// lost, and was found to have caught up with the servers not long before this call. While it is not live, others may
// have written what the view does not show.
func (v *View) Live() bool {
	connected := v.connected()
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.live(connected)
}

// live is Live, and makes a change of what was told of it before, of which nothing may have told us yet, one of the
// view. The caller holds mu.
func (v *View) live(connected bool) bool {
	now := v.clock.Now()
	live := connected && v.confirmed(now)
	switch {
	case !live:
		v.lapsed()
	case v.liveFrom.IsZero():
		v.liveFrom = now
		v.notify()
	}
	return live
}

// lapsed notes that the view was not live at some moment. The caller holds mu.
func (v *View) lapsed() {
	if !v.liveFrom.IsZero() {
		v.liveFrom = time.Time{}
		v.notify()
	}
}

// cut notes that the connection was lost: everything has to be replayed.
func (v *View) cut() {
	v.mu.Lock()
	defer v.mu.Unlock()
	v.generation++
	for _, m := range v.mirrors {
		m.cut()
	}
	v.lapsed()
	close(v.stale)
	v.stale = make(chan struct{})
	v.notify()
}

// current returns the generation and the channel that is closed at its end.
func (v *View) current() (uint64, <-chan struct{}) {
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.generation, v.stale
}
