package state

import (
	"context"
	"errors"
	"fmt"
	"math"

	"github.com/nats-io/nats.go/jetstream"
)

// Restore brings pairs back whose state entry is missing: the disk returned something else than what was written, so that
// the server left it out, or the process died before it wrote the first, and nothing but their history tells that they were
// ever judged. It asks remake for a record made of the changes of each, the newest first, and stores that; nil means that the
// pair is no more, and removes its history. remake does not call the Store. In a cluster, which keeps what is stored on
// several disks, it does nothing.
func (s *Store) Restore(ctx context.Context, remake func(k Key, changes []Change) *Record) error {
	for len(s.orphans) > 0 {
		if err := s.restore(ctx, s.orphans[0], remake); err != nil {
			return fmt.Errorf("restore %s: %w", s.orphans[0], err)
		}
		s.orphans = s.orphans[1:]
	}
	return nil
}

func (s *Store) restore(ctx context.Context, key string, remake func(Key, []Change) *Record) error {
	var changes []Change
	var latest uint64
	k, err := decodeKey(key)
	if err == nil {
		if changes, latest, err = s.chain(ctx, k, key, math.MaxUint64); err != nil {
			return err
		}
	}
	removed, err := s.buckets.state.wasRemoved(ctx, key)
	if err != nil {
		return err
	}
	var record *Record
	if len(changes) > 0 && !removed {
		record = remake(k, changes)
	}
	if record == nil {
		return s.buckets.history.purge(ctx, key, math.MaxInt64)
	}
	return s.Transition(ctx, k, func(prev *Record) (*Record, bool) { return record, prev == nil },
		func(t *transition) { t.restores = latest })
}

// wasRemoved tells whether a key was removed on purpose, and that not too long ago for its marker.
func (b *bucket) wasRemoved(ctx context.Context, key string) (bool, error) {
	last, err := b.stream.GetLastMsgForSubject(ctx, b.subject(key))
	if errors.Is(err, jetstream.ErrMsgNotFound) {
		return false, nil
	}
	if err != nil {
		return false, fmt.Errorf("last message of %s in bucket %s: %w", key, b.name, err)
	}
	return len(last.Data) == 0, nil // a marker
}
