package state

import (
	"context"
	"errors"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// pullWait is how long a request for jobs stays open before another one takes its place.
const pullWait = 9 * time.Second

// errClosed is for who pulls from a store that is closed.
var errClosed = errors.New("pull: the store is closed")

// Pull waits until there is a job, or the context ends, and returns the jobs that are there, at most max. In a cluster
// they are of this replica's sites. What was asked for beyond that comes with later calls, until one of them ends without any.
func (q *Queue) Pull(ctx context.Context, max int) ([]*Delivery, error) {
	if max < 1 {
		return nil, errors.New("pull: max must be at least 1")
	}
	for failed := false; ; {
		err := q.ask(max)
		if err == nil {
			select {
			case msg := <-q.arrived:
				if got := q.take(msg, max); len(got) > 0 {
					return got, nil
				}
				continue
			case <-q.answered:
				err = q.takeFailure()
			case <-q.ctx.Done():
				err = errClosed
			case <-ctx.Done():
			}
		}
		switch {
		case ctx.Err() != nil:
			q.withdraw()
			return nil, ctx.Err()
		case errors.Is(err, errClosed):
			return nil, err
		case err != nil:
			if !failed { // once, and not every second of an outage
				q.log.Warn("pulling jobs failed, trying again", "err", err)
			}
			if sleep(ctx, time.Second) == nil {
				q.repair(ctx, err)
			}
		}
		failed = err != nil
	}
}

// take makes a delivery of a message, and of what else is there by now.
func (q *Queue) take(msg jetstream.Msg, max int) []*Delivery {
	got := q.appendDelivery(nil, msg)
	for len(got) < max {
		select {
		case msg := <-q.arrived:
			got = q.appendDelivery(got, msg)
		default:
			return got
		}
	}
	return got
}

// request is one for jobs that a consumer has not answered in full. It is left open for all of pullWait, even if it is withdrawn: a client
// that ends one early cannot tell what is on its way, which would be missing until AckWait is over.
type request struct {
	withdrawn chan struct{}
}

// ask has a request open at each consumer, in which each may send its share of max.
func (q *Queue) ask(max int) error {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.closed {
		return errClosed
	}
	var failed error
	for name, consumer := range q.consumers {
		if q.requests[name] != nil {
			continue
		}
		ctx, cancel := context.WithTimeout(q.ctx, pullWait)
		batch, err := consumer.Fetch((max+len(q.consumers)-1)/len(q.consumers), jetstream.FetchContext(ctx))
		if err != nil {
			cancel()
			failed = errors.Join(failed, err)
			continue
		}
		r := &request{withdrawn: make(chan struct{})}
		q.requests[name] = r
		q.wg.Go(func() {
			defer cancel()
			q.forward(ctx, r, batch)
			q.ended(name, r, batch.Error())
		})
	}
	return failed
}

// forward hands on the jobs of a request. Those that come once it is withdrawn, or that nobody has taken by the end of its time,
// are given back.
func (q *Queue) forward(ctx context.Context, r *request, batch jetstream.MessageBatch) {
	for msg := range batch.Messages() {
		select {
		case q.arrived <- msg:
			continue
		case <-r.withdrawn:
		case <-ctx.Done():
		}
		_ = msg.Nak() // else AckWait does it
	}
}

// ended notes that a request was answered, and wakes who waits for that.
func (q *Queue) ended(name string, r *request, err error) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.requests[name] == r {
		delete(q.requests, name)
		q.failure = errors.Join(q.failure, pullError(err))
	}
	signal(q.answered)
}

// takeFailure is what requests have failed with since it was last asked.
func (q *Queue) takeFailure() error {
	q.mu.Lock()
	defer q.mu.Unlock()
	err := q.failure
	q.failure = nil
	return err
}

// withdraw gives up all requests: nobody waits for their jobs any more.
func (q *Queue) withdraw() {
	q.mu.Lock()
	defer q.mu.Unlock()
	q.withdrawAll()
}

// withdrawAll is withdraw for who holds the lock.
func (q *Queue) withdrawAll() {
	for name, r := range q.requests {
		close(r.withdrawn)
		delete(q.requests, name)
	}
	signal(q.answered) // who waits for one has to ask again
}

// pullError is nil for the ordinary ends of a request that found nothing.
func pullError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// repair makes what somebody deleted anew: without its consumer a replica would never get a job again.
func (q *Queue) repair(ctx context.Context, err error) {
	if !errors.Is(err, jetstream.ErrConsumerNotFound) && !errors.Is(err, jetstream.ErrConsumerDeleted) &&
		!errors.Is(err, jetstream.ErrStreamNotFound) && !errors.Is(err, nats.ErrNoResponders) {
		return
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if err := q.ready(ctx); err != nil {
		q.log.Debug("the queue cannot be made anew", "err", err)
	}
}
