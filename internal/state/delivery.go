package state

import (
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"time"

	"github.com/nats-io/nats.go/jetstream"
)

// Delivery is a job that was pulled. It stays with whoever pulled it until it is acknowledged or given back, or
// until there was no sign of life for AckWait.
type Delivery struct {
	msg     jetstream.Msg
	job     Job
	attempt int
}

// Pull waits until there is a job, or the context ends, and returns the jobs that are there, at most max.
func (q *Queue) Pull(ctx context.Context, max int) ([]*Delivery, error) {
	if max < 1 {
		return nil, errors.New("pull: max must be at least 1")
	}
	for {
		got, err := q.pullNow(max)
		if err == nil && len(got) == 0 {
			if got, err = q.pullOne(ctx); len(got) > 0 && max > 1 {
				more, _ := q.pullNow(max - 1) // an error comes back with the next call
				got = append(got, more...)
			}
		}
		switch {
		case len(got) > 0:
			return got, nil
		case ctx.Err() != nil:
			return nil, ctx.Err()
		case q.ctx.Err() != nil:
			return nil, errors.New("pull: the store is closed")
		case err != nil:
			q.log.Warn("pulling jobs failed, trying again", "err", err)
			if err := sleep(ctx, time.Second); err != nil {
				return nil, err
			}
		}
	}
}

// pullNow returns the jobs that are there.
func (q *Queue) pullNow(max int) ([]*Delivery, error) {
	batch, err := q.consumer.FetchNoWait(max)
	if err != nil {
		return nil, err
	}
	var got []*Delivery
	for msg := range batch.Messages() {
		got = q.appendDelivery(got, msg)
	}
	return got, batch.Error()
}

// pullOne waits for one job. The server may send it in the moment in which the context ends: then it is given
// back, for it would be missing until AckWait is over.
func (q *Queue) pullOne(ctx context.Context) ([]*Delivery, error) {
	fetch, cancel := context.WithTimeout(q.ctx, pullWait)
	batch, err := q.consumer.Fetch(1, jetstream.FetchContext(fetch))
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
	err := json.Unmarshal(msg.Data(), &d.job)
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
