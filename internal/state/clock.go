package state

import (
	"fmt"
	"sync/atomic"
	"time"
)

// maxClockOff is how far a replica's clock may be from the servers' for it to begin runs: they would begin at the wrong time.
const maxClockOff = 30 * time.Second

// skew is by how much our clock is ahead of a server's, as far as that was measured.
type skew struct {
	ahead    atomic.Int64
	measured atomic.Bool
}

// measure takes what a server says the time was between two moments of ours. What the request itself may have taken is no
// difference.
func (s *skew) measure(from, until, server time.Time) {
	if server.IsZero() {
		return // it is too old to say
	}
	from, until = from.Round(0), until.Round(0) // the clock that people set
	var ahead time.Duration
	switch {
	case server.Before(from):
		ahead = from.Sub(server)
	case server.After(until):
		ahead = until.Sub(server)
	}
	s.ahead.Store(int64(ahead))
	s.measured.Store(true)
}

// get returns how far ahead our clock was when the server was asked last.
func (s *skew) get() (ahead time.Duration, ok bool) {
	return time.Duration(s.ahead.Load()), s.measured.Load()
}

// ahead is by how much our clock is ahead of the server that leads the bucket.
func (m *mirror[K, V]) ahead() (time.Duration, bool) { return m.bucket.skew.get() }

// ClockAhead is by how much this process's clock is ahead of the servers', negative if it is behind; 0 where nobody shares
// the state. Several of them are asked, and the one that agrees most counts: a single one may be wrong.
func (v *View) ClockAhead() time.Duration {
	if v.replicas == nil {
		return 0
	}
	var least time.Duration
	known := false
	for _, m := range v.mirrors {
		if ahead, ok := m.ahead(); ok && (!known || ahead.Abs() < least.Abs()) {
			least, known = ahead, true
		}
	}
	return least
}

// ClockOff is ClockAhead if that is too much for this replica to begin runs, and else 0.
func (v *View) ClockOff() time.Duration {
	if ahead := v.ClockAhead(); ahead.Abs() > maxClockOff {
		return ahead
	}
	return 0
}

// ClockWords says what ClockOff is, of a clock that is wrong.
func ClockWords(off time.Duration) string {
	direction := "ahead of"
	if off < 0 {
		direction = "behind"
	}
	return fmt.Sprintf("%s %s that of the NATS servers", off.Abs().Round(time.Second), direction)
}

// tellClock logs that the clock went wrong, or right.
func (m *membership) tellClock() {
	off := m.view.ClockOff()
	if m.clockOff == (off != 0) {
		return
	}
	if m.clockOff = off != 0; m.clockOff {
		m.log.Error("the clock is wrong: this replica begins no runs until it is set right", "clock", ClockWords(off))
	} else {
		m.log.Info("the clock is that of the NATS servers again")
	}
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	m.view.notify()
}
