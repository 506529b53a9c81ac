package state

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go"
	"github.com/nats-io/nats.go/jetstream"
)

// Delivery is a job that was pulled. It stays with whoever pulled it until it is acknowledged or given back, or
// until there was no sign of life for AckWait.
type Delivery struct {
	msg     jetstream.Msg
	job     Job
	attempt int
}

// Pull waits until there is a job, or the context ends, and returns the jobs that are there, at most max. In a cluster
// they are of this replica's sites.
func (q *Queue) Pull(ctx context.Context, max int) ([]*Delivery, error) {
	if max < 1 {
		return nil, errors.New("pull: max must be at least 1")
	}
	for failed := false; ; {
		got, err := q.pull(ctx, max)
		switch {
		case len(got) > 0:
			return got, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case q.ctx.Err() != nil:
			return nil, errors.New("pull: the store is closed")
		case err != nil:
			if !failed { // once, and not every second of an outage
				q.log.Warn("pulling jobs failed, trying again", "err", err)
			}
			if err := sleep(ctx, time.Second); err != nil {
				return nil, err
			}
			q.repair(ctx, err)
		}
		failed = err != nil
	}
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

// pull returns the jobs that are there, or waits for one.
func (q *Queue) pull(ctx context.Context, max int) ([]*Delivery, error) {
	got, err := q.pullNow(max)
	if err != nil || len(got) > 0 {
		return got, err
	}
	if got, err = q.pullOne(ctx); len(got) > 0 && max > len(got) {
		more, _ := q.pullNow(max - len(got)) // an error comes back with the next call
		got = append(got, more...)
	}
	for ; len(got) > max; got = got[:len(got)-1] {
		_ = got[len(got)-1].msg.Nak() // else AckWait does it
	}
	return got, err
}

// pullNow returns the jobs that are there.
func (q *Queue) pullNow(max int) ([]*Delivery, error) {
	var got []*Delivery
	var failed error
	for _, consumer := range q.sources() {
		if len(got) == max {
			break
		}
		batch, err := consumer.FetchNoWait(max - len(got))
		if err != nil {
			failed = errors.Join(failed, err)
			continue
		}
		for msg := range batch.Messages() {
			got = q.appendDelivery(got, msg)
		}
		failed = errors.Join(failed, batch.Error())
	}
	return got, failed
}

// pullOne waits until one of the consumers has a job, and returns what they have by then: at most one each.
func (q *Queue) pullOne(ctx context.Context) ([]*Delivery, error) {
	sources := q.sources()
	switch len(sources) {
	case 0:
		<-ctx.Done()
		return nil, nil
	case 1:
		return q.pullOneOf(ctx, sources[0])
	}
	ctx, cancel := context.WithCancel(ctx)
	defer cancel()
	type pulled struct {
		got []*Delivery
		err error
	}
	each := make(chan pulled, len(sources))
	for _, consumer := range sources {
		go func() {
			got, err := q.pullOneOf(ctx, consumer)
			each <- pulled{got, err}
		}()
	}
	var got []*Delivery
	var failed error
	for range sources {
		p := <-each
		if got, failed = append(got, p.got...), errors.Join(failed, p.err); len(got) > 0 || failed != nil {
			cancel() // the others
		}
	}
	return got, failed
}

// pullOneOf waits for one job of a consumer. The server may send it in the moment in which the context ends: then it is
// given back, for it would be missing until AckWait is over.
func (q *Queue) pullOneOf(ctx context.Context, consumer jetstream.Consumer) ([]*Delivery, error) {
	fetch, cancel := context.WithTimeout(q.ctx, pullWait)
	batch, err := consumer.Fetch(1, jetstream.FetchContext(fetch))
	if err != nil {
		cancel()
		return nil, err
	}
	select {
	case msg, ok := <-batch.Messages():
		cancel()
		if !ok {
			return nil, pullError(batch.Error())
		}
		return q.appendDelivery(nil, msg), nil
	case <-ctx.Done():
		q.finish(func() {
			defer cancel()
			for msg := range batch.Messages() {
				_ = msg.Nak() // else AckWait does it
			}
		})
		return nil, nil
	}
}

// pullError is nil for the ordinary ends of a pull that found nothing.
func pullError(err error) error {
	if errors.Is(err, context.DeadlineExceeded) || errors.Is(err, context.Canceled) {
		return nil
	}
	return err
}

// appendDelivery adds a message's delivery. A message that makes no sense is logged and taken off the queue.
func (q *Queue) appendDelivery(to []*Delivery, msg jetstream.Msg) []*Delivery {
	d := &Delivery{msg: msg}
	err := decode(msg.Data(), &d.job)
	if err == nil {
		err = checkID(d.job.Machine)
	}
	if err != nil {
		q.log.Error("dropping a corrupt job", "subject", msg.Subject(), "err", errors.Join(err, msg.Term()))
		return to
	}
	d.job.Site = siteOf(msg.Subject())
	d.attempt = 1
	if meta, err := msg.Metadata(); err == nil {
		d.attempt = int(meta.NumDelivered)
	}
	return append(to, d)
}

// Job is what is to be done.
func (d *Delivery) Job() Job { return d.job }

// Attempt counts the deliveries of the job, from 1 on. It starts anew with the process.
func (d *Delivery) Attempt() int { return d.attempt }

// Ack takes the job off the queue. It returns when the server has done so.
func (d *Delivery) Ack(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	if err := d.msg.DoubleAck(ctx); err != nil {
		return fmt.Errorf("acknowledge job of machine %s: %w", d.job.Machine, err)
	}
	return nil
}

// Retry gives the job back, to be pulled again after the delay, or as soon as the process is restarted.
func (d *Delivery) Retry(delay time.Duration) error {
	if err := d.msg.NakWithDelay(delay); err != nil {
		return fmt.Errorf("give back job of machine %s: %w", d.job.Machine, err)
	}
	return nil
}

// InProgress is a sign of life: AckWait starts anew.
func (d *Delivery) InProgress() error {
	if err := d.msg.InProgress(); err != nil {
		return fmt.Errorf("extend job of machine %s: %w", d.job.Machine, err)
	}
	return nil
}
