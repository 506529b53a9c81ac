package alertmanager_test

import (
	"os"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/rules"
)

// blocks are the code blocks of docs/alerts.md in a language.
func blocks(t *testing.T, language string) []string {
	t.Helper()
	text, err := os.ReadFile("../../docs/alerts.md")
	require.NoError(t, err)
	var found []string
	for _, match := range regexp.MustCompile("(?s)\n```(\\w*)\n(.*?)\n```\n").FindAllStringSubmatch(string(text), -1) {
		if match[1] == language {
			found = append(found, match[2])
		}
	}
	return found
}

func TestTheDocumentedMessagesAreWhatSlackShows(t *testing.T) {
	inbox := testalertmanager.NewInbox(t)
	server := testalertmanager.Start(t, testalertmanager.Shipped(t, inbox.URL))
	p := params()
	p.DisplayName = "Web 1"
	before := time.Now().Add(-time.Minute)
	var rec *state.Record
	for i, mismatches := range [][]state.Mismatch{nil, {
		{Type: "wrong_permissions", Kind: "file", Item: "/etc/ssh/sshd_config", Expected: "0600", Actual: "0644"},
		{Type: "missing_package", Kind: "package", Item: "curl", Expected: "installed", Actual: "absent"},
	}, nil} {
		next, ok := rules.Judge(rec, result(before.Add(time.Duration(i)*time.Second), mismatches...), p, time.Now())
		require.True(t, ok)
		rec = next
		if rec.Alert == nil {
			continue
		}
		send(t, server, rec)
		message := slack(t, inbox, i)
		assert.Contains(t, blocks(t, "text"), message.Title+"\n"+rendered(message.Text))
	}
}

// rendered is a Slack text as it shows, as far as the templates go: bold, links, blocks of code.
func rendered(text string) string {
	text = regexp.MustCompile(`<[^|>]*\|([^>]*)>`).ReplaceAllString(text, "$1")
	return strings.NewReplacer("*", "", "```", "").Replace(text)
}

func TestTheDocumentedRoutingLoads(t *testing.T) {
	examples := blocks(t, "yaml")
	require.NotEmpty(t, examples)
	for _, example := range examples {
		testalertmanager.Start(t, example)
	}
}
