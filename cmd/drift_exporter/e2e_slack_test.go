package main

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
)

// heard returns the messages to Slack that contain all of the words, in any of their fields.
func (f *fleet) heard(words ...string) []testalertmanager.SlackMessage {
	var found []testalertmanager.SlackMessage
	for _, m := range f.slack.SlackMessages() {
		text := strings.Join([]string{m.Title, m.Text, m.Link, m.Fallback}, "\n")
		all := true
		for _, word := range words {
			all = all && strings.Contains(text, word)
		}
		if all {
			found = append(found, m)
		}
	}
	return found
}

// alertmanagerConfig is the configuration we ship, pointed at the stand-in and made impatient: only the waiting
// times and the places of files differ from what an operator would run.
func alertmanagerConfig(t *testing.T, slackURL string) string {
	t.Helper()
	shipped, err := filepath.Abs(filepath.Join("..", "..", "deploy", "alertmanager"))
	require.NoError(t, err)
	text, err := os.ReadFile(filepath.Join(shipped, "alertmanager.yml"))
	require.NoError(t, err)
	urlFile := filepath.Join(t.TempDir(), "slack_url")
	require.NoError(t, os.WriteFile(urlFile, []byte(slackURL), 0o600))
	for before, after := range map[string]string{
		`config_drift\.tmpl`:          filepath.Join(shipped, "config_drift.tmpl"),
		`/etc/alertmanager/slack_url`: urlFile,
		`group_wait: \S+`:             "group_wait: 100ms",
		`group_interval: \S+`:         "group_interval: 300ms",
	} {
		pattern := regexp.MustCompile(before)
		require.Len(t, pattern.FindAll(text, -1), 1, before)
		text = pattern.ReplaceAll(text, []byte(after))
	}
	return string(text)
}
