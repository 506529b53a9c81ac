package main

import (
	"testing"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
)

func TestEndToEnd(t *testing.T) {
	f := startFleet(t)
	var since time.Time // startsAt of web1/web

	t.Run("a first check gives verdicts and no alert, compliant or not", func(t *testing.T) {
		f.exporter.Eventually("the first run ends", func() bool { return f.exporter.Metric("drift_last_run_success") == "1" })
		assert.Equal(t, "1", f.exporter.Metric(`drift_compliant{machine="web1",pack="base"}`))
		assert.Equal(t, "1", f.exporter.Metric(`drift_compliant{machine="web1",pack="web"}`))
		assert.Equal(t, "0", f.exporter.Metric(`drift_compliant{machine="db1",pack="db"}`))
		assert.Equal(t, "1", f.exporter.Metric(`drift_mismatches{machine="db1",pack="db"}`))
		assert.Empty(t, f.alerts())
		for _, name := range []string{"go_goroutines", "process_resident_memory_bytes"} {
			assert.NotEmpty(t, f.exporter.Metric(name), name)
		}

		f.exporter.CheckNow() // still drifted, still nothing that it was compliant with
		assert.Equal(t, "0", f.exporter.Metric(`drift_compliant{machine="db1",pack="db"}`))
		assert.Empty(t, f.alerts())
	})

	t.Run("drift in one of two packs is one alert, told to Slack, with a link that shows the difference", func(t *testing.T) {
		f.onMachine("web.conf", "listen 80\nworkers 64\n", 0o644)
		f.exporter.CheckNow()
		f.eventually("the alert fires", func() bool { return len(f.alerts()) == 1 })
		web := f.alerts()["web"]
		since = time.Time(*web.StartsAt)
		assert.Equal(t, models.LabelSet{
			"alertname": "config_drift", "severity": "warning", "machine": "web1", "pack": "web", "env": "test",
		}, web.Labels)
		link := f.exporter.URL + "/machines/web1/packs/web"
		assert.Equal(t, "Configuration drift detected on Web 1", web.Annotations["summary"])
		assert.Equal(t, "1 item no longer compliant with web", web.Annotations["description"])
		assert.Equal(t, "Web 1", web.Annotations["machine_name"])
		assert.Equal(t, "1", web.Annotations["mismatch_count"])
		assert.Contains(t, web.Annotations["mismatches"], "wrong_content")
		assert.Equal(t, "machine_changed", web.Annotations["cause"])
		assert.Equal(t, link, web.Annotations["diff_url"])
		assert.Equal(t, link, web.GeneratorURL.String())

		var report struct {
			CheckedAt time.Time `json:"checked_at"`
			Alert     struct {
				State string    `json:"state"`
				Since time.Time `json:"since"`
			} `json:"alert"`
		}
		f.exporter.Data("/api/v1/machines/web1/packs/web", &report)
		assert.Equal(t, "firing", report.Alert.State)
		assert.True(t, since.Equal(report.CheckedAt), "startsAt %s is when the check found it: %s", since, report.CheckedAt)
		assert.True(t, since.Equal(report.Alert.Since))
		// The next scheduled run is at 06:00; the alert must outlive it by an hour.
		next := time.Now().UTC().Truncate(24 * time.Hour).Add(6 * time.Hour)
		if !next.After(since) {
			next = next.Add(24 * time.Hour)
		}
		assert.True(t, time.Time(*web.EndsAt).Equal(next.Add(time.Hour)), "endsAt %s is an hour after the next run", web.EndsAt)

		f.eventually("Slack hears of it", func() bool {
			return len(f.heard("Configuration drift detected on Web 1", link, "*web:* 1 mismatch,")) == 1
		})
		page := f.exporter.Get("/machines/web1/packs/web")
		for _, text := range []string{"Web 1", "-workers 4", "workers <mark>6</mark>4", "wrong content"} {
			assert.Contains(t, page, text)
		}
		assert.Equal(t, "1", f.exporter.Metric(`drift_alert_firing{machine="web1",pack="web"}`))
		assert.Equal(t, "0", f.exporter.Metric(`drift_alert_firing{machine="web1",pack="base"}`))
	})

	t.Run("more drift updates the same alert", func(t *testing.T) {
		f.onMachine("web.conf", "listen 80\nworkers 64\n", 0o600)
		f.exporter.CheckNow()
		f.eventually("the count is told", func() bool { return f.annotation("web", "mismatch_count") == "2" })
		assert.Len(t, f.alerts(), 1)
		assert.True(t, f.startsAt("web").Equal(since))
		assert.Len(t, f.heard("Web 1"), 1, "Slack is not told again before Alertmanager's repeat_interval")
	})

	t.Run("kill -9 and a restart neither lose nor double the alert", func(t *testing.T) {
		f.exporter.Kill()
		f.exporter.Launch()
		updated := func() time.Time { return time.Time(*f.alerts()["web"].UpdatedAt) }
		before := updated()
		f.eventually("it is resent", func() bool { return updated().After(before) })
		assert.Len(t, f.alerts(), 1)
		assert.True(t, f.startsAt("web").Equal(since))
		assert.Equal(t, "0", f.exporter.Metric(`drift_compliant{machine="web1",pack="web"}`))
		assert.Empty(t, f.heard("resolved"))
		assert.Empty(t, f.heard("Resolved"))
	})

	t.Run("an Alertmanager that comes back empty has the alert again", func(t *testing.T) {
		f.alertmanager.Restart(true)
		f.eventually("it is resent", func() bool { return len(f.alerts()) == 1 })
		assert.True(t, f.startsAt("web").Equal(since))
	})

	t.Run("a second pack that drifts is a second alert", func(t *testing.T) {
		f.onMachine("base.conf", "MaxAuthTries 100\n", 0o644)
		f.exporter.CheckNow()
		f.eventually("both fire", func() bool { return len(f.alerts()) == 2 })
		assert.True(t, f.startsAt("web").Equal(since))
		assert.True(t, f.startsAt("base").After(since))
		f.eventually("Slack hears of it", func() bool {
			return len(f.heard("Configuration drift detected on Web 1", "packs/base")) == 1
		})
	})

	t.Run("an unreachable machine keeps its verdicts and alerts", func(t *testing.T) {
		f.sshd.Stop()
		f.exporter.CheckNow()
		for _, pair := range []string{`machine="web1",pack="base"`, `machine="web1",pack="web"`, `machine="db1",pack="db"`} {
			assert.Equal(t, "0", f.exporter.Metric("drift_check_success{"+pair+"}"), pair)
			assert.Equal(t, "0", f.exporter.Metric("drift_compliant{"+pair+"}"), pair)
		}
		assert.Equal(t, "1", f.exporter.Metric(`drift_check_failures_total{machine="web1",reason="connect"}`))
		assert.Equal(t, "1", f.exporter.Metric("drift_last_run_success"), "the run itself went on")
		f.afterResends(2)
		assert.Len(t, f.alerts(), 2)
		assert.Empty(t, f.heard("resolved"))
		assert.Empty(t, f.heard("Resolved"))
	})

	t.Run("a repaired pack resolves its alert alone, and Slack hears it", func(t *testing.T) {
		f.sshd.Restart()
		f.onMachine("web.conf", "listen 80\nworkers 4\n", 0o644)
		f.exporter.CheckNow()
		f.eventually("one alert is left", func() bool { return len(f.alerts()) == 1 })
		assert.Contains(t, f.alerts(), "base")
		f.eventually("Slack hears of it", func() bool { return len(f.heard("detected on Web 1", "*web:* resolved, compliant")) == 1 })
		assert.Empty(t, f.heard("*base:* resolved"))
		assert.Empty(t, f.heard("Resolved"), "the other pack of the machine still drifts")
		assert.Equal(t, "1", f.exporter.Metric(`drift_compliant{machine="web1",pack="web"}`))
		assert.Equal(t, "1", f.exporter.Metric(`drift_check_success{machine="web1",pack="web"}`))
	})

	t.Run("labels that change while an alert fires resolve the old set and fire the new one", func(t *testing.T) {
		before := f.startsAt("base")
		f.reconfigure("labels: {env: test}", "labels: {env: changed, team: web}")
		f.eventually("the new labels fire", func() bool {
			all := f.alertmanager.Alerts() // by pack there would be two for as long as the old one fires
			return len(all) == 1 && all[0].Labels["env"] == "changed" && all[0].Labels["team"] == "web"
		})
		assert.True(t, f.startsAt("base").Equal(before))
	})

	t.Run("a machine that is switched off is not connected to, and leaves no series and no alert", func(t *testing.T) {
		f.reconfigure("display_name: Web 1", "display_name: Web 1\n    drift_detection_enabled: false")
		f.eventually("its alert resolves", func() bool { return len(f.alerts()) == 0 })
		assert.NotContains(t, f.exporter.Get("/metrics"), `drift_compliant{machine="web1"`)

		connections := f.sshd.Connections()
		f.exporter.CheckNow()
		assert.Equal(t, connections+1, f.sshd.Connections(), "only db1 is connected to")
		f.eventually("Slack hears of it", func() bool {
			return len(f.heard("Resolved: Configuration drift detected on Web 1", "*base:* resolved, disabled")) == 1
		})
	})

	f.exporter.Terminate()
}
