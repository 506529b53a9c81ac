package alertmanager_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// muted tells by alert name which of those that fire are inhibited.
func (w *world) muted() map[string]bool {
	w.t.Helper()
	muted := map[string]bool{}
	for _, a := range w.server.Alerts() {
		muted[a.Labels["alertname"]] = len(a.Status.InhibitedBy) > 0
	}
	return muted
}

// startMarked also routes alerts to Slack that nothing mutes, and that no message holds but their own.
func startMarked(t *testing.T) *world {
	t.Helper()
	return startChanged(t, `matchers: ['alertname =~ "Drift`, `matchers: ['alertname =~ "Mark.*|Drift`)
}

// quiet wants the nth message to have been the last one. Messages of its own, each sent as soon as another would
// have been, show that no other is on its way; it returns how many there are with them.
func (w *world) quiet(n int) int {
	w.t.Helper()
	for range 3 {
		n++
		name := fmt.Sprintf("Mark%d", n)
		w.post(operational(name, "info", name, "A mark.", nil))
		require.Equal(w.t, name, w.message(n).Title)
	}
	return n
}

func TestADeadExporterAnnouncesNoHealthyFleet(t *testing.T) {
	w := startMarked(t)
	base := newPair(t, "base")
	rec := base.found(mode)

	w.post(posted(*rec.Alert, time.Now().Add(3*time.Second)))
	w.message(1)
	w.post(down(t))
	require.Equal(t, "drift_exporter is down", w.message(2).Title)
	require.Equal(t, map[string]bool{"config_drift": true, "DriftExporterDown": false}, w.muted())
	require.Eventually(t, func() bool { return len(w.server.Alerts()) == 1 }, time.Minute, 10*time.Millisecond, "the alert expires")
	n := w.quiet(2)

	w.post(over(down(t)))
	n++
	require.Equal(t, "Resolved: drift_exporter is down", w.message(n).Title)
	w.send(rec) // the exporter is back; to it nothing has changed
	require.Eventually(t, func() bool { _, fires := w.muted()["config_drift"]; return fires }, time.Minute, 10*time.Millisecond)
	n = w.quiet(n)

	rec = base.found()
	w.send(rec)
	n++
	assert.Equal(t, "Resolved: Configuration drift detected on Web 1", w.message(n).Title)
	w.send(rec) // as it is resent
	w.quiet(n)
}

func TestARepairWhileTheExporterIsTakenToBeDownIsToldAfterwards(t *testing.T) {
	w := startMarked(t)
	base := newPair(t, "base")
	w.send(base.found(mode))
	w.message(1)
	w.post(down(t))
	w.message(2)

	rec := base.found()
	w.send(rec)
	n := w.quiet(2)

	w.post(over(down(t)))
	n++
	require.Equal(t, "Resolved: drift_exporter is down", w.message(n).Title)
	w.send(rec) // as it is resent for a quarter of an hour
	n++
	assert.Equal(t, "Resolved: Configuration drift detected on Web 1", w.message(n).Title)
	w.quiet(n)
}

// What Prometheus says about machines ends with the exporter's metrics, which is no good news either.
func TestADeadExporterDoesNotMakeMachinesReachable(t *testing.T) {
	w := startMarked(t)
	unreachable := shippedRule(t, "DriftMachineUnreachable").raised(t, 2, models.LabelSet{"job": "drift_exporter", "machine": "web1"})
	w.post(unreachable)
	w.message(1)
	w.post(down(t))
	w.message(2)
	w.post(over(unreachable))
	n := w.quiet(2)

	w.post(over(down(t)))
	n++
	require.Equal(t, "Resolved: drift_exporter is down", w.message(n).Title)
	w.post(unreachable) // the metrics are back
	w.quiet(n)
}

func TestOnlyADeadExporterMutes(t *testing.T) {
	w := start(t)
	messages := 1
	w.send(newPair(t, "base").found(mode))
	for _, r := range shippedRules(t) {
		if r.Alert != "DriftExporterDown" {
			w.post(r.raised(t, 2, models.LabelSet{"job": "drift_exporter", "machine": "web1", "pack": "base", "reason": "auth"}))
			messages++
		}
	}
	w.message(messages)
	muted := w.muted()
	require.Len(t, muted, 10, "config_drift, and the other alerts by their names")
	for name, is := range muted {
		assert.False(t, is, name)
	}

	w.post(down(t))
	w.message(messages + 1)
	muted = w.muted()
	require.Len(t, muted, 11)
	for name, is := range muted {
		assert.Equal(t, name != "DriftExporterDown", is, name)
	}
}

// As docs/alerts.md says it for exporters with machines of their own.
func TestExportersThatTheInhibitionTellsApartDoNotMuteEachOther(t *testing.T) {
	w := startChanged(t, ` # not itself: no alert mutes its like`, "\n    equal: [site]")
	base := newPair(t, "base")
	base.params.Labels = map[string]string{"site": "berlin"} // or by alerting.external_labels
	w.send(base.found(mode))
	w.message(1)
	for n, site := range []string{"lisbon", "berlin"} {
		w.post(shippedRule(t, "DriftExporterDown").raised(t, 0, models.LabelSet{"job": "drift_exporter", "site": site}))
		w.message(n + 2)
		assert.Equal(t, site == "berlin", w.muted()["config_drift"], site)
	}
}
