package state

import (
	"context"
	"fmt"
	"time"
)

// coordinates tells whether this replica holds the lease and cannot have lost it without knowing: it was renewed a
// shorter time ago than it takes to expire.
func (m *membership) coordinates() bool {
	connected := m.view.connected()
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	return m.holds && m.view.live(connected) && elapsed(m.view.clock.Now(), m.renewed) < m.view.timing.lease
}

// lead takes the lease if nobody has it, and renews it if we have it. The server ends it: it expires with the bucket's
// entries, so that the clocks of replicas need not be the same.
func (m *membership) lead(ctx context.Context) error {
	sent := m.view.clock.Now()
	value, err := encode(Replica{Name: m.self.Name, Role: RoleWorker, StartedAt: m.self.StartedAt})
	if err != nil {
		return err
	}
	ours := false
	_, err = m.replicas.compareAndSet(ctx, leaseKey, func(cur entry) (change, error) {
		holder, err := decodeReplica(leaseKey, cur.value)
		ours = cur.revision == 0 || err != nil || holder.Name == m.self.Name
		if !ours {
			return change{}, nil
		}
		return change{op: opPut, value: value}, nil
	})
	if err != nil {
		return fmt.Errorf("lease: %w", err) // it may be ours or not: it is trusted for as long as it would have been
	}
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	m.holds = ours
	if ours {
		m.renewed = sent
	} else {
		m.renewed = time.Time{}
	}
	return nil
}
