package state

import (
	"log/slog"
	"strconv"
	"testing"

	"github.com/stretchr/testify/require"
	"golang.org/x/sync/errgroup"

	"github.com/drift-exporter/drift_exporter/internal/testnats"
)

// All replicas of a first installation start at once, and make the same streams. The servers answer but one of those who
// ask for the same stream at the same time.
func TestReplicasThatStartAtOnceOnEmptyServersAllJoin(t *testing.T) {
	cluster := testnats.Start(t, testnats.Options{})
	var together errgroup.Group
	stores := make([]*Store, 5)
	for i := range stores {
		together.Go(func() (err error) {
			stores[i], err = Open(t.Context(), Options{
				Logger: slog.New(slog.DiscardHandler),
				Cluster: &Cluster{
					URL: cluster.URL(), Replicas: 3, StartTimeout: startTimeout,
					Replica: Replica{Name: "r" + strconv.Itoa(i), Role: RoleAll},
				},
			})
			return err
		})
	}
	err := together.Wait()
	for _, s := range stores {
		if s != nil {
			require.NoError(t, s.Close())
		}
	}
	require.NoError(t, err)
}
