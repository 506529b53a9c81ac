package state

import (
	"context"
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
