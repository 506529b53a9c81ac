package state

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testnats"
)

// A replica stays connected to a NATS node that has lost the others, and that may still answer what it knew.
func TestViewIsNotLiveAtANodeWithoutQuorum(t *testing.T) {
	cluster := testnats.Start(t, testnats.Options{})
	replica := func(name string) *Store {
		return openWith(t, Options{
			Logger: slog.New(slog.DiscardHandler), timing: quick,
			Cluster: &Cluster{URL: cluster.URL(), Replicas: 3, Replica: Replica{Name: name, Role: RoleAll}},
		})
	}
	r1, r2 := replica("r1"), replica("r2")
	r1.Announce("d1")
	r2.Announce("d1")
	store(t, r1, drifted(pair, 1))
	require.Eventually(t, func() bool { return r1.Agreed() && r2.Agreed() && coordinating(r1, r2) == 1 }, eventually, tick)

	leader := cluster.Leader("KV_state")
	for _, n := range cluster.Nodes {
		if n != leader {
			n.Kill()
		}
	}
	require.Eventually(t, func() bool {
		return r1.nc.IsConnected() && !r1.View().Live() && !r1.Agreed() && coordinating(r1, r2) == 0
	},
		eventually, tick)
	ctx, cancel := context.WithTimeout(t.Context(), time.Second)
	defer cancel()
	err := r1.Transition(ctx, pair, func(*Record) (*Record, bool) { return drifted(pair, 2), true })
	require.Error(t, err, "nothing is taken for stored")
	assert.Len(t, r1.View().Records(), 1)

	cluster.Restart()
	require.Eventually(t, func() bool {
		return r1.View().Live() && r2.View().Live() && r1.Agreed() && r2.Agreed() && coordinating(r1, r2) == 1
	}, eventually, tick)
	store(t, r2, compliant(pair))
	require.Eventually(t, func() bool {
		r, ok := r1.View().Record(pair)
		return ok && r.Verdict.Status == Compliant
	}, eventually, tick)
}
