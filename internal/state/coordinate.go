package state

import "time"

// Coordinates tells whether this replica is the one that begins and ends runs and looks after what is stored. It is
// a matter of saving work: whatever is written is written so that two who believe to coordinate do no harm. A store
// that nobody shares always coordinates. View.Changed fires when it changes.
func (s *Store) Coordinates() bool { return s.member == nil || s.member.coordinates() }

// ClockOff is the View's: a replica whose clock is wrong does not coordinate, and must not name runs.
func (s *Store) ClockOff() time.Duration { return s.view.ClockOff() }

// Agreed tells whether the fleet that this replica announced last is the one that all replicas agree on: only then
// may anything be taken for having left the fleet. A store that nobody shares always agrees. View.Changed fires when
// it changes.
func (s *Store) Agreed() bool { return s.member == nil || s.member.agreed("") }

// AgreedOn is Agreed for who has a fleet at hand and decides by that: it is true only if it is that fleet which is
// agreed on.
func (s *Store) AgreedOn(digest string) bool {
	return s.member == nil || digest != "" && s.member.agreed(digest)
}

// Announce tells the others what this replica's fleet is: a digest of all that removals and the identity of alerts
// depend on. It is called at the start and at each reload, before anything is decided by the new fleet: from then on
// Agreed is about that. It does not wait for the others.
func (s *Store) Announce(digest string) {
	if s.member != nil {
		s.member.announce(digest)
	}
}
