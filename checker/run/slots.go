package run

import (
	"context"
	"sync"
)

// slots bounds how many checks are under way. The bound can change at any time; those under way stay.
type slots struct {
	busy  func(bool)
	mu    sync.Mutex
	limit int
	used  int
	freed chan struct{}
}

func newSlots(limit int, busy func(bool)) *slots {
	s := &slots{busy: busy, freed: make(chan struct{}, 1)}
	s.resize(limit)
	return s
}

func (s *slots) resize(limit int) {
	s.mu.Lock()
	s.limit = max(1, limit)
	s.mu.Unlock()
	signal(s.freed)
}

// free waits until at least one slot is free and returns how many are, or 0 once ctx has ended. There must be
// only one caller at a time, and nobody else may take slots.
func (s *slots) free(ctx context.Context) int {
	for ctx.Err() == nil {
		s.mu.Lock()
		n := s.limit - s.used
		s.mu.Unlock()
		if n > 0 {
			return n
		}
		select {
		case <-s.freed:
		case <-ctx.Done():
		}
	}
	return 0
}

func (s *slots) take() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if s.used++; s.used == 1 {
		s.busy(true)
	}
}

func (s *slots) release() {
	s.mu.Lock()
	if s.used--; s.used == 0 {
		s.busy(false)
	}
	s.mu.Unlock()
	signal(s.freed)
}
