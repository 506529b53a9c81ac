package state

import (
	"context"
	"sync"
)

// beats looks for signs of life, and gives them, until the context ends.
func (s *Store) beats(ctx context.Context) {
	ticker := s.view.clock.NewTicker(s.view.timing.beat)
	defer ticker.Stop()
	var now chan struct{} // before the time
	switch {
	case s.member != nil:
		now = s.member.now
	case s.server != nil:
		now = s.server.log.wake
	}
	for {
		select {
		case <-ctx.Done():
			return
		case <-now:
		case <-ticker.Chan():
		}
		s.beat(ctx)
	}
}

// beat finds out whether the view has caught up with the servers, and tells the others of this replica.
func (s *Store) beat(life context.Context) {
	ctx, cancel := context.WithTimeout(life, s.view.timing.request)
	defer cancel()
	var wg sync.WaitGroup
	for _, m := range s.view.mirrors {
		wg.Go(func() { m.probe(ctx, s.log) })
	}
	if s.member != nil {
		s.member.beat(ctx)
	}
	wg.Wait()
	if s.server != nil {
		s.tend(life)
	}
	s.view.Live() // so that whoever waits for a change learns that it is over
	if s.member != nil {
		s.member.tellClock()
		s.member.tell()
	}
}
