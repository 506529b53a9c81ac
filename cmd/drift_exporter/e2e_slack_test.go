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
// times and Slack's address differ from what an operator would run.
func alertmanagerConfig(t *testing.T, slackURL string) string {
	t.Helper()
	shipped, err := os.ReadFile(filepath.Join("..", "..", "deploy", "alertmanager", "alertmanager.yml"))
	require.NoError(t, err)
	urlFile := filepath.Join(t.TempDir(), "slack-url")
	require.NoError(t, os.WriteFile(urlFile, []byte(slackURL), 0o600))
	text := string(shipped)
	for _, change := range []struct{ pattern, with string }{
		{`api_url_file:.*`, "api_url_file: " + urlFile},
		{`group_wait:.*`, "group_wait: 100ms"},
		{`group_interval:.*`, "group_interval: 300ms"},
	} {
		re := regexp.MustCompile(change.pattern)
		require.Regexp(t, re, text, "the shipped configuration has no such setting")
		text = re.ReplaceAllString(text, change.with)
	}
	return text
}
