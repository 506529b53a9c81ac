package state

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// enqueueBatch is how many publishes are under way at a time.
const enqueueBatch = 1000

// Enqueue puts jobs on the queue. A machine that is queued already, for this run or an earlier one, keeps the
// message it has, and counts as enqueued. On error some jobs may be queued; to enqueue all of them again does
// no harm.
func (q *Queue) Enqueue(ctx context.Context, jobs []Job) error {
	failed := 0
	var first error
	note := func(err error) {
		if failed++; first == nil {
			first = err
		}
	}
	for start := 0; start < len(jobs) && ctx.Err() == nil; start += enqueueBatch {
		q.enqueueBatch(ctx, jobs[start:min(start+enqueueBatch, len(jobs))], note)
	}
	if err := ctx.Err(); err != nil {
		return fmt.Errorf("enqueue %d jobs: %w", len(jobs), err)
	}
	if first != nil {
		return fmt.Errorf("enqueue %d jobs: %d failed, the first: %w", len(jobs), failed, first)
	}
	return nil
}

func (q *Queue) enqueueBatch(ctx context.Context, jobs []Job, note func(error)) {
	acks := make([]jetstream.PubAckFuture, 0, len(jobs))
	for _, j := range jobs {
		ack, err := q.publish(j)
		if err != nil {
			note(err)
			continue
		}
		acks = append(acks, ack)
	}
	for _, ack := range acks {
		select {
		case <-ack.Ok():
		case err := <-ack.Err():
			if !isQueued(err) {
				note(fmt.Errorf("%s: %w", ack.Msg().Subject, err))
			}
		case <-ctx.Done():
			return
		}
	}
}

func (q *Queue) publish(j Job) (jetstream.PubAckFuture, error) {
	subject, err := j.subject()
	if err != nil {
		return nil, err
	}
	payload, err := encode(j)
	if err != nil {
		return nil, err
	}
	ack, err := q.js.PublishAsync(subject, payload)
	if err != nil {
		return nil, fmt.Errorf("%s: %w", subject, err)
	}
	return ack, nil
}

// The server says that a subject has its message already with a code that other failures to store share, so
// that only the text tells.
const (
	codeStoreFailed = 10077
	textQueued      = "maximum messages per subject exceeded"
)

// isQueued tells whether a publish failed because the machine has a message on the queue.
func isQueued(err error) bool {
	var api *jetstream.APIError
	return errors.As(err, &api) && api.ErrorCode == codeStoreFailed && strings.Contains(api.Description, textQueued)
}
