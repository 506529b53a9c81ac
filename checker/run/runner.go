package run

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"sync/atomic"
	"time"

	"github.com/go-co-op/gocron/v2"
	"github.com/google/uuid"
	"github.com/jonboulle/clockwork"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/schedule"
)

// tickEvery is how often the loop looks by itself: for an instant that a timer missed since the machine slept or
// its clock was set, for a queue that has run empty, and for counts to store.
const tickEvery = 5 * time.Second

// Runner decides when machines are checked and has them checked. One goroutine, the loop, begins and ends runs while
// this replica coordinates; workers take jobs from the queue in any case.
type Runner struct {
	store     Store
	queue     Queue
	check     Check
	checks    bool
	sink      checker.Sink
	unjudged  func() []string
	metrics   *Metrics
	clock     clockwork.Clock
	log       *slog.Logger
	keepAlive time.Duration
	backoff   func(n int) time.Duration

	fleet   atomic.Pointer[checker.Fleet]
	plan    atomic.Pointer[plan]
	current atomic.Pointer[active]    // the run that is on, if this replica coordinates
	over    atomic.Pointer[time.Time] // the last scheduled instant that was seen to be dealt with
	slots   *slots

	requests chan request  // of StartRun
	woken    chan struct{} // something may be due
	emptied  chan struct{} // the queue may be empty
	noticed  chan struct{} // a run changed in the store
	reloaded chan struct{}
	started  atomic.Bool
	done     chan struct{} // closed when Run has returned

	worksMu sync.Mutex
	works   map[string]*working // by run

	cronMu sync.Mutex
	cron   gocron.Scheduler // nil unless running
	jobID  uuid.UUID

	// What follows is the loop's own.
	begun     time.Time // when Run was called
	leads     bool      // this replica coordinates, and has taken up what there was
	handled   time.Time // the latest instant that was dealt with
	failedAt  time.Time // the latest instant whose run could not be claimed
	newWanted bool      // machines without a record are to be checked
	newAfter  time.Time // but not before
}

// plan is a schedule and the moment from which on it is followed.
type plan struct {
	*schedule.Schedule
	since time.Time
}

// New makes a Runner. It fails if the fleet's schedule cannot be followed.
func New(o Options) (*Runner, error) {
	o, err := o.withDefaults()
	if err != nil {
		return nil, err
	}
	c := o.Fleet.Config
	s, err := schedule.New(c.Schedule.Cron, c.Schedule.Location)
	if err != nil {
		return nil, err
	}
	r := &Runner{
		store: o.Store, queue: o.Queue, check: o.Check, checks: !o.NoChecks, sink: o.Sink, unjudged: o.Unjudged,
		metrics: o.Metrics, clock: o.Clock, log: o.Logger, keepAlive: o.KeepAlive, backoff: o.SinkBackoff,
		slots:    newSlots(c.Check.Concurrency, o.Busy),
		requests: make(chan request),
		woken:    make(chan struct{}, 1),
		emptied:  make(chan struct{}, 1),
		noticed:  make(chan struct{}, 1),
		reloaded: make(chan struct{}, 1),
		done:     make(chan struct{}),
		works:    map[string]*working{},
	}
	r.fleet.Store(o.Fleet)
	r.plan.Store(&plan{Schedule: s})
	r.metrics.follow(r)
	return r, nil
}

// Run follows the schedule and works on the queue until ctx ends. Then it ends the checks that are under way,
// whose machines stay on the queue, and returns once they are gone. It can be called once.
func (r *Runner) Run(ctx context.Context) error {
	if !r.started.CompareAndSwap(false, true) {
		return errors.New("run: called twice")
	}
	defer close(r.done)
	if err := r.startCron(); err != nil {
		return err
	}
	defer r.stopCron()
	r.begun = r.clock.Now().Round(0) // by the clock that people set, as all that is compared with instants
	r.lead(ctx)
	var others sync.WaitGroup
	if r.checks {
		others.Go(func() { r.work(ctx) })
	}
	others.Go(func() { r.followRuns(ctx) })
	others.Go(func() { r.followOutcomes(ctx) })
	r.loop(ctx)
	others.Wait()
	return nil
}

// NextRun is the next scheduled instant.
func (r *Runner) NextRun() time.Time { return r.plan.Load().Next(r.clock.Now()) }

// LastDue is when the last machine of the next scheduled run is due.
func (r *Runner) LastDue() time.Time { return r.LastDueAfter(r.clock.Now()) }

// LastDueAfter is when the last machine of the first scheduled run after that time is due.
func (r *Runner) LastDueAfter(t time.Time) time.Time {
	next := r.plan.Load().Next(t)
	if next.IsZero() {
		return next
	}
	return next.Add(r.fleet.Load().Config.Schedule.Spread)
}

// Reload makes f the fleet: for checks that begin from now on, and its schedule and concurrency at once. If the
// schedule cannot be followed, nothing changes. A schedule that changed has missed nothing. Machines that are
// new are checked at once, or when the run that is on has tried all its machines.
func (r *Runner) Reload(_ context.Context, f *checker.Fleet) error {
	s, err := schedule.New(f.Config.Schedule.Cron, f.Config.Schedule.Location)
	if err != nil {
		return err
	}
	r.cronMu.Lock()
	defer r.cronMu.Unlock()
	if !s.Equal(r.plan.Load().Schedule) {
		r.plan.Store(&plan{Schedule: s, since: r.clock.Now().Round(0)})
		if err := r.updateCron(); err != nil {
			r.log.Error("the timer does not follow the new schedule, it will be a few seconds late", "err", err)
		}
	}
	r.fleet.Store(f)
	r.slots.resize(f.Config.Check.Concurrency)
	r.metrics.forget(f)
	signal(r.reloaded)
	return nil
}

// signal wakes who waits on c; who is not waiting finds it there later.
func signal(c chan struct{}) {
	select {
	case c <- struct{}{}:
	default:
	}
}
