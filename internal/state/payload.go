package state

import (
	"errors"
	"fmt"
)

const (
	// payloadRoom is what the client and the server add to an entry.
	payloadRoom = 4 << 10
	// minPayload is what all entries but details and runs, which can be cut, must fit in.
	minPayload = 64 << 10
	// runRoom is what a run takes besides its machines, an error included.
	runRoom = 4 << 10
)

// errSmallPayload is a server that takes less than what is always stored.
var errSmallPayload = errors.New("the nats server's max_payload is too small: it must be at least 64 KiB")

// room is how long an entry may be for the servers to take it.
func (s *Store) room() int { return int(s.nc.MaxPayload()) - payloadRoom }

// maxDetail is how long the detail of a pair may be.
func (s *Store) maxDetail() int { return min(maxDetail, s.room()) }

// fits tells whether the servers would take an entry.
func (s *Store) fits(value []byte) error {
	if limit := s.room(); len(value) > limit {
		return fmt.Errorf("%w: %d bytes, of which %d would fit", ErrTooLarge, len(value), limit)
	}
	return nil
}

// RunFits returns how many of the machines, from the first on, one run can name. CreateRun refuses more with
// ErrTooLarge.
func (s *Store) RunFits(machines []string) int {
	room := s.room() - runRoom
	for i, name := range machines {
		if room -= len(name) + len(`"",`); room < 0 {
			return i
		}
	}
	return len(machines)
}
