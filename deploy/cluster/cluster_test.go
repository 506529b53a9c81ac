// Package cluster_test shows with real processes that many replicas around one NATS cluster are one exporter: replicas,
// nats-servers and an Alertmanager, which are killed, paused and cut off, over machines that answer what a real one
// answered.
package cluster_test

import (
	"sync"
	"testing"

	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// scenario is a test with a cluster of its own.
type scenario struct {
	name string
	run  func(*testing.T)
}

// Most of a scenario's time is spent waiting: for leases and timeouts that are as long in a test as anywhere. So a few go on
// side by side, whatever -parallel says.
func TestManyReplicasAreOneExporter(t *testing.T) {
	var work sync.WaitGroup
	for _, lane := range [][]scenario{
		{
			{"a run outlives the loss of a replica and of a NATS node", aRunOutlivesLosses},
			{"roles and sites", rolesAndSites},
		},
		{
			cutOffReplicas[0],
			cutOffReplicas[1],
			{"credentials and TLS", credentials},
		},
		{
			cutOffReplicas[2],
			{"a rolling change of the configuration", aRollingChange},
		},
		{
			{"without NATS", withoutNATS},
			{"host keys that were accepted", acceptedHostKeys},
			{"a replica joins", aReplicaJoins},
		},
	} {
		work.Go(func() {
			for _, s := range lane {
				t.Run(s.name, s.run)
			}
		})
	}
	work.Wait()
}
