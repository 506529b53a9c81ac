package state

import (
	"context"
	"fmt"
	"math"
)

// sweep removes details and histories of pairs that are no more: the process died after it removed the state
// entry and before it removed them. Only an embedded server can be swept, and only at the start, because a
// detail is written before the state entry that points to it. For the same reason it is then that a detail or a change
// can be missed that was lost with the power, although the state entry was not.
func (s *Store) sweep(ctx context.Context) error {
	details, err := s.buckets.detail.head(ctx, s.view.clock)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	changes, err := s.buckets.history.head(ctx, s.view.clock)
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	for _, r := range s.view.Records() {
		if r.DetailRevision > details.revision {
			s.lost.add(r.Key)
		}
		if r.HistoryRevision > changes.revision {
			s.missed.add(r.Key)
		}
		if r.DetailRevision != 0 {
			details.keys--
		}
		if r.HistoryRevision != 0 {
			changes.keys--
		}
	}
	for b, beyond := range map[*bucket]int{s.buckets.detail: details.keys, s.buckets.history: changes.keys} {
		if err := s.sweepBucket(ctx, b, beyond); err != nil {
			return fmt.Errorf("sweep: %w", err)
		}
	}
	return nil
}

// sweepBucket removes what no state entry belongs to, if a bucket has another number of keys than state entries point to:
// to list them all takes a server with many longer than all else at its start.
func (s *Store) sweepBucket(ctx context.Context, b *bucket, beyond int) error {
	if beyond == 0 {
		return nil
	}
	keys, err := b.keys(ctx)
	if err != nil {
		return err
	}
	for _, key := range keys {
		if k, err := decodeKey(key); err == nil && s.stateHolds(k) {
			continue
		}
		if err := b.purge(ctx, key, math.MaxInt64); err != nil {
			return err
		}
	}
	return nil
}

// stateHolds tells whether there is a state entry of the pair. A corrupt one counts as absent, here as everywhere.
func (s *Store) stateHolds(k Key) bool {
	_, ok := s.view.Record(k)
	return ok
}
