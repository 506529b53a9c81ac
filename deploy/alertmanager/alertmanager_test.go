// Package alertmanager_test shows that the shipped Alertmanager configuration loads, and what it makes of an alert.
package alertmanager_test

import (
	"strings"
	"testing"
	"time"

	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/client/alert"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/rules"
)

func TestSlackHearsOfDriftAndItsEnd(t *testing.T) {
	inbox := testalertmanager.NewInbox(t)
	server := testalertmanager.Start(t, testalertmanager.Shipped(t, inbox.URL))
	drift := judged(t)
	send(t, server, drift)
	message := slack(t, inbox, 1)
	assert.Equal(t, testalertmanager.SlackMessage{
		Channel: "#drift", Color: "warning",
		Title:    "Configuration drift detected on Web 1 &lt;!here&gt;",
		Fallback: "Configuration drift detected on Web 1 &lt;!here&gt;",
		Link:     "https://drift.example.com/machines/web1/packs/base",
		Text: strings.Join([]string{
			"*Machine:* Web 1 &lt;!here&gt; (web1)",
			"*Pack:* base",
			"*Mismatches:* 2",
			"*Cause:* machine_changed",
			"```",
			"wrong_permissions /etc/ssh/sshd_config: 0600 → 0644",
			"wrong_setting EDITOR: vim → '''&lt;!channel&gt; &amp;",
			"```",
			"<https://drift.example.com/machines/web1/packs/base|Show what differs>",
		}, "\n"),
	}, message)

	resolve, ok := rules.Judge(drift, result(drift.Verdict.At.Add(time.Second)), params(), time.Now())
	require.True(t, ok)
	send(t, server, resolve)
	message = slack(t, inbox, 2)
	assert.Equal(t, "good", message.Color)
	assert.Equal(t, "Resolved: Configuration drift detected on Web 1 &lt;!here&gt;", message.Title)
	assert.Equal(t, "https://drift.example.com/machines/web1/packs/base", message.Link)
	assert.Equal(t, strings.Join([]string{
		"*Machine:* Web 1 &lt;!here&gt; (web1)",
		"*Pack:* base",
		"*Resolved:* compliant",
		"<https://drift.example.com/machines/web1/packs/base|Show the machine>",
	}, "\n"), message.Text)
}

func TestPacksOfAMachineAreMessagesOfTheirOwn(t *testing.T) {
	inbox := testalertmanager.NewInbox(t)
	server := testalertmanager.Start(t, testalertmanager.Shipped(t, inbox.URL))
	base, web := judged(t), judged(t)
	web.Alert.Labels["pack"] = "web"
	send(t, server, base)
	slack(t, inbox, 1)
	send(t, server, web)
	assert.Contains(t, slack(t, inbox, 2).Text, "*Pack:* web\n")
}

func TestOtherAlertsDoNotGoToSlack(t *testing.T) {
	inbox := testalertmanager.NewInbox(t)
	server := testalertmanager.Start(t, testalertmanager.Shipped(t, inbox.URL))
	other := judged(t)
	other.Alert.Labels["alertname"] = "SomethingElse"
	send(t, server, other)
	send(t, server, judged(t))
	slack(t, inbox, 1)
	require.Len(t, server.Alerts(), 2)
	for _, message := range inbox.SlackMessages() {
		assert.Contains(t, message.Title, "Configuration drift detected")
	}
}

func params() rules.AlertParams {
	return rules.AlertParams{
		DisplayName: "Web 1 <!here>", DiffURL: "https://drift.example.com/machines/web1/packs/base",
		ValidUntil: time.Now().Add(time.Hour),
	}
}

// judged is a pair that was compliant and has drifted, as the rules make it.
func judged(t *testing.T) *state.Record {
	t.Helper()
	before := time.Now().Add(-time.Minute)
	rec, ok := rules.Judge(nil, result(before), params(), before)
	require.True(t, ok)
	rec, ok = rules.Judge(rec, result(before.Add(time.Second),
		state.Mismatch{Type: "wrong_permissions", Kind: "file", Item: "/etc/ssh/sshd_config", Expected: "0600", Actual: "0644"},
		state.Mismatch{Type: "wrong_setting", Kind: "env_var", Item: "EDITOR", Expected: "vim", Actual: "```<!channel> &"},
	), params(), before)
	require.True(t, ok)
	return rec
}

func result(at time.Time, mismatches ...state.Mismatch) state.Result {
	r := state.Result{
		Key: state.Key{Machine: "web1", Pack: "base"}, Run: state.RunID(at), Status: state.Compliant, At: at, Mismatches: mismatches,
	}
	if len(mismatches) > 0 {
		r.Status = state.Drifted
	}
	return r
}

func send(t *testing.T, server *testalertmanager.Server, rec *state.Record) {
	t.Helper()
	endsAt := rec.Alert.ResolvedAt
	if rec.Alert.Firing() {
		endsAt = time.Now().Add(time.Hour)
	}
	_, err := server.Client().Alert.PostAlerts(alert.NewPostAlertsParams().WithAlerts(models.PostableAlerts{{
		Alert:       models.Alert{Labels: rec.Alert.Labels},
		Annotations: rec.Alert.Annotations, StartsAt: strfmt.DateTime(rec.Alert.StartsAt), EndsAt: strfmt.DateTime(endsAt),
	}}))
	require.NoError(t, err)
}

// slack waits for the nth message.
func slack(t *testing.T, inbox *testalertmanager.Inbox, n int) testalertmanager.SlackMessage {
	t.Helper()
	require.Eventually(t, func() bool { return len(inbox.SlackMessages()) >= n }, 30*time.Second, 20*time.Millisecond)
	messages := inbox.SlackMessages()
	require.Len(t, messages, n)
	return messages[n-1]
}
