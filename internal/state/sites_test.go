package state

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// joinSites opens a worker of those sites.
func joinSites(tb testing.TB, srv *natsd, name string, sites ...string) *Store {
	tb.Helper()
	o := clustered(srv, name)
	o.Cluster.Replica.Role, o.Cluster.Replica.Sites = RoleWorker, sites
	return openWith(tb, o)
}

// take pulls n jobs and acknowledges them.
func take(t *testing.T, s *Store, n int) map[string]string {
	t.Helper()
	got := map[string]string{}
	for _, d := range pull(t, s, n) {
		got[d.Job().Machine] = d.Job().Site
		require.NoError(t, d.Ack(t.Context()))
	}
	return got
}

func TestWorkersTakeTheMachinesOfTheirSites(t *testing.T) {
	srv := natsServer(t, nil)
	here, two := joinSites(t, srv, "here"), joinSites(t, srv, "two", "dmz", "plant.1")
	require.NoError(t, here.Queue().Enqueue(t.Context(), []Job{
		{Run: testRun, Machine: "a"}, {Run: testRun, Machine: "b", Site: "dmz"}, {Run: testRun, Machine: "c", Site: "plant.1"},
		{Run: testRun, Machine: "d", Site: "plant"}, {Run: testRun, Machine: "e", Site: "dmz"},
	}))
	assert.Equal(t, map[string]string{"a": ""}, take(t, here, 1))
	assert.Equal(t, map[string]string{"b": "dmz", "c": "plant.1", "e": "dmz"}, take(t, two, 3))
	requirePending(t, here, 1)
	late := joinSites(t, srv, "late", "plant")
	assert.Equal(t, map[string]string{"d": "plant"}, take(t, late, 1))
	requirePending(t, here, 0)
}

func TestPullOfSeveralSitesWaitsForAnyOfThem(t *testing.T) {
	srv := natsServer(t, nil)
	s := joinSites(t, srv, "w", "a", "b")
	for i := range 3 {
		site := []string{"a", "b", "a"}[i]
		pulled := make(chan []*Delivery)
		go func() {
			got, err := s.Queue().Pull(t.Context(), 1)
			assert.NoError(t, err)
			pulled <- got
		}()
		require.NoError(t, s.Queue().Enqueue(t.Context(), []Job{{Run: testRun, Machine: "m", Site: site}}))
		got := <-pulled
		require.Len(t, got, 1)
		assert.Equal(t, site, got[0].Job().Site)
		require.NoError(t, got[0].Ack(t.Context()))
	}
	require.NoError(t, s.Queue().Enqueue(t.Context(), []Job{
		{Run: testRun, Machine: "m", Site: "a"}, {Run: testRun, Machine: "n", Site: "b"},
	}))
	assert.Len(t, take(t, s, 2), 2, "never more than were asked for, and none is lost")
}

func TestWebReplicasPullNothing(t *testing.T) {
	srv := natsServer(t, nil)
	o := clustered(srv, "web")
	o.Cluster.Replica.Role = RoleWeb
	s := openWith(t, o)
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(1)))
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Millisecond)
	defer cancel()
	_, err := s.Queue().Pull(ctx, 1)
	require.ErrorIs(t, err, context.DeadlineExceeded)
	assert.Len(t, take(t, joinSites(t, srv, "w"), 1), 1)
}

func TestQueueThatWasDeletedIsMadeAnew(t *testing.T) {
	for name, remove := range map[string]func(*Store) error{
		"its consumer": func(s *Store) error { return s.js.DeleteConsumer(t.Context(), streamWork, consumerName) },
		"all of it":    func(s *Store) error { return s.js.DeleteStream(t.Context(), streamWork) },
	} {
		t.Run(name, func(t *testing.T) {
			srv := natsServer(t, nil)
			s := joinSites(t, srv, "w")
			pulled := make(chan []*Delivery)
			go func() {
				got, err := s.Queue().Pull(t.Context(), 1)
				assert.NoError(t, err)
				pulled <- got
			}()
			require.NoError(t, remove(s))
			require.Eventually(t, func() bool { return s.Queue().Enqueue(t.Context(), jobs(1)) == nil }, eventually, tick)
			got := <-pulled
			require.Len(t, got, 1)
			require.NoError(t, got[0].Ack(t.Context()))
		})
	}
}

func TestEmbeddedTakesMachinesOfAllSites(t *testing.T) {
	s := open(t, t.TempDir())
	require.NoError(t, s.Queue().Enqueue(t.Context(), []Job{{Run: testRun, Machine: "a"}, {Run: testRun, Machine: "b", Site: "dmz"}}))
	assert.Equal(t, map[string]string{"a": "", "b": "dmz"}, take(t, s, 2))
}
