package state

import (
	"context"
	"errors"
	"fmt"

	"github.com/nats-io/nats.go/jetstream"
)

// workConfig is the stream of the queue.
func workConfig(o Options) jetstream.StreamConfig {
	return jetstream.StreamConfig{
		Name:                 streamWork,
		Description:          "machines to check",
		Subjects:             []string{workSubjects},
		Retention:            jetstream.WorkQueuePolicy,
		Storage:              jetstream.FileStorage,
		Replicas:             o.streamReplicas(),
		MaxMsgsPerSubject:    1,
		Discard:              jetstream.DiscardNew,
		DiscardNewPerSubject: true,
		Duplicates:           duplicatesWindow,
	}
}

// consumerConfigs are the consumers that this process pulls from: of everything where nobody else works on the queue,
// else one for each of its sites. What several consumers of a work queue take must not overlap, so that those of one
// site share one.
func consumerConfigs(o Options) ([]jetstream.ConsumerConfig, error) {
	c := jetstream.ConsumerConfig{
		Durable:       consumerName,
		AckPolicy:     jetstream.AckExplicitPolicy,
		AckWait:       o.AckWait,
		MaxDeliver:    -1,
		MaxAckPending: -1, // machines that wait for their retry count as pending
	}
	switch {
	case o.Cluster == nil:
		return []jetstream.ConsumerConfig{c}, nil
	case o.Cluster.Replica.Role == RoleWeb:
		return nil, nil
	case len(o.Cluster.Replica.Sites) == 0:
		c.FilterSubject = workOf(noSite)
		return []jetstream.ConsumerConfig{c}, nil
	}
	var all []jetstream.ConsumerConfig
	for _, site := range o.Cluster.Replica.Sites {
		token, err := encodeID(site)
		if err != nil {
			return nil, fmt.Errorf("site %w", err)
		}
		c.Durable, c.FilterSubject = consumerName+"-"+token, workOf(token)
		all = append(all, c)
	}
	return all, nil
}

// workOf is where the jobs of a site are, by its token.
func workOf(token string) string { return "work." + token + ".*" }

// ready makes the stream and its consumers, as far as they are not there.
func (q *Queue) ready(ctx context.Context) error {
	var stream jetstream.Stream
	err := untilAnswered(ctx, func(ctx context.Context) (err error) {
		stream, err = q.js.CreateOrUpdateStream(ctx, q.work)
		return err
	})
	if err != nil {
		return fmt.Errorf("stream %s: %w", streamWork, err)
	}
	consumers := map[string]jetstream.Consumer{}
	for _, c := range q.pulls {
		err := untilAnswered(ctx, func(ctx context.Context) (err error) {
			consumers[c.Durable], err = stream.CreateOrUpdateConsumer(ctx, c)
			return err
		})
		if err != nil {
			return fmt.Errorf("consumer %s: %w", c.Durable, err)
		}
	}
	q.mu.Lock()
	defer q.mu.Unlock()
	q.stream, q.consumers = stream, consumers
	q.withdrawAll() // what was asked of the old ones
	return nil
}

// freshConsumer is ready with a consumer of everything that knows nothing of who had which job.
func (q *Queue) freshConsumer(ctx context.Context) error {
	known, err := q.dropConsumer(ctx)
	if err != nil {
		return err
	}
	if err := q.ready(ctx); err != nil || known {
		return err
	}
	// The server did not know of one. Where that is because a file of it was damaged, what else there is of it was taken for
	// the new one's: how far it has come, which may be further than the stream goes, so that it would wait for good. To
	// remove it removes that.
	if _, err := q.dropConsumer(ctx); err != nil {
		return err
	}
	return q.ready(ctx)
}

// dropConsumer removes the consumer of everything, with what it knows of who has which job, and tells whether there was
// one.
func (q *Queue) dropConsumer(ctx context.Context) (known bool, err error) {
	err = q.js.DeleteConsumer(ctx, streamWork, consumerName)
	if errors.Is(err, jetstream.ErrConsumerNotFound) || errors.Is(err, jetstream.ErrStreamNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("consumer %s: %w", consumerName, err)
	}
	return true, nil
}
