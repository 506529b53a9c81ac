package state

import (
	"context"
	"fmt"
	"time"
)

// catchUpPoll is how often it is looked whether the view has caught up.
const catchUpPoll = 10 * time.Millisecond

// CatchUp waits until the view shows all that was stored of machines before the call, by whichever replica.
func (s *Store) CatchUp(ctx context.Context) error {
	if s.member == nil {
		return nil // what is written is written here, and shown when that returns
	}
	ctx, cancel := context.WithTimeout(ctx, requestTimeout)
	defer cancel()
	m := s.view.machines
	there, err := m.bucket.head(ctx, s.view.clock)
	if err != nil {
		return fmt.Errorf("catch up: %w", err)
	}
	for m.known().revision < there.revision {
		if err := sleep(ctx, catchUpPoll); err != nil {
			return fmt.Errorf("catch up: %w", err)
		}
	}
	return nil
}
