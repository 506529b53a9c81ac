package state

import (
	"context"
	"fmt"
	"time"
)

// coordinates tells whether this replica holds the lease and cannot have lost it without knowing: it was renewed a
// shorter time ago than it takes to expire. With a clock that is wrong it would begin runs when none is due.
func (m *membership) coordinates() bool {
	connected := m.view.connected()
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	return m.holds && m.view.ClockOff() == 0 && m.view.live(connected) && elapsed(m.view.clock.Now(), m.renewed) < m.view.timing.lease
}

// lead takes the lease if nobody has it, and renews it if we have it. The server ends it: it expires with the bucket's
// entries, so that its length does not depend on clocks. A replica whose clock is wrong leaves it to the others.
func (m *membership) lead(ctx context.Context) error {
	if m.view.ClockOff() != 0 {
		return m.resign(ctx)
	}
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
		return fmt.Errorf("lease: %w", plain(err)) // it may be ours or not: it is trusted for as long as it would have been
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

// resign gives the lease back, so that the others need not wait for it to expire.
func (m *membership) resign(ctx context.Context) error {
	m.view.mu.Lock()
	m.holds, m.renewed = false, time.Time{}
	m.view.mu.Unlock()
	_, err := m.replicas.compareAndSet(ctx, leaseKey, func(cur entry) (change, error) {
		if holder, err := decodeReplica(leaseKey, cur.value); err != nil || holder.Name != m.self.Name {
			return change{}, nil
		}
		return change{op: opRemove}, nil
	})
	if err != nil {
		return fmt.Errorf("lease: %w", plain(err))
	}
	return nil
}
