package state

import (
	"context"
	"time"
)

// Roster says which fleet the replicas agreed on: what is not in it has left the fleet.
type Roster struct {
	Generation uint64    `json:"generation"` // counts the fleets that were agreed on
	Digest     string    `json:"digest"`
	Replicas   int       `json:"replicas"` // how many agreed
	AgreedAt   time.Time `json:"agreed_at"`
}

// rosterKey is the only key of its bucket.
const rosterKey = "roster"

func decodeRoster(_ string, value []byte) (*Roster, error) {
	r := &Roster{}
	if err := decode(value, r); err != nil {
		return nil, err
	}
	return r, nil
}

// recount looks again at whether all announce the same. The caller holds the view's lock.
func (m *membership) recount() {
	unison := m.self.Fleet != ""
	for _, r := range m.view.replicas.table.all() {
		if r.Role.Decides() && r.Name != m.self.Name && r.Fleet != m.self.Fleet {
			unison = false
		}
	}
	switch {
	case !unison:
		m.unison = time.Time{}
	case m.unison.IsZero():
		m.unison = m.view.clock.Now()
	}
}

// unisonFor is how long all have announced what this replica announced, without a moment in which it could not know;
// negative if they do not. The caller holds the view's lock and knows that the view is live.
//
// It counts only after a while, for there are moments in which a replica sees no other although there are some: after
// the servers were away, those that come back later are yet to say what they have.
func (m *membership) unisonFor(now time.Time) time.Duration {
	if m.unison.IsZero() || m.view.liveFrom.IsZero() {
		return -1
	}
	return min(elapsed(now, m.unison), elapsed(now, m.view.liveFrom))
}

// agreed tells whether the digest, or what was announced if it is empty, is the roster's and nobody announces another.
func (m *membership) agreed(digest string) bool {
	connected := m.view.connected()
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	if digest != "" && digest != m.self.Fleet || !m.view.live(connected) {
		return false
	}
	roster, ok := m.view.roster.table.get(rosterKey)
	return ok && roster.Digest == m.self.Fleet && m.unisonFor(m.view.clock.Now()) >= m.view.timing.settle
}

// next is the roster that follows on another, if it is time for one. It is asked again when everything else that has
// to be known is known, for the process may have been paused at any point.
func (m *membership) next(old Roster) (Roster, bool) {
	if !m.coordinates() {
		return Roster{}, false
	}
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	now, deciders := m.view.clock.Now(), 0
	for _, r := range m.view.replicas.table.all() {
		if r.Role.Decides() && r.Fleet == m.self.Fleet {
			deciders++
		}
	}
	// One that comes back with an old configuration while the others are restarting is not to decide for them. Nor is
	// it to wait forever: they may be gone for good.
	settle := m.view.timing.settle
	if 2*deciders <= old.Replicas {
		settle = m.view.timing.lone
	}
	if m.self.Fleet == "" || m.self.Fleet == old.Digest || m.unisonFor(now) < settle {
		return Roster{}, false
	}
	return Roster{old.Generation + 1, m.self.Fleet, deciders, now.UTC()}, true
}

// propose makes what all announce the roster, if it is time for that.
func (m *membership) propose(ctx context.Context) error {
	shown := Roster{}
	m.view.mu.Lock()
	if r, ok := m.view.roster.table.get(rosterKey); ok {
		shown = *r
	}
	m.view.mu.Unlock()
	if _, ok := m.next(shown); !ok {
		return nil
	}
	var written *Roster
	after, err := m.roster.compareAndSet(ctx, rosterKey, func(cur entry) (change, error) {
		old := &Roster{}
		if cur.revision != 0 {
			var err error
			if old, err = decodeRoster(rosterKey, cur.value); err != nil {
				m.log.Error("replacing a corrupt roster", "revision", cur.revision, "err", err)
				old = &Roster{Replicas: shown.Replicas, Generation: shown.Generation}
			}
		}
		roster, ok := m.next(*old)
		if !ok {
			written = nil
			return change{}, nil
		}
		written = &roster
		value, err := encode(roster)
		return change{op: opPut, value: value}, err
	})
	if err != nil || written == nil {
		return err
	}
	m.view.roster.put(rosterKey, after.revision, written)
	m.log.Info("the replicas agree on another fleet", "generation", written.Generation, "replicas", written.Replicas)
	return nil
}
