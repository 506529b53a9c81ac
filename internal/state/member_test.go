package state

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// joinQuick is join with a timing that a test can wait for.
func joinQuick(tb testing.TB, srv *natsd, name string, role Role) *Store {
	tb.Helper()
	o := clustered(srv, name)
	o.timing, o.Cluster.Replica.Role = quick, role
	return openWith(tb, o)
}

// coordinating counts those who coordinate.
func coordinating(stores ...*Store) int {
	n := 0
	for _, s := range stores {
		if s.Coordinates() {
			n++
		}
	}
	return n
}

func TestEmbeddedCoordinatesAndAgreesAlways(t *testing.T) {
	s := open(t, t.TempDir())
	s.Announce("d1")
	assert.True(t, s.Coordinates())
	assert.True(t, s.Agreed())
	assert.True(t, s.AgreedOn("d2"))
	assert.Empty(t, s.View().Replicas())
}

func TestOneReplicaCoordinates(t *testing.T) {
	srv := natsServer(t, nil)
	worker := joinQuick(t, srv, "w", RoleWorker)
	r1, r2 := joinQuick(t, srv, "r1", RoleAll), joinQuick(t, srv, "r2", RoleWeb)
	require.Eventually(t, func() bool { return coordinating(r1, r2) == 1 }, eventually, tick)
	first, second := r1, r2
	if r2.Coordinates() {
		first, second = r2, r1
	}
	changes := []<-chan struct{}{second.View().Changed(), second.View().RunsChanged()}
	require.NoError(t, first.Close(), "an orderly end hands over")
	require.Eventually(t, second.Coordinates, eventually, tick)
	for _, changed := range changes {
		select {
		case <-changed:
		case <-time.After(eventually):
			t.Fatal("that is a change")
		}
	}
	assert.False(t, first.Coordinates(), "closed")
	assert.False(t, worker.Coordinates())
	require.Eventually(t, func() bool { return len(second.View().Replicas()) == 2 }, eventually, tick)
}

func TestLeaseOfADeadReplicaExpires(t *testing.T) {
	srv := natsServer(t, nil)
	r1 := joinQuick(t, srv, "r1", RoleAll)
	require.Eventually(t, r1.Coordinates, eventually, tick)
	r2 := joinQuick(t, srv, "r2", RoleAll)
	require.Eventually(t, func() bool { return len(r2.View().Replicas()) == 2 }, eventually, tick)

	r1.cancel() // from here on it gives no sign of life, as a process that was killed
	r1.wg.Wait()
	require.Eventually(t, r2.Coordinates, eventually, tick)
	assert.False(t, r1.Coordinates(), "it has stopped to believe so before another could begin")
	require.Eventually(t, func() bool { return len(r2.View().Replicas()) == 1 }, eventually, tick)
}

// A process that is paused in the middle of renewing its lease, and wakes when another has it.
func TestLeaseIsNotTakenBackByWhoWasPaused(t *testing.T) {
	srv := natsServer(t, nil)
	r1 := joinQuick(t, srv, "r1", RoleAll)
	require.Eventually(t, r1.Coordinates, eventually, tick)
	r1.cancel()
	r1.wg.Wait()
	held, err := r1.buckets.replicas.read(t.Context(), leaseKey)
	require.NoError(t, err)
	r2 := joinQuick(t, srv, "r2", RoleAll)
	require.Eventually(t, r2.Coordinates, eventually, tick)

	_, err = r1.buckets.replicas.apply(t.Context(), leaseKey, held, change{op: opPut, value: held.value})
	require.True(t, isConflict(err), "the write that it was about to do: %v", err)
	require.NoError(t, r1.member.lead(t.Context()))
	assert.False(t, r1.member.holds)
	assert.True(t, r2.Coordinates())
}

func TestRollingChangeOfTheFleet(t *testing.T) {
	srv := natsServer(t, nil)
	r1, r2 := joinQuick(t, srv, "r1", RoleAll), joinQuick(t, srv, "r2", RoleAll)
	worker := joinQuick(t, srv, "w", RoleWorker)
	all := []*Store{r1, r2, worker}
	agree := func() bool { return r1.Agreed() && r2.Agreed() && worker.Agreed() }
	for _, s := range all {
		assert.False(t, s.Agreed(), "nothing was announced yet")
		s.Announce("d1")
	}
	require.Eventually(t, agree, eventually, tick)
	assert.True(t, r1.AgreedOn("d1"))
	assert.False(t, r1.AgreedOn("d2"))
	generation := func() uint64 {
		r1.view.mu.Lock()
		defer r1.view.mu.Unlock()
		r, ok := r1.view.roster.table.get(rosterKey)
		require.True(t, ok)
		return r.Generation
	}
	require.EqualValues(t, 1, generation())

	r1.Announce("d2")
	assert.False(t, r1.Agreed(), "at once")
	require.Eventually(t, func() bool { return !r2.Agreed() && !worker.Agreed() }, eventually, tick, "the others hear of it")
	require.NoError(t, r2.Close())
	r3 := joinQuick(t, srv, "r3", RoleAll) // r2, started anew
	r3.Announce("d2")
	worker.Announce("d2")
	require.Eventually(t, func() bool { return r1.Agreed() && r3.Agreed() && worker.Agreed() }, eventually, tick)
	assert.EqualValues(t, 2, generation())

	r1.Announce("d1")
	r3.Announce("d1")
	worker.Announce("d1")
	require.Eventually(t, func() bool { return r1.Agreed() && r3.Agreed() && worker.Agreed() }, eventually, tick, "back")
	assert.EqualValues(t, 3, generation())
}

func TestReplicasAgreeAgainAfterTheServerWasAway(t *testing.T) {
	srv := natsServer(t, nil)
	r1, r2 := joinQuick(t, srv, "r1", RoleAll), joinQuick(t, srv, "r2", RoleAll)
	r1.Announce("d1")
	r2.Announce("d1")
	require.Eventually(t, func() bool { return r1.Agreed() && r2.Agreed() && coordinating(r1, r2) == 1 }, eventually, tick)
	srv.stop()
	require.Eventually(t, func() bool { return !r1.Agreed() && !r2.Agreed() && coordinating(r1, r2) == 0 }, eventually, tick)
	srv.start(t)
	require.Eventually(t, func() bool { return r1.Agreed() && r2.Agreed() && coordinating(r1, r2) == 1 }, eventually, tick)
}

func TestCorruptEntriesOfReplicasAndRosterDoNoHarm(t *testing.T) {
	srv := natsServer(t, nil)
	r1 := joinQuick(t, srv, "r1", RoleAll)
	for _, b := range []*bucket{r1.buckets.roster, r1.buckets.replicas} {
		for _, key := range []string{rosterKey, leaseKey, "replica.x"} {
			_, err := b.kv.Put(context.Background(), key, []byte("{"))
			require.NoError(t, err)
		}
	}
	r1.Announce("d1")
	require.Eventually(t, r1.Agreed, eventually, tick)
	assert.Len(t, r1.View().Replicas(), 1)
}
