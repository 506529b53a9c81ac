package state

import (
	"context"
	"fmt"
	"math"
	"strings"

	"github.com/nats-io/nats.go/jetstream"
)

// sweep removes details and histories of pairs that are no more: the process died after it removed the state
// entry and before it removed them. Only an embedded server can be swept, and only at the start, because a
// detail is written before the state entry that points to it.
func (s *Store) sweep(ctx context.Context) error {
	for _, bucket := range []string{bucketDetail, bucketHistory} {
		keys, err := s.keys(ctx, bucket)
		if err != nil {
			return fmt.Errorf("sweep %s: %w", bucket, err)
		}
		for _, key := range keys {
			if k, err := decodeKey(key); err == nil && s.stateHolds(k) {
				continue
			}
			if err := s.purgeUpTo(ctx, bucket, key, math.MaxInt64); err != nil {
				return fmt.Errorf("sweep: %w", err)
			}
		}
	}
	return nil
}

// stateHolds tells whether there is a state entry of the pair. A corrupt one counts as absent, here as everywhere.
func (s *Store) stateHolds(k Key) bool {
	_, ok := s.view.Record(k)
	return ok
}

// keys lists a bucket's keys without reading its entries.
func (s *Store) keys(ctx context.Context, bucket string) ([]string, error) {
	stream, err := s.js.Stream(ctx, bucketStream(bucket))
	if err != nil {
		return nil, err
	}
	info, err := stream.Info(ctx, jetstream.WithSubjectFilter(bucketSubject(bucket, ">")))
	if err != nil {
		return nil, err
	}
	keys := make([]string, 0, len(info.State.Subjects))
	for subject := range info.State.Subjects {
		keys = append(keys, strings.TrimPrefix(subject, bucketSubject(bucket, "")))
	}
	return keys, nil
}
