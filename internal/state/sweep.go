package state

import (
	"context"
	"fmt"
	"math"
)

// sweep removes details and histories of pairs that are no more: the process died after it removed the state
// entry and before it removed them. Only an embedded server can be swept, and only at the start, because a
// detail is written before the state entry that points to it. For the same reason it is then that a detail can be missed
// that was lost with the power, although the state entry was not.
func (s *Store) sweep(ctx context.Context) error {
	last, err := s.buckets.detail.head(ctx, s.view.clock)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	for _, r := range s.view.Records() {
		if r.DetailRevision > last.revision {
			s.lost.add(r.Key)
		}
	}
	for _, b := range []*bucket{s.buckets.detail, s.buckets.history} {
		keys, err := b.keys(ctx)
		if err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
		for _, key := range keys {
			if k, err := decodeKey(key); err == nil && s.stateHolds(k) {
				continue
			}
			if err := b.purge(ctx, key, math.MaxInt64); err != nil {
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
