package cluster_test

import (
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// cutOffReplicas are ways in which a replica cannot reach NATS, or does not run at all, while one drift is repaired and
// another begins. It still reaches Alertmanager, and must neither say there what has become untrue, nor do so when it comes
// back.
var cutOffReplicas = []scenario{
	{"a replica whose connections are refused", func(t *testing.T) {
		w := start(t, 12)
		lost := w.others(w.coordinator())[0]
		w.cutOff(lost, lost.link.Cut, lost.link.Restore, true)
	}},
	{"a coordinator whose packets are dropped", func(t *testing.T) {
		w := start(t, 12)
		lost := w.coordinator()
		w.cutOff(lost, lost.link.Silence, lost.link.Restore, true)
	}},
	{"a coordinator whose process is paused", func(t *testing.T) {
		w := start(t, 12)
		lost := w.coordinator()
		w.cutOff(lost, func() { lost.Signal(syscall.SIGSTOP) }, func() { lost.Signal(syscall.SIGCONT) }, false)
	}},
}

// cutOff cuts off a replica while one machine is repaired and another drifts.
func (w *world) cutOff(lost *replica, lose, back func(), awake bool) {
	w.t.Helper()
	others, repaired, drifted := w.others(lost), w.machines[0], w.machines[1]
	repaired.drift()
	w.check(others[0], repaired)
	w.heard(repaired, "firing")
	w.eventually(lost.name+" sends the alert, too", func() bool { return len(of(repaired, lost.recorder.since(0))) > 0 })

	lose()
	lost.dead = true // to the helpers
	if awake {
		w.eventually(lost.name+" says that it is cut off", func() bool { return !lost.ready() })
		assert.Equal(w.t, "0", lost.Metric("drift_state_connected"))
		assert.Equal(w.t, "0", lost.Metric("drift_cluster_coordinator"))
		_, text := lost.TryGet("/-/ready")
		assert.Contains(w.t, text, "not ready: ")
	}
	before := lost.recorder.count()
	repaired.repair()
	drifted.drift()
	w.check(others[0], repaired, drifted)
	w.heard(repaired, "firing", "resolved")
	w.heard(drifted, "firing")
	if awake {
		assert.Equal(w.t, "firing", lost.pair(repaired).Alert.State, "it serves what it knew last")
	}
	assert.Empty(w.t, lost.recorder.since(before), "%s was cut off and told Alertmanager something", lost.name)

	back()
	lost.dead = false
	w.eventually(lost.name+" is back", lost.ready)
	w.eventually(lost.name+" sends the other alert", func() bool { return len(of(drifted, lost.recorder.since(before))) > 0 })
	for _, s := range of(repaired, lost.recorder.since(before)) {
		assert.False(w.t, s.firing(), "%s revived what was repaired", lost.name)
	}
	for _, s := range of(drifted, lost.recorder.since(before)) {
		assert.True(w.t, s.firing(), "%s ended what goes on", lost.name)
	}
	w.onlyOneAlert(repaired)
	w.onlyOneAlert(drifted)
	require.Equal(w.t, []string{"firing", "resolved"}, statuses(notices(w.inbox, repaired)))
	require.Equal(w.t, []string{"firing"}, statuses(notices(w.inbox, drifted)))
	w.agreeOnFleet()
	w.agree()
}
