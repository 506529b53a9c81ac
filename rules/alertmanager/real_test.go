package alertmanager_test

import (
	"context"
	"encoding/json"
	"fmt"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/rules"
	"github.com/drift-exporter/drift_exporter/rules/alertmanager"
)

// patience bounds every wait for the real Alertmanager.
const patience = 30 * time.Second

const realConfig = `
route: {receiver: inbox, group_by: [...], group_wait: 10ms, group_interval: 10ms, repeat_interval: 1h}
receivers:
  - name: inbox
    webhook_configs: [{url: %q, send_resolved: true}]
`

// notified is an alert as the real Alertmanager tells a webhook of it.
type notified struct {
	Status              string
	Labels, Annotations map[string]string
	StartsAt, EndsAt    time.Time
}

func TestTheRealAlertmanagerFiresUpdatesAndResolves(t *testing.T) {
	inbox := testalertmanager.NewInbox(t)
	server := testalertmanager.Start(t, fmt.Sprintf(realConfig, inbox.URL))
	p := newPair(t)
	nextRun := time.Now().Add(12 * time.Hour)
	p.params.ValidUntil = nextRun.Add(time.Hour)
	run(t, p, server, nextRun)

	p.judge(state.Compliant)
	p.judge(state.Drifted, "/etc/a")
	stored := p.record().Alert
	alert := eventually(t, server, func(*models.GettableAlert) bool { return true })
	assert.Equal(t, models.LabelSet(stored.Labels), alert.Labels)
	assert.Equal(t, models.LabelSet(stored.Annotations), alert.Annotations)
	assert.Equal(t, stored.GeneratorURL, alert.GeneratorURL.String())
	assert.Equal(t, stored.StartsAt, time.Time(*alert.StartsAt).UTC())
	assert.Equal(t, nextRun.Add(time.Hour).UTC().Truncate(time.Millisecond), time.Time(*alert.EndsAt).UTC())

	notification(t, inbox, func(n notified) bool { return n.Status == "firing" && n.Annotations["mismatch_count"] == "1" })

	p.judge(state.Drifted, "/etc/a", "/etc/b")
	alert = eventually(t, server, func(a *models.GettableAlert) bool { return a.Annotations["mismatch_count"] == "2" })
	assert.Equal(t, stored.StartsAt, time.Time(*alert.StartsAt).UTC())

	server.Restart(true)
	eventually(t, server, func(*models.GettableAlert) bool { return true })
	notification(t, inbox, func(n notified) bool { return n.Status == "firing" && n.Annotations["mismatch_count"] == "2" })

	p.params.Labels = map[string]string{"env": "test"}
	p.refresh()
	alert = eventually(t, server, func(a *models.GettableAlert) bool { return a.Labels["env"] == "test" })
	assert.Equal(t, stored.StartsAt, time.Time(*alert.StartsAt).UTC())
	old := notification(t, inbox, func(n notified) bool { return n.Status == "resolved" && n.Labels["env"] == "" })
	assert.Equal(t, "relabeled", old.Annotations["resolved_reason"])
	notification(t, inbox, func(n notified) bool { return n.Status == "firing" && n.Labels["env"] == "test" })

	p.judge(state.Compliant)
	require.Eventually(t, func() bool { return len(server.Alerts()) == 0 }, patience, 20*time.Millisecond)
	resolved := notification(t, inbox, func(n notified) bool { return n.Status == "resolved" && n.Labels["env"] == "test" })
	assert.Equal(t, "compliant", resolved.Annotations["resolved_reason"])
	assert.Equal(t, stored.StartsAt, resolved.StartsAt.UTC())
	assert.Equal(t, p.record().Alert.ResolvedAt, resolved.EndsAt.UTC())

	p.judge(state.Drifted, "/etc/a")
	again := eventually(t, server, func(*models.GettableAlert) bool { return true })
	assert.True(t, time.Time(*again.StartsAt).After(resolved.EndsAt), "a new alert")
}

// eventually waits until exactly one alert fires and it is as it should be.
func eventually(t *testing.T, server *testalertmanager.Server, want func(a *models.GettableAlert) bool) *models.GettableAlert {
	t.Helper()
	var alerts models.GettableAlerts
	require.Eventually(t, func() bool {
		alerts = server.Alerts()
		return len(alerts) == 1 && want(alerts[0])
	}, patience, 20*time.Millisecond)
	return alerts[0]
}

// notification waits for the webhook to hear of such an alert.
func notification(t *testing.T, inbox *testalertmanager.Inbox, want func(n notified) bool) notified {
	t.Helper()
	var found notified
	require.Eventually(t, func() bool {
		for _, body := range inbox.Bodies() {
			var message struct{ Alerts []notified }
			if json.Unmarshal(body, &message) != nil {
				continue
			}
			for _, n := range message.Alerts {
				if want(n) {
					found = n
					return true
				}
			}
		}
		return false
	}, patience, 20*time.Millisecond)
	return found
}

// run sends the pair's alerts to the server until the test ends.
func run(t *testing.T, v alertmanager.View, server *testalertmanager.Server, nextRun time.Time) {
	t.Helper()
	sender, err := alertmanager.New(v, []config.Alertmanager{{URL: server.URL, HTTPClient: promconfig.DefaultHTTPClientConfig}},
		alertmanager.Options{ResendDelay: 200 * time.Millisecond, NextRun: func(time.Time) time.Time { return nextRun }})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	go func() { ended <- sender.Run(ctx) }()
	t.Cleanup(func() {
		cancel()
		require.NoError(t, <-ended)
	})
}

// pair is a pair that the real rules judge, as a View.
type pair struct {
	*oneRecord
	t      *testing.T
	run    int
	params rules.AlertParams
}

func newPair(t *testing.T) *pair {
	return &pair{t: t, oneRecord: newOneRecord(), params: rules.AlertParams{
		DisplayName: "Web 1", DiffURL: "http://drift.example/machines/web1/packs/base",
	}}
}

func (p *pair) judge(status state.Status, files ...string) {
	p.t.Helper()
	p.run++
	now := time.Now()
	r := state.Result{
		Key: state.Key{Machine: "web1", Pack: "base"}, Status: status, At: now,
		Run: state.RunID(now.Add(time.Duration(p.run) * time.Millisecond)), Items: 2,
	}
	for _, file := range files {
		r.Mismatches = append(r.Mismatches, state.Mismatch{Type: "missing_file", Kind: "file", Item: file})
	}
	p.store(rules.Judge(p.record(), r, p.params, now))
}

func (p *pair) refresh() { p.t.Helper(); p.store(rules.Refresh(p.record(), p.params, time.Now())) }

func (p *pair) store(next *state.Record, ok bool) {
	p.t.Helper()
	require.True(p.t, ok)
	p.set(next)
}
