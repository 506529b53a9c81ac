package cluster_test

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// withoutNATS takes NATS away, first so much of it that nothing can be stored. Replicas serve what they knew last and say
// that it is old; they start nothing and tell Alertmanager nothing. When it is back they go on by themselves.
func withoutNATS(t *testing.T) {
	w := start(t, 12)
	drifted, later := w.machines[0], w.machines[1]
	drifted.drift()
	w.check(w.replicas[0], drifted)
	w.heard(drifted, "firing")
	since := w.firing()
	known := w.replicas[0].gauges()

	w.nats.Nodes[0].Kill()
	w.nats.Nodes[1].Kill()
	w.nats.WaitLeaderless()
	w.servesTheLastState(drifted)
	w.nats.Kill()
	w.servesTheLastState(drifted)

	w.nats.Restart()
	for _, r := range w.replicas {
		w.eventually(r.name+" is ready again", r.ready)
		assert.Equal(t, "1", r.Metric("drift_state_connected"))
	}
	w.agreeOnFleet()
	assert.Equal(t, known, w.replicas[0].gauges(), "nothing was lost or changed")
	drifted.repair()
	later.drift()
	w.check(w.replicas[1])
	w.heard(drifted, "firing", "resolved")
	w.heard(later, "firing")
	w.onlyOneAlert(drifted)
	w.onlyOneAlert(later)
	assert.Equal(t, []string{"compliant", "drifted", "compliant"}, w.replicas[2].verdicts(drifted))
	assert.NotContains(t, since, later.name)
	w.agree()
}

// servesTheLastState holds it of every replica, and that they send nothing from then on.
func (w *world) servesTheLastState(drifted *machine) {
	w.t.Helper()
	before := map[*replica]int{}
	for _, r := range w.replicas {
		w.eventually(r.name+" says that it is cut off", func() bool { return !r.ready() })
		before[r] = r.recorder.count()
	}
	for _, r := range w.replicas {
		status, text := r.TryGet("/-/ready")
		assert.Equal(w.t, http.StatusServiceUnavailable, status)
		assert.Contains(w.t, text, "not ready: ")
		assert.Equal(w.t, "0", r.Metric("drift_state_connected"))
		assert.Equal(w.t, "0", r.Metric("drift_cluster_coordinator"))
		assert.Equal(w.t, "drifted", r.pair(drifted).Verdict)
		assert.Equal(w.t, "1", r.Metric(fmt.Sprintf(`drift_alert_firing{machine=%q,pack="base"}`, drifted.name)))
		assert.Contains(w.t, r.Get("/api/v1/machines"), `"warnings"`)
		assert.Contains(w.t, r.Get("/"), drifted.name)
		assert.Contains(w.t, r.Get("/-/healthy"), "healthy")
		status, answer := r.Post("/api/v1/runs", "")
		assert.Equal(w.t, http.StatusServiceUnavailable, status, answer)
	}
	for _, r := range w.replicas {
		assert.Empty(w.t, r.recorder.since(before[r]), "%s told Alertmanager something", r.name)
	}
	require.Contains(w.t, w.firing(), drifted.name)
}
