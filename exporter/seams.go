package exporter

import (
	"context"
	"errors"
	"sync"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// View is the part of the state that is always at hand: verdicts without their details. *state.View is one.
// Everything it returns is shared and must not be changed.
type View interface {
	Record(state.Key) (*state.Record, bool)
	Records() []*state.Record // all of them, retired ones included, ordered by machine and pack
	Machine(name string) (*state.Machine, bool)
	Live() bool                    // replayed and connected
	Stuck() string                 // why nothing can be stored; empty: it can
	ClockOff() time.Duration       // by how much our clock is ahead of the state's, negative if behind; 0: not so that it matters
	LastRun() (state.Run, bool)    // the last that ended
	CurrentRun() (state.Run, bool) // the one that has not ended
	Revision() uint64              // another after every change of any of the above
}

// Store is the part of the state that is read on demand. *state.Store is one. Detail and Run return an error
// that is state.ErrNotFound for what was never stored.
type Store interface {
	Detail(ctx context.Context, k state.Key) (*state.Record, error)
	History(ctx context.Context, k state.Key) ([]state.Change, error) // newest first
	Run(ctx context.Context, id string) (state.Run, error)
	Runs(ctx context.Context) ([]state.Run, error) // newest first
}

// Runs starts runs, follows the one that is on and knows when the next one is due.
type Runs interface {
	// StartRun starts a check of these machines, or of all for none. The error is, or wraps, ErrBusy,
	// ErrUnknownMachine or ErrUnavailable where one of them fits.
	StartRun(ctx context.Context, machines []string) (id string, err error)
	NextRun() time.Time // zero: not known
	// Current returns the run of this process that is on, with the counts of this moment.
	Current() (state.Run, bool)
}

// The errors of Runs.StartRun that a client is told apart by their HTTP status.
var (
	ErrBusy           = errors.New("a run is in progress")                    // 409
	ErrUnknownMachine = errors.New("no such machine with drift detection on") // 400
	ErrUnavailable    = errors.New("runs cannot be started at the moment")    // 503
)

// Fleet is the configuration and its packs at one moment. It is immutable and swapped whole by a reload.
type Fleet struct {
	Config *config.Config
	Packs  []PackInfo // sorted by ID

	indexOnce sync.Once
	index     packIndex // of Packs; see packs
}

// PackInfo is what the API and the pages tell of a pack.
type PackInfo struct {
	ID          string
	Name        string
	Description string
	Extends     string // id of the parent; empty: none
	File        string
	Items       int // its ancestors' included
	// Entries are these items, ancestors' first; packs that inherit one share it.
	Entries []*PackItem
}

// PackItem is an item of a pack as everybody may see it: the loader has taken out what may be secret.
type PackItem struct {
	Kind        string
	Identity    string
	Description string
	Pack        string // id of the pack that holds it
	Source      string // file:line, as in state.Mismatch
	Line        int    // the first, as in Source
	LastLine    int
	Replaces    string // Source of the inherited item in whose place it stands; empty: none
	When        []PackCondition
	Sensitive   bool     // `sensitive: true`
	YAML        string   // values that may be secret are left out
	Hidden      []string // the fields of these
}

// PackCondition is one of the conditions under which an item applies: one of the values has to be there.
type PackCondition struct {
	Name   string // os, arch, …, vars.role
	Values []string
}

// Pack returns the pack of that id.
func (f *Fleet) Pack(id string) (PackInfo, bool) {
	if p, ok := f.packs().byID[id]; ok {
		return *p, true
	}
	return PackInfo{}, false
}

// machines returns every configured machine, disabled ones included; none before a configuration is loaded.
func (f *Fleet) machines() []config.Machine {
	if f == nil || f.Config == nil {
		return nil
	}
	return f.Config.Machines
}

func (f *Fleet) machine(name string) (*config.Machine, bool) {
	if f == nil || f.Config == nil {
		return nil, false
	}
	return f.Config.Machine(name)
}
