package alertmanager_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"
	"unicode/utf8"

	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
)

func TestTextsOfMachinesAreShownAsTheyAre(t *testing.T) {
	w := start(t)
	base := newPair(t, "base")
	base.params.DisplayName = "Web 1 <!here>\n*&amp;* `x`"
	rec := base.found(
		state.Mismatch{Type: "wrong_setting", Kind: "env_var", Item: "EDITOR", Expected: "vim", Actual: "```<!channel> &\n</b>"},
		state.Mismatch{Type: "missing_file", Kind: "file", Item: "/tmp/<https://evil.example.org|a>", Expected: "present", Actual: "\u202eabsent\x1b[2J"},
	)
	w.send(rec)
	w.golden(1, "hostile")
	harmless(t, w.message(1))
}

// Whoever posts to Alertmanager may post anything as config_drift.
func TestNothingMakesAMessageLongOrBroken(t *testing.T) {
	for name, text := range map[string]string{
		"escapes": strings.Repeat("&", 2_000), "escapes at another place": "x" + strings.Repeat("<>", 2_000),
		"backticks": strings.Repeat("```", 2_000), "many bytes a character": strings.Repeat("→", 2_000),
		"lines": strings.Repeat("a\n", 2_000), "nothing": "", "an ellipsis": strings.Repeat("a", 399) + "&…",
		"addresses": "https://drift.example.org/" + strings.Repeat("a", 373), "long addresses": "https://drift.example.org/" + strings.Repeat("a", 2_000),
	} {
		t.Run(name, func(t *testing.T) {
			w := start(t)
			for _, alertname := range []string{"config_drift", "DriftCheckFailing"} {
				alerts := make([]*models.PostableAlert, 0, 24)
				for i := range 24 {
					alerts = append(alerts, hostile(alertname, text, i))
				}
				w.post(alerts...)
			}
			told := func(words string) func() bool {
				return func() bool {
					return slices.ContainsFunc(w.inbox.SlackMessages(), func(m testalertmanager.SlackMessage) bool { return strings.Contains(m.Text, words) })
				}
			}
			require.Eventually(t, told("… and 6 more that drifted\n"), 30*time.Second, 20*time.Millisecond)
			require.Eventually(t, told("*Firing (12):*"), 30*time.Second, 20*time.Millisecond)
			for _, message := range w.inbox.SlackMessages() {
				harmless(t, message)
			}
		})
	}
}

// hostile is an alert all of whose texts are that text; every other one has ended.
func hostile(alertname, text string, i int) *models.PostableAlert {
	ends := time.Now().Add(time.Hour)
	if i%2 == 1 {
		ends = time.Now().Add(-time.Second)
	}
	a := &models.PostableAlert{
		Alert: models.Alert{Labels: models.LabelSet{
			"alertname": alertname, "severity": "warning", "machine": "web1", "pack": fmt.Sprintf("%02d%s", i, text),
		}},
		Annotations: models.LabelSet{},
		StartsAt:    strfmt.DateTime(time.Now().Add(-time.Minute)), EndsAt: strfmt.DateTime(ends),
	}
	for _, annotation := range []string{"summary", "description", "machine_name", "mismatch_count", "mismatches", "diff_url", "cause", "resolved_reason", "runbook_url"} {
		a.Annotations[annotation] = text
	}
	return a
}

var (
	links   = regexp.MustCompile(`<https://(drift\.example\.org|github\.com)/[^<>|]*\|(Show what differs|Show the pack|What to do)>`)
	escapes = regexp.MustCompile(`&(amp|lt|gt);`)
)

// harmless is a message within bounds, without a link or mention of foreign make, without half an escape, and with
// every block of code closed.
func harmless(t *testing.T, message testalertmanager.SlackMessage) {
	t.Helper()
	assert.LessOrEqual(t, utf8.RuneCountInString(message.Title), 250)
	assert.LessOrEqual(t, utf8.RuneCountInString(message.Fallback), 700)
	assert.LessOrEqual(t, utf8.RuneCountInString(message.Text), 8000)
	texts := []string{message.Title, message.Fallback, message.Text}
	for _, field := range message.Fields {
		assert.LessOrEqual(t, utf8.RuneCountInString(field.Value), 500)
		texts = append(texts, field.Value)
	}
	for _, text := range texts {
		text = links.ReplaceAllString(text, "")
		assert.NotRegexp(t, `[<>]`, text)
		assert.NotContains(t, escapes.ReplaceAllString(text, ""), "&")
	}
	assert.Zero(t, strings.Count(message.Text, "```")%2, "a block of code is open:\n%s", message.Text)
	assert.Regexp(t, `^$|^https://`, message.Link)
}
