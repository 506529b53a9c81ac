// Package alertmanager_test shows what the real Alertmanager makes of alerts with the shipped configuration.
package alertmanager_test

import (
	"bytes"
	"encoding/json"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/client/alert"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/rules"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// world is an Alertmanager with the shipped configuration, and Slack's stand-in.
type world struct {
	t      *testing.T
	server *testalertmanager.Server
	inbox  *testalertmanager.Inbox
}

func start(t *testing.T) *world {
	t.Helper()
	inbox := testalertmanager.NewInbox(t)
	return &world{t: t, inbox: inbox, server: testalertmanager.Start(t, testalertmanager.Shipped(t, inbox.URL))}
}

// post sends alerts as they are, all at once.
func (w *world) post(alerts ...*models.PostableAlert) {
	w.t.Helper()
	_, err := w.server.Client().Alert.PostAlerts(alert.NewPostAlertsParams().WithAlerts(alerts))
	require.NoError(w.t, err)
}

// send sends the alert of a record as drift_exporter does: those set aside, too.
func (w *world) send(rec *state.Record) {
	w.t.Helper()
	for _, resolving := range rec.Resolving {
		w.post(posted(resolving, time.Time{}))
	}
	if rec.Alert != nil {
		w.post(posted(*rec.Alert, time.Now().Add(time.Hour)))
	}
}

// posted is an alert as drift_exporter sends it; endsAt is that of a firing one.
func posted(a state.Alert, endsAt time.Time) *models.PostableAlert {
	if !a.Firing() {
		endsAt = a.ResolvedAt
	}
	return &models.PostableAlert{
		Alert:       models.Alert{Labels: a.Labels, GeneratorURL: strfmt.URI(a.GeneratorURL)},
		Annotations: a.Annotations, StartsAt: strfmt.DateTime(a.StartsAt), EndsAt: strfmt.DateTime(endsAt),
	}
}

// message waits for the nth message to Slack, and wants it to be the last one.
func (w *world) message(n int) testalertmanager.SlackMessage {
	w.t.Helper()
	require.Eventually(w.t, func() bool { return len(w.inbox.Bodies()) >= n }, time.Minute, 10*time.Millisecond, "%s", w.server.Output())
	messages := w.inbox.SlackMessages()
	require.Len(w.t, messages, n)
	return messages[n-1]
}

// golden wants the nth message, whole as Slack gets it, to be what testdata has. UPDATE_GOLDEN=1 writes it anew, to be
// read before it is committed.
func (w *world) golden(n int, name string) testalertmanager.SlackMessage {
	w.t.Helper()
	message := w.message(n)
	compare(w.t, w.inbox.Bodies()[n-1], name)
	return message
}

func compare(t *testing.T, body []byte, name string) {
	t.Helper()
	var got bytes.Buffer
	require.NoError(t, json.Indent(&got, bytes.TrimSpace(body), "", "  "))
	got.WriteByte('\n')
	file := filepath.Join("testdata", name+".json")
	if os.Getenv("UPDATE_GOLDEN") != "" {
		require.NoError(t, os.WriteFile(file, got.Bytes(), 0o644))
	}
	want, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Equal(t, string(want), got.String(), "%s: UPDATE_GOLDEN=1 writes it anew", file)
}

// pair is a machine and pack, told what its checks found, a second apart.
type pair struct {
	t      *testing.T
	key    state.Key
	params rules.AlertParams
	at     time.Time
	rec    *state.Record
}

// newPair is a pair that complied a minute ago.
func newPair(t *testing.T, pack string) *pair {
	t.Helper()
	p := &pair{t: t, key: state.Key{Machine: "web1", Pack: pack}, at: time.Now().Add(-time.Minute), params: rules.AlertParams{
		DisplayName: "Web 1", DiffURL: "https://drift.example.org/machines/web1/packs/" + pack, ValidUntil: time.Now().Add(time.Hour),
	}}
	p.found()
	return p
}

// found is a check that finds these mismatches, or that all complies.
func (p *pair) found(mismatches ...state.Mismatch) *state.Record {
	p.t.Helper()
	p.at = p.at.Add(time.Second)
	r := state.Result{Key: p.key, Run: state.RunID(p.at), Status: state.Compliant, At: p.at, Mismatches: mismatches}
	if len(mismatches) > 0 {
		r.Status = state.Drifted
	}
	rec, ok := rules.Judge(p.rec, r, p.params, p.at)
	require.True(p.t, ok)
	p.rec = rec
	return rec
}

// Mismatches to be found.
var (
	mode    = state.Mismatch{Type: "wrong_permissions", Kind: "file", Item: "/etc/ssh/sshd_config", Expected: "0600", Actual: "0644"}
	curl    = state.Mismatch{Type: "missing_package", Kind: "package", Item: "curl", Expected: "installed", Actual: "absent"}
	content = state.Mismatch{Type: "wrong_content", Kind: "file", Item: "/etc/nginx/nginx.conf", Expected: "sha256:9f86d081", Actual: "sha256:60303ae2"}
)

// operational is an alert of rules/prometheus about these labels, as Prometheus sends it.
func operational(name, severity, summary, description string, labels models.LabelSet) *models.PostableAlert {
	all := models.LabelSet{"alertname": name, "severity": severity}
	for label, value := range labels {
		all[label] = value
	}
	return &models.PostableAlert{
		Alert: models.Alert{Labels: all, GeneratorURL: "http://prometheus.example.org/graph"},
		Annotations: models.LabelSet{
			"summary": summary, "description": description,
			"runbook_url": "https://github.com/drift-exporter/drift_exporter/blob/main/docs/runbooks.md#" + strings.ToLower(name),
		},
		StartsAt: strfmt.DateTime(time.Now().Add(-time.Minute)), EndsAt: strfmt.DateTime(time.Now().Add(time.Hour)),
	}
}

// over is the alert ended now.
func over(a *models.PostableAlert) *models.PostableAlert {
	ended := *a
	ended.EndsAt = strfmt.DateTime(time.Now())
	return &ended
}

// startChanged is start with one place of the configuration changed.
func startChanged(t *testing.T, before, after string) *world {
	t.Helper()
	inbox := testalertmanager.NewInbox(t)
	text := testalertmanager.Shipped(t, inbox.URL)
	require.Contains(t, text, before)
	return &world{t: t, inbox: inbox, server: testalertmanager.Start(t, strings.Replace(text, before, after, 1))}
}
