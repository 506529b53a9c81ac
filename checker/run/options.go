package run

import (
	"context"
	"errors"
	"log/slog"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Store is what is used of *state.Store.
type Store interface {
	View() *state.View
	Coordinates() bool       // whether this replica begins and ends runs
	ClockOff() time.Duration // by how much our clock is wrong; 0: it is right
	Agreed() bool            // whether all replicas have the same fleet
	CreateRun(ctx context.Context, r state.Run) error
	UpdateRun(ctx context.Context, id string, next func(*state.Run) bool) (state.Run, error)
	Run(ctx context.Context, id string) (state.Run, error)
	RunFits(machines []string) int     // how many of them a run can name
	CatchUp(ctx context.Context) error // the view shows what others stored of machines until now
	UpdateMachine(ctx context.Context, name string, next func(*state.Machine) bool) (state.Machine, error)
}

// Queue is what is used of *state.Queue.
type Queue interface {
	Enqueue(ctx context.Context, jobs []state.Job) error
	Pull(ctx context.Context, max int) ([]*state.Delivery, error)
	Purge(ctx context.Context) (removed int, err error)
	Pending(ctx context.Context) (int, error)
}

// Check checks one machine of a fleet for a run; it is (*checker.Checker).Check. It returns soon after ctx ends.
type Check func(ctx context.Context, f *checker.Fleet, machine, run string) checker.Outcome

// Options are what a Runner is made of. All but those marked optional are needed.
type Options struct {
	Store Store
	Queue Queue
	Fleet *checker.Fleet
	Check Check
	// Sink judges and stores an outcome. The machine is done with once it returns nil; after an error it is
	// checked again. It is never given an outcome that was cut short by a shutdown or by the next run, nor one
	// of a machine that has left the fleet while it was checked.
	Sink checker.Sink
	// Unjudged names the machines of the fleet that have a pair without any stored record. It is asked at start,
	// after a reload, and again when a run that was on has ended or only waits for retries. Optional.
	Unjudged func() []string
	Metrics  *Metrics        // optional
	Clock    clockwork.Clock // optional: the real one
	Logger   *slog.Logger    // optional: slog's default
	// NoChecks leaves the work on the queue to others.
	NoChecks bool
	// KeepAlive is how often the queue is told that a check is still being worked on: well below the queue's
	// AckWait. Optional: a third of the default one.
	KeepAlive time.Duration
	// Busy is told when the first check begins while none is under way, and when the last of them has ended. It must not block.
	// Optional.
	Busy func(busy bool)
	// SinkBackoff is how long a machine waits after its sink failed n times in a row. Optional: from one second
	// doubling to one minute.
	SinkBackoff func(n int) time.Duration
}

func (o Options) withDefaults() (Options, error) {
	if o.Store == nil || o.Queue == nil || o.Fleet == nil || o.Check == nil || o.Sink == nil {
		return o, errors.New("run: store, queue, fleet, check and sink are all needed")
	}
	if o.Unjudged == nil {
		o.Unjudged = func() []string { return nil }
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.Default()
	}
	if o.KeepAlive <= 0 {
		o.KeepAlive = state.DefaultAckWait / 3
	}
	if o.Busy == nil {
		o.Busy = func(bool) {}
	}
	if o.SinkBackoff == nil {
		o.SinkBackoff = sinkBackoff
	}
	return o, nil
}

func sinkBackoff(n int) time.Duration {
	return min(time.Second<<min(n-1, 6), time.Minute)
}
