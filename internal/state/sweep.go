package state

import (
	"context"
	"errors"
	"fmt"
	"math"
	"slices"
)

// sweep removes details of pairs that are no more, and notes whose history is left: the process died after it removed the state
// entry and before it removed them, or the state entry was lost. Only an embedded server can be swept, and only at the start, because a
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
	gone, err := s.beyond(ctx, s.buckets.detail, details.keys)
	for _, key := range gone {
		err = errors.Join(err, s.buckets.detail.purge(ctx, key, math.MaxInt64))
	}
	if err == nil {
		s.orphans, err = s.beyond(ctx, s.buckets.history, changes.keys)
	}
	if err != nil {
		return fmt.Errorf("sweep: %w", err)
	}
	return nil
}

// beyond lists the keys that no state entry belongs to, if a bucket has another number of keys than state entries point to: to list
// them all takes a server with many longer than all else at its start.
func (s *Store) beyond(ctx context.Context, b *bucket, more int) ([]string, error) {
	if more == 0 {
		return nil, nil
	}
	keys, err := b.keys(ctx)
	if err != nil {
		return nil, err
	}
	return slices.DeleteFunc(keys, func(key string) bool {
		k, err := decodeKey(key)
		return err == nil && s.stateHolds(k)
	}), nil
}

// stateHolds tells whether there is a state entry of the pair. A corrupt one counts as absent, here as everywhere.
func (s *Store) stateHolds(k Key) bool {
	_, ok := s.view.Record(k)
	return ok
}
