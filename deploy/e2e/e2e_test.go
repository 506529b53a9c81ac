package e2e_test

import (
	"slices"
	"strings"
	"testing"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
)

const drifted, down = "Configuration drift detected on Web 1", "drift_exporter is down"

// Steps of one story, each on what the one before left.
func TestTheWholeWay(t *testing.T) {
	w := start(t)

	t.Run("Prometheus scrapes the exporter and evaluates every rule", func(t *testing.T) {
		w.prometheus.Eventually(`drift_compliant{job="drift_exporter", machine="web1", pack="web"} == 1`)
		w.prometheus.Eventually(`fleet:drift_compliant:ratio == 0.5`)
		w.prometheus.Eventually(`pack:drift_compliant:ratio{pack="web"} == 1`)
		w.prometheus.Eventually(`label_env:drift_compliant:ratio{label_env="test"} == 0`)
		healthy(t, w)
	})

	t.Run("drift that was there from the start is told by a rule", func(t *testing.T) {
		message := w.hears(1, "db1 has never complied with db")
		assert.Equal(t, "#439FE0", message.Color)
		assert.True(t, strings.HasSuffix(message.Link, "/docs/runbooks.md#driftwithoutalert"), message.Link)
	})

	t.Run("a drift reaches metrics, Alertmanager and Slack, and the link shows what differs", func(t *testing.T) {
		w.onMachine("web.conf", "listen 80\nworkers 64\n")
		w.exporter.CheckNow()
		message := w.hears(1, drifted)
		assert.Equal(t, "warning", message.Color)
		assert.Contains(t, message.Text, "*web:* 1 mismatch, machine changed\n")
		assert.Equal(t, w.exporter.URL+"/machines/web1/packs/web", message.Link)
		page := w.exporter.Get(strings.TrimPrefix(message.Link, w.exporter.URL))
		for _, text := range []string{"Web 1", "workers 4", "workers <mark>6</mark>4", "wrong content"} {
			assert.Contains(t, page, text)
		}
		w.prometheus.Eventually(`drift_compliant{machine="web1", pack="web"} == 0 and drift_alert_firing == 1 and drift_mismatches == 1`)
		w.prometheus.Eventually(`fleet:drift_compliant:ratio == 0`)
		muted, fires := w.muted()["config_drift"]
		assert.True(t, fires)
		assert.False(t, muted)
	})

	t.Run("when the exporter is gone Slack hears that, and no good news", func(t *testing.T) {
		w.exporter.Kill()
		message := w.hears(1, down)
		assert.Equal(t, "danger", message.Color)
		assert.True(t, strings.HasSuffix(message.Link, "/docs/runbooks.md#driftexporterdown"), message.Link)
		w.eventually("config_drift is muted", func() bool { return w.muted()["config_drift"] })
		assert.False(t, w.muted()["DriftExporterDown"])
		// Its series are gone for longer than the rules keep alerts firing without them.
		w.prometheus.Eventually(`absent(drift_compliant) and on () absent(ALERTS{alertname="DriftWithoutAlert"})`)
		assert.Empty(t, w.told("Resolved"))
		assert.Empty(t, w.told("Not heard of"))
	})

	t.Run("when it is back nothing is told again", func(t *testing.T) {
		w.exporter.Launch()
		assert.Equal(t, "good", w.hears(1, "Resolved: "+down).Color)
		w.prometheus.Eventually(`ALERTS{alertname="DriftWithoutAlert", alertstate="firing"}`)
		w.eventually("config_drift is not muted", func() bool { muted, fires := w.muted()["config_drift"]; return fires && !muted })
		assert.Len(t, w.told(drifted), 1)
	})

	t.Run("a repair goes the whole way, too", func(t *testing.T) {
		w.onMachine("web.conf", "listen 80\nworkers 4\n")
		w.exporter.CheckNow()
		message := w.hears(1, "Resolved: "+drifted)
		assert.Equal(t, "good", message.Color)
		assert.Contains(t, message.Text, "*web:* resolved, compliant\n")
		assert.Contains(t, w.exporter.Get("/machines/web1/packs/web"), "compliant")
		w.prometheus.Eventually(`drift_compliant{machine="web1", pack="web"} == 1`)
		assert.NotContains(t, w.muted(), "config_drift")
	})

	t.Run("machines that cannot be reached are one message", func(t *testing.T) {
		w.sshd.Stop()
		w.exporter.CheckNow()
		w.exporter.CheckNow()
		message := w.hears(1, "db1 cannot be reached to check it for drift, and 1 more")
		assert.Contains(t, message.Text, "*Firing (2):* db1, web1\n")
		w.sshd.Restart()
		w.exporter.CheckNow()
		w.eventually("Slack hears that they can be reached", func() bool {
			return slices.ContainsFunc(w.told("Resolved: "), func(m testalertmanager.SlackMessage) bool { return strings.Contains(m.Title, "cannot be reached") })
		})
		assert.NotContains(t, w.muted(), "DriftMachineUnreachable")
	})

	healthy(t, w)
	assert.Len(t, w.told(drifted), 1, "one message for one drift")
	assert.Len(t, w.told(down), 1)
	assert.Len(t, w.told("db1 has never complied"), 1)
	assert.Empty(t, w.told("Resolved: db1 has never complied"), "it ended with the metrics, and was not repaired")
	assert.Empty(t, w.told("Not heard of"))
	w.exporter.Terminate()
}

// healthy wants every shipped rule to have been evaluated, without an error.
func healthy(t *testing.T, w *world) {
	t.Helper()
	alerts, recordings := map[string]v1.RuleHealth{}, map[string]v1.RuleHealth{}
	evaluated := func() bool {
		result, err := w.prometheus.API().Rules(t.Context(), nil)
		if err != nil {
			return false
		}
		all := true
		for _, group := range result.Groups {
			for _, rule := range group.Rules {
				switch rule := rule.(type) {
				case v1.AlertingRule:
					alerts[rule.Name] = rule.Health
					assert.Empty(t, rule.LastError, rule.Name)
					all = all && rule.Health != v1.RuleHealthUnknown
				case v1.RecordingRule:
					recordings[rule.Name] = rule.Health
					assert.Empty(t, rule.LastError, rule.Name)
					all = all && rule.Health != v1.RuleHealthUnknown
				}
			}
		}
		return all && len(result.Groups) > 0
	}
	w.eventually("every rule has been evaluated", evaluated)
	for name, health := range alerts {
		assert.Equal(t, v1.RuleHealth(v1.RuleHealthGood), health, name)
	}
	for name, health := range recordings {
		assert.Equal(t, v1.RuleHealth(v1.RuleHealthGood), health, name)
	}
	assert.Contains(t, alerts, "DriftExporterDown")
	assert.Contains(t, recordings, "fleet:drift_compliant:ratio")
}
