package run

import (
	"context"
	"log/slog"
	"sync"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

const (
	// pullAgain is how long to wait after the queue could not be asked.
	pullAgain = time.Second
	// twiceAgain is how long a job waits that came while another worker is at the same machine.
	twiceAgain = 5 * time.Second
	// unknownAgain is how long a job waits whose machine this replica does not know, but another may. Each time that it comes
	// to one of those who do not it waits so much longer, up to unknownMost.
	unknownAgain = 500 * time.Millisecond
	unknownMost  = 10 * time.Second
	// storeTimeout bounds storing one outcome. It is not cut short by a shutdown: the check is done by then.
	storeTimeout = 30 * time.Second
)

// work takes jobs from the queue, as many as there are free slots, until ctx ends and all are done with.
func (r *Runner) work(ctx context.Context) {
	var busy sync.WaitGroup
	defer busy.Wait()
	for {
		free := r.slots.free(ctx)
		if free == 0 {
			return
		}
		deliveries, err := r.queue.Pull(ctx, free)
		if err != nil {
			if ctx.Err() != nil {
				return
			}
			r.log.Error("the queue could not be asked for work", "err", err)
			select {
			case <-r.clock.After(pullAgain):
			case <-ctx.Done():
			}
		}
		for _, d := range deliveries {
			r.slots.take()
			busy.Go(func() {
				defer r.slots.release()
				r.handle(ctx, d)
			})
		}
	}
}

// handle deals with one job: it is checked and its outcome stored, or it goes back to the queue, or it is void.
func (r *Runner) handle(ctx context.Context, d *state.Delivery) {
	j := job{Delivery: d, run: d.Job().Run, machine: d.Job().Machine}
	j.log = r.log.With("run", j.run, "machine", j.machine)
	var err error
	if j.w, err = r.worksOn(ctx, j.run); err != nil {
		if ctx.Err() == nil {
			j.log.Warn("it is not known whether the run of a job is on", "err", err)
		}
		j.retry(twiceAgain)
		return
	}
	if j.w == nil {
		r.drop(j, overReason)
		return
	}
	switch j.w.enter(j.machine) {
	case entryOver:
		r.abandon(ctx, j)
		return
	case entryTwice:
		j.log.Warn("another worker is at this machine already")
		j.retry(twiceAgain)
		return
	}
	defer j.w.leave(j.machine)
	stop := r.stayAlive(j)
	defer stop()
	r.attempt(ctx, j)
}

// overReason is why most jobs are void that are.
const overReason = "its run is over"

// job is a delivery on its way through a worker.
type job struct {
	*state.Delivery
	w            *working // nil if the run is over
	run, machine string
	log          *slog.Logger
}

// retry gives the job back to the queue. If even that fails, the queue takes it back by itself after AckWait.
func (j job) retry(delay time.Duration) {
	if err := j.Retry(delay); err != nil {
		j.log.Warn("a job could not be given back to the queue", "err", err)
	}
}

// drop takes a job off the queue that needs no check.
func (r *Runner) drop(j job, why string) {
	j.log.Debug("not checked", "reason", why)
	r.acknowledge(j)
}

func (r *Runner) acknowledge(j job) {
	// Not bounded by a shutdown: what is dealt with should not come back.
	ctx, cancel := context.WithTimeout(context.Background(), storeTimeout)
	defer cancel()
	if err := j.Ack(ctx); err != nil {
		j.log.Warn("a job could not be taken off the queue", "err", err)
		return
	}
	if a := r.current.Load(); a != nil && a.id == j.run && a.acknowledged() {
		signal(r.emptied)
	}
}

// stayAlive tells the queue that the job is being worked on until the returned function is called.
func (r *Runner) stayAlive(j job) (stop func()) {
	ticker := r.clock.NewTicker(r.keepAlive)
	done := make(chan struct{})
	var wg sync.WaitGroup
	wg.Go(func() {
		defer ticker.Stop()
		for {
			select {
			case <-ticker.Chan():
				if err := j.InProgress(); err != nil {
					j.log.Warn("the queue could not be told that a check goes on", "err", err)
				}
			case <-done:
				return
			}
		}
	})
	return func() {
		close(done)
		wg.Wait()
	}
}
