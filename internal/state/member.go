package state

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"time"
)

// membership is this replica's part in a cluster. The view's lock guards what changes.
type membership struct {
	log      *slog.Logger
	view     *View
	replicas *bucket
	roster   *bucket
	key      string        // of our entry
	now      chan struct{} // asks for a sign of life before its time

	self    Replica
	holds   bool      // the lease
	renewed time.Time // when the renewal that succeeded last was sent
	unison  time.Time // since when all announce what we do; zero: they do not
	told    [2]bool   // what was last told of coordinates and agreed
	failed  bool      // the last sign of life did not reach the servers

	clockOff bool // what was last told of the clock
}

const (
	// leaseKey is the key of who coordinates; the replicas' own begin with replicaPrefix.
	leaseKey      = "coordinator"
	replicaPrefix = "replica."
	// leaveTimeout bounds how long the end of a process waits to tell the others.
	leaveTimeout = 2 * time.Second
)

// newMembership adds to the view what a cluster has in it, before anybody else has the view.
func newMembership(self Replica, view *View, b *buckets, log *slog.Logger) *membership {
	m := &membership{
		log: log, view: view, replicas: b.replicas, roster: b.roster, self: self,
		key: replicaPrefix + strings.ReplaceAll(self.Name, ".", "="), now: make(chan struct{}, 1),
	}
	view.replicas = newMirror(view, b.replicas, anyKey, decodeReplica, strings.Compare)
	view.replicas.same = sameReplica
	view.replicas.onChange = func(key string, _, r *Replica) {
		m.recount()
		if key == leaseKey && r == nil {
			m.hurry()
		}
	}
	view.roster = newMirror(view, b.roster, anyKey, decodeRoster, strings.Compare)
	view.mirrors = append(view.mirrors, view.replicas, view.roster)
	view.acked = &time.Time{}
	m.hurry()
	return m
}

// anyKey is for buckets whose keys are used as they are.
func anyKey(key string) (string, error) { return key, nil }

func decodeReplica(key string, value []byte) (*Replica, error) {
	r := &Replica{}
	if err := decode(value, r); err != nil {
		return nil, err
	}
	if key == leaseKey {
		r.Role = RoleWorker // the entry of no replica: it has no say beside that of its holder
	}
	return r, nil
}

func sameReplica(a, b *Replica) bool {
	return a.Name == b.Name && a.Role == b.Role && a.Version == b.Version && a.Fleet == b.Fleet &&
		a.StartedAt.Equal(b.StartedAt) && slices.Equal(a.Sites, b.Sites)
}

// Replicas returns the replicas that share the state and give signs of life, ordered by name, this one included.
// There are none where nobody can share it.
func (v *View) Replicas() []*Replica {
	if v.replicas == nil {
		return nil
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	var live []*Replica
	for key, row := range v.replicas.table.rows {
		if key != leaseKey && row.value != nil {
			live = append(live, row.value)
		}
	}
	slices.SortFunc(live, func(a, b *Replica) int { return strings.Compare(a.Name, b.Name) })
	return live
}

// hurry asks for a sign of life now.
func (m *membership) hurry() {
	signal(m.now)
}

func (m *membership) announce(digest string) {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	if m.self.Fleet == digest {
		return
	}
	m.self.Fleet, m.unison = digest, time.Time{}
	m.recount()
	m.view.notify()
	m.hurry()
}

// beat tells the others that this replica is there, holds or takes the lease, and moves the roster on.
func (m *membership) beat(ctx context.Context) {
	err := m.appear(ctx)
	if err == nil && m.self.Role.Decides() {
		if err = m.lead(ctx); err == nil {
			err = m.propose(ctx)
		}
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		return
	}
	if err != nil && !m.failed {
		m.log.Warn("no sign of life reaches the cluster", "err", err)
	} else if err == nil && m.failed {
		m.log.Info("signs of life reach the cluster again")
	}
	m.failed = err != nil
}

// appear writes this replica's entry. That it is acknowledged says that there is a quorum on our side.
func (m *membership) appear(ctx context.Context) error {
	m.view.mu.Lock()
	self, sent := m.self, m.view.clock.Now()
	m.view.mu.Unlock()
	value, err := encode(self)
	if err != nil {
		return err
	}
	revision, err := m.replicas.kv.Put(ctx, m.key, value)
	if err != nil {
		return fmt.Errorf("write to bucket %s: %w", m.replicas.name, plain(err))
	}
	m.view.replicas.put(m.key, revision, &self)
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	if !m.view.confirmed(m.view.clock.Now()) {
		m.view.lapsed()
	}
	m.view.acked = &sent
	return nil
}

// leave takes this replica's entry and its lease away, so that the others need not wait for them to expire. What
// fails is left to that.
func (m *membership) leave() {
	ctx, cancel := context.WithTimeout(context.Background(), leaveTimeout)
	defer cancel()
	err := m.resign(ctx)
	if err == nil {
		_, err = m.replicas.compareAndSet(ctx, m.key, func(entry) (change, error) { return change{op: opRemove}, nil })
	}
	if err != nil {
		m.log.Debug("could not take leave of the cluster", "err", err)
	}
}

// tell makes a change of what depends on time alone one of the view.
func (m *membership) tell() {
	now := [2]bool{m.coordinates(), m.agreed("")}
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	if now != m.told {
		if now[0] != m.told[0] {
			m.log.Info("coordinating", "now", now[0])
			m.view.move()
		}
		m.told = now
		m.view.notify()
	}
}
