package exporter

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// The real ones fit.
var (
	_ View  = (*state.View)(nil)
	_ Store = (*state.Store)(nil)
)

// fakeState is a View and a Store over maps of the real types.
type fakeState struct {
	mu       sync.Mutex
	records  map[state.Key]*state.Record // with Detail
	machines map[string]*state.Machine
	history  map[state.Key][]state.Change
	runs     []state.Run // newest first
	down     bool        // not live
	stuck    string
	clockOff time.Duration
	revision uint64
	ordered  []*state.Record   // what Records returns
	places   map[state.Key]int // in ordered; nil: to be sorted
	err      error             // of every read on demand
}

func newFakeState() *fakeState {
	return &fakeState{
		records:  map[state.Key]*state.Record{},
		machines: map[string]*state.Machine{},
		history:  map[state.Key][]state.Change{},
	}
}

func (f *fakeState) put(rs ...*state.Record) {
	f.mu.Lock()
	defer f.mu.Unlock()
	for _, r := range rs {
		f.records[r.Key] = r
		if i, known := f.places[r.Key]; known {
			f.ordered[i] = summaryOf(r)
		} else {
			f.places = nil
		}
	}
	f.revision++
}

func (f *fakeState) putMachine(m *state.Machine) {
	f.mu.Lock()
	defer f.mu.Unlock()
	f.machines[m.Name] = m
	f.revision++
}

func (f *fakeState) Revision() uint64 {
	f.mu.Lock()
	defer f.mu.Unlock()
	return f.revision
}

func (f *fakeState) Record(k state.Key) (*state.Record, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	r, ok := f.records[k]
	return summaryOf(r), ok
}

// Records costs what the real ones do, once they are sorted.
func (f *fakeState) Records() []*state.Record {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.places == nil {
		f.places, f.ordered = map[state.Key]int{}, nil
		for i, k := range slices.SortedFunc(maps.Keys(f.records), func(a, b state.Key) int {
			return cmp.Or(strings.Compare(a.Machine, b.Machine), strings.Compare(a.Pack, b.Pack))
		}) {
			f.places[k] = i
			f.ordered = append(f.ordered, summaryOf(f.records[k]))
		}
	}
	return slices.Clone(f.ordered)
}

// summaryOf is what the view has of a record: no detail.
func summaryOf(r *state.Record) *state.Record {
	if r == nil || r.Detail == nil {
		return r
	}
	summary := *r
	summary.Detail = nil
	return &summary
}

func (f *fakeState) Machine(name string) (*state.Machine, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	m, ok := f.machines[name]
	return m, ok
}

func (f *fakeState) Live() bool { return !f.down }

func (f *fakeState) Stuck() string { return f.stuck }

func (f *fakeState) ClockOff() time.Duration { return f.clockOff }

func (f *fakeState) run(ended bool) (state.Run, bool) {
	for _, r := range f.runs {
		if r.Ended() == ended {
			return r, true
		}
	}
	return state.Run{}, false
}

func (f *fakeState) LastRun() (state.Run, bool)    { return f.run(true) }
func (f *fakeState) CurrentRun() (state.Run, bool) { return f.run(false) }

func (f *fakeState) Detail(_ context.Context, k state.Key) (*state.Record, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.err != nil {
		return nil, f.err
	}
	if r, ok := f.records[k]; ok {
		return r, nil
	}
	return nil, fmt.Errorf("%s: %w", k, state.ErrNotFound)
}

func (f *fakeState) History(_ context.Context, k state.Key) ([]state.Change, error) {
	return f.history[k], f.err
}

func (f *fakeState) Runs(context.Context) ([]state.Run, error) { return f.runs, f.err }

func (f *fakeState) Run(_ context.Context, id string) (state.Run, error) {
	if f.err != nil {
		return state.Run{}, f.err
	}
	for _, r := range f.runs {
		if r.ID == id {
			return r, nil
		}
	}
	return state.Run{}, fmt.Errorf("run %s: %w", id, state.ErrNotFound)
}

// fakeRuns records what it was asked to start.
type fakeRuns struct {
	mu      sync.Mutex
	started [][]string
	err     error
	next    time.Time
	current *state.Run // nil: none is on
}

func (f *fakeRuns) StartRun(ctx context.Context, machines []string) (string, error) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if err := ctx.Err(); err != nil {
		return "", err
	}
	if f.err != nil {
		return "", f.err
	}
	f.started = append(f.started, machines)
	return "2026-01-29T10:30:00.25Z", nil
}

func (f *fakeRuns) NextRun() time.Time { return f.next }

func (f *fakeRuns) Current() (state.Run, bool) {
	f.mu.Lock()
	defer f.mu.Unlock()
	if f.current == nil {
		return state.Run{}, false
	}
	return *f.current, true
}

// at is an instant of the fixture's day.
func at(hour, minute, sec, ms int) time.Time {
	return time.Date(2026, 1, 29, hour, minute, sec, ms*int(time.Millisecond), time.UTC)
}

func fleetOf(machines ...config.Machine) *Fleet {
	return &Fleet{Config: &config.Config{Machines: machines}}
}

// sortedMachines are in the order that a loaded configuration has them in.
func sortedMachines(machines []config.Machine) []config.Machine {
	slices.SortFunc(machines, func(a, b config.Machine) int { return strings.Compare(a.Name, b.Name) })
	return machines
}

func always(f *Fleet) func() *Fleet { return func() *Fleet { return f } }

// box is a machine with the fields that a loaded configuration always has.
func box(name string, packs ...string) config.Machine {
	return config.Machine{
		Name: name, DisplayName: name, Address: name, Transport: config.TransportSSH, Enabled: true, Packs: packs,
	}
}
