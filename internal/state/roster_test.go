package state

import (
	"log/slog"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
)

// seat is a replica's part in a cluster as far as it needs no server: what it has seen is what the test shows it.
type seat struct {
	*membership
	clock    *clockwork.FakeClock
	revision uint64
}

// newSeat is a decider that announces d1 and has a live view in which it is alone, without a roster.
func newSeat() *seat {
	clock := clockwork.NewFakeClock()
	o := Options{realClock: clock}.withDefaults()
	b := &buckets{state: &bucket{}, machines: &bucket{}, runs: &bucket{}, replicas: &bucket{}, roster: &bucket{}}
	view := newView(b, func() bool { return true }, o)
	s := &seat{clock: clock, membership: newMembership(Replica{Name: "me", Role: RoleAll}, view, b, slog.New(slog.DiscardHandler))}
	for _, m := range view.mirrors {
		switch m := m.(type) {
		case *mirror[Key, Record]:
			m.finishReplay(view.generation, nil, head{asked: clock.Now()})
		case *mirror[string, Machine]:
			m.finishReplay(view.generation, nil, head{asked: clock.Now()})
		case *mirror[string, Run]:
			m.finishReplay(view.generation, nil, head{asked: clock.Now()})
		case *mirror[string, Replica]:
			m.finishReplay(view.generation, nil, head{asked: clock.Now()})
		case *mirror[string, Roster]:
			m.finishReplay(view.generation, nil, head{asked: clock.Now()})
		}
	}
	s.confirm()
	s.announce("d1")
	s.shows("me", RoleAll, "d1")
	return s
}

// confirm is what every sign of life does where all is well.
func (s *seat) confirm() {
	now := s.clock.Now()
	s.view.mu.Lock()
	if !s.view.confirmed(now) {
		s.view.lapsed()
	}
	for _, c := range []*confirmation{
		&s.view.records.checked, &s.view.machines.checked, &s.view.runs.checked, &s.view.replicas.checked, &s.view.roster.checked,
	} {
		c.at = now
	}
	s.view.acked = &now
	s.holds, s.renewed = true, now
	s.view.mu.Unlock()
	s.view.Live()
}

// pass lets time pass with its signs of life.
func (s *seat) pass(d time.Duration) {
	for ; d > 0; d -= s.view.timing.beat {
		s.clock.Advance(min(d, s.view.timing.beat))
		s.confirm()
	}
}

// shows is another replica's sign of life.
func (s *seat) shows(name string, role Role, digest string) {
	s.revision++
	s.view.replicas.put(replicaPrefix+name, s.revision, &Replica{Name: name, Role: role, Fleet: digest})
}

func (s *seat) loses(name string) {
	s.view.replicas.removed(replicaPrefix+name, s.view.replicas.table.rows[replicaPrefix+name].revision)
}

// rosters puts a roster.
func (s *seat) rosters(digest string, replicas int) Roster {
	s.revision++
	r := Roster{Generation: s.revision, Digest: digest, Replicas: replicas}
	s.view.roster.put(rosterKey, s.revision, &r)
	return r
}

func TestNothingHasLeftTheFleetUnlessAllSaySo(t *testing.T) {
	const settled = 15 * time.Second
	for name, c := range map[string]struct {
		happens func(s *seat)
		want    bool
	}{
		"all announce the roster's": {func(s *seat) {
			s.shows("b", RoleAll, "d1")
			s.rosters("d1", 2)
			s.pass(settled)
		}, true},
		"not yet for long":               {func(s *seat) { s.rosters("d1", 2); s.pass(settled - 1) }, false},
		"there is no roster":             {func(s *seat) { s.pass(settled) }, false},
		"the roster is of another fleet": {func(s *seat) { s.rosters("d2", 2); s.pass(settled) }, false},
		"another has a new fleet already": {func(s *seat) {
			s.rosters("d1", 2)
			s.shows("b", RoleWeb, "d2")
			s.pass(settled)
		}, false},
		"another has not said yet": {func(s *seat) {
			s.rosters("d1", 2)
			s.shows("b", RoleAll, "")
			s.pass(settled)
		}, false},
		"workers have no say": {func(s *seat) {
			s.rosters("d1", 1)
			s.shows("w", RoleWorker, "d2")
			s.pass(settled)
		}, true},
		"this one has a new fleet": {func(s *seat) {
			s.rosters("d1", 1)
			s.pass(settled)
			s.announce("d2")
		}, false},
		"it went back to the fleet that it had, just now": {func(s *seat) {
			s.rosters("d1", 1)
			s.pass(settled)
			s.announce("d2")
			s.announce("d1")
		}, false},
		"it went back, a while ago": {func(s *seat) {
			s.rosters("d1", 1)
			s.announce("d2")
			s.announce("d1")
			s.pass(settled)
		}, true},
		"one with a new fleet died a moment ago": {func(s *seat) {
			s.rosters("d1", 2)
			s.shows("b", RoleAll, "d2")
			s.pass(settled)
			s.loses("b")
		}, false},
		"one with a new fleet died, and did not come back": {func(s *seat) {
			s.rosters("d1", 2)
			s.shows("b", RoleAll, "d2")
			s.loses("b")
			s.pass(settled)
		}, true},
		"it was paused": {func(s *seat) { s.rosters("d1", 1); s.pass(settled); s.clock.Advance(settled) }, false},
		"it was paused, and just woke": {func(s *seat) {
			s.rosters("d1", 1)
			s.pass(settled)
			s.clock.Advance(time.Hour)
			s.confirm() // before anybody asked
			s.pass(settled - 1)
		}, false},
		"it was cut off, and just came back: the others may be late": {func(s *seat) {
			s.rosters("d1", 1)
			s.pass(settled)
			s.view.cut()
			for _, live := range []*bool{
				&s.view.records.live, &s.view.machines.live, &s.view.runs.live, &s.view.replicas.live, &s.view.roster.live,
			} {
				*live = true
			}
			s.pass(settled - 1)
		}, false},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeat()
			c.happens(s)
			assert.Equal(t, c.want, s.agreed(""))
			assert.Equal(t, c.want, s.agreed("d1"))
			assert.False(t, s.agreed("other"), "only what was announced is agreed on")
		})
	}
}

func TestRosterFollowsWhatAllAnnounce(t *testing.T) {
	const settled, lone = 15 * time.Second, 5 * time.Minute
	for name, c := range map[string]struct {
		old     Roster
		happens func(s *seat)
		want    Roster
	}{
		"the first":            {Roster{}, func(s *seat) { s.pass(settled) }, Roster{1, "d1", 1, time.Time{}}},
		"not before all are":   {Roster{4, "d0", 2, t0}, func(s *seat) { s.shows("b", RoleAll, "d0"); s.pass(lone) }, Roster{}},
		"not before some time": {Roster{4, "d0", 1, t0}, func(s *seat) { s.pass(settled - 1) }, Roster{}},
		"all changed": {Roster{4, "d0", 3, t0}, func(s *seat) {
			s.shows("b", RoleAll, "d1")
			s.shows("c", RoleWeb, "d1")
			s.shows("w", RoleWorker, "d0")
			s.pass(settled)
		}, Roster{5, "d1", 3, time.Time{}}},
		"back to an earlier one": {Roster{5, "d2", 2, t0}, func(s *seat) {
			s.shows("b", RoleAll, "d1")
			s.pass(settled)
		}, Roster{6, "d1", 2, time.Time{}}},
		"it is the roster already":             {Roster{4, "d1", 1, t0}, func(s *seat) { s.pass(settled) }, Roster{}},
		"a stale one that is left alone waits": {Roster{4, "d2", 3, t0}, func(s *seat) { s.pass(lone - 1) }, Roster{}},
		"but not forever":                      {Roster{4, "d2", 3, t0}, func(s *seat) { s.pass(lone) }, Roster{5, "d1", 1, time.Time{}}},
		"who does not coordinate leaves it":    {Roster{}, func(s *seat) { s.pass(settled); s.holds = false }, Roster{}},
		"who coordinated, and was paused": {Roster{}, func(s *seat) {
			s.pass(settled)
			s.clock.Advance(s.view.timing.lease)
		}, Roster{}},
	} {
		t.Run(name, func(t *testing.T) {
			s := newSeat()
			c.happens(s)
			got, ok := s.next(c.old)
			got.AgreedAt = time.Time{}
			assert.Equal(t, c.want, got)
			assert.Equal(t, c.want != Roster{}, ok)
		})
	}
}

func TestReplicasAreListedWithoutTheLease(t *testing.T) {
	s := newSeat()
	s.shows("a", RoleWeb, "d1")
	s.revision++
	s.view.replicas.put(leaseKey, s.revision, &Replica{Name: "me", Role: RoleWorker})
	assert.Equal(t, []*Replica{{Name: "a", Role: RoleWeb, Fleet: "d1"}, {Name: "me", Role: RoleAll, Fleet: "d1"}}, s.view.Replicas())

	revision := s.view.Revision()
	s.shows("a", RoleWeb, "d1")
	assert.Equal(t, revision, s.view.Revision(), "a sign of life alone is no news")
	s.shows("a", RoleWeb, "d2")
	assert.NotEqual(t, revision, s.view.Revision())
	assert.Nil(t, newView(&buckets{}, func() bool { return true }, Options{}.withDefaults()).Replicas())
}
