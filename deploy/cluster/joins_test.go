package cluster_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
)

// aReplicaJoins adds one later: it knows all that the others know as soon as it says that it is ready, and does its part.
func aReplicaJoins(t *testing.T) {
	w := newWorld(t, 30, natsOfThree)
	first := w.add(entries(w.machines))
	first.start()
	w.checkedFirst()
	drift(w.machines[:3])
	w.check(first)
	repair(w.machines[:1])
	w.check(first, w.machines[0])

	joined := w.add(entries(w.machines))
	joined.start()
	assert.Equal(t, first.machineList(), joined.machineList())
	assert.Equal(t, withoutReplicas(first.gauges()), withoutReplicas(joined.gauges()))
	for _, m := range w.machines[:4] {
		assert.Equal(t, first.verdicts(m), joined.verdicts(m))
		assert.Equal(t, first.pairText(m), joined.pairText(m))
	}
	assert.Equal(t, first.Get("/api/v1/runs"), joined.Get("/api/v1/runs"))
	w.eventually("it sends the alerts, too", func() bool { return len(of(w.machines[1], joined.recorder.since(0))) > 0 })
	w.onlyOneAlert(w.machines[0])
	w.onlyOneAlert(w.machines[1])

	first.Terminate()
	first.dead = true
	w.machines[4].drift()
	w.check(joined)
	w.heard(w.machines[1], "firing")
	w.heard(w.machines[4], "firing")
}

// pairText is all that it says of a pair, but for where its own Alertmanager is.
func (r *replica) pairText(m *machine) string {
	r.w.t.Helper()
	return strings.ReplaceAll(r.Get("/api/v1/machines/"+m.name+"/packs/base"), r.recorder.URL, "")
}

// withoutReplicas leaves out who takes part: that is what a replica that joins changes.
func withoutReplicas(gauges string) string {
	var kept strings.Builder
	for line := range strings.Lines(gauges) {
		if !strings.HasPrefix(line, "drift_cluster_replicas") {
			kept.WriteString(line)
		}
	}
	return kept.String()
}
