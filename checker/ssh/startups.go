package ssh

import (
	"context"
	"errors"
	"slices"
	"sync"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/pausable"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// startups bounds how many connections to a host are under way that have not logged in: sshd drops what exceeds its
// MaxStartups, at random. It matters where many machines are reached at one address: at that of their jump host, or
// at their own.
type startups struct {
	mu    sync.Mutex
	gates map[string]*gate // only of hosts that somebody connects to
}

// gate is the way to one host. Who waits gets in in the order of coming.
type gate struct {
	inside  int
	waiting []*waiter
}

type waiter struct {
	limit   int
	timeout time.Duration // for connecting
	ready   chan struct{} // closed when it is in, or has failed
	failure *state.Failure
}

func newStartups() *startups { return &startups{gates: map[string]*gate{}} }

// enter waits until fewer than limit connections to host are under way; 0 is no limit. The waiting is not counted
// against a check's timeout. leave has to be called with how the login went, once it is done or given up; further
// calls do nothing.
func (s *startups) enter(ctx context.Context, host string, limit int, timeout time.Duration) (leave func(error), err error) {
	if limit <= 0 {
		return func(error) {}, nil
	}
	s.mu.Lock()
	g := s.gates[host]
	if g == nil {
		g = &gate{}
		s.gates[host] = g
	}
	w := &waiter{limit: limit, timeout: timeout, ready: make(chan struct{})}
	g.waiting = append(g.waiting, w)
	g.admit()
	s.mu.Unlock()

	if err := s.wait(ctx, host, g, w); err != nil {
		return nil, err
	}
	var once sync.Once
	return func(err error) { once.Do(func() { s.leave(host, g, timeout, err) }) }, nil
}

// wait returns nil once w is in.
func (s *startups) wait(ctx context.Context, host string, g *gate, w *waiter) error {
	select {
	case <-w.ready:
	default:
		resume := pausable.Pause(ctx)
		defer resume()
		select {
		case <-w.ready:
		case <-ctx.Done():
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	if w.failure != nil {
		return w.failure
	}
	if ctx.Err() == nil {
		return nil
	}
	if i := slices.Index(g.waiting, w); i >= 0 {
		g.waiting = slices.Delete(g.waiting, i, i+1)
	} else {
		g.inside-- // it got in at the same moment
	}
	g.admit()
	s.tidy(host, g)
	return contextFailure(ctx, phase{doing: "waiting for others to log in to " + host})
}

// leave makes room for who waits. If the host did not answer within the timeout, they would not fare better: were
// they to try, one after the other, a dead jump host would hold up a run for many times that timeout.
func (s *startups) leave(host string, g *gate, timeout time.Duration, err error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	g.inside--
	if err != nil && unresponsive(err) {
		f := asFailure(err)
		g.waiting = slices.DeleteFunc(g.waiting, func(w *waiter) bool {
			alike := w.timeout > 0 && w.timeout <= timeout
			if alike {
				shared := *f
				shared.Message = "while others were connected first: " + f.Message
				w.failure = &shared
				close(w.ready)
			}
			return alike
		})
	}
	g.admit()
	s.tidy(host, g)
}

// unresponsive tells whether a failure is that of a host that was waited for in vain.
func unresponsive(err error) bool {
	f := asFailure(err)
	return f.Retry && (f.Reason == state.ReasonTimeout || f.Reason == state.ReasonConnect && errors.Is(f, context.DeadlineExceeded))
}

// admit lets in whom there is room for.
func (g *gate) admit() {
	for len(g.waiting) > 0 && g.inside < g.waiting[0].limit {
		close(g.waiting[0].ready)
		g.waiting = g.waiting[1:]
		g.inside++
	}
}

// tidy forgets a host that nobody connects to.
func (s *startups) tidy(host string, g *gate) {
	if g.inside == 0 && len(g.waiting) == 0 {
		delete(s.gates, host)
	}
}
