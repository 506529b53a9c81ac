package testalertmanager

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// Shipped is the configuration in deploy/alertmanager, which an operator would run, with Slack at the given URL. Only
// the places of its files and its waiting times are others.
func Shipped(t testing.TB, slackURL string) string {
	t.Helper()
	dir := filepath.Join(testenv.Repository(t), "deploy", "alertmanager")
	text, err := os.ReadFile(filepath.Join(dir, "alertmanager.yml"))
	require.NoError(t, err)
	urlFile := filepath.Join(t.TempDir(), "slack_url")
	require.NoError(t, os.WriteFile(urlFile, []byte(slackURL), 0o600))
	for before, after := range map[string]string{
		`config_drift\.tmpl`:          filepath.Join(dir, "config_drift.tmpl"),
		`/etc/alertmanager/slack_url`: urlFile,
		`group_wait: \S+`:             "group_wait: 10ms",
		`group_interval: \S+`:         "group_interval: 10ms",
	} {
		pattern := regexp.MustCompile(before)
		require.Len(t, pattern.FindAll(text, -1), 1, before)
		text = pattern.ReplaceAll(text, []byte(after))
	}
	return string(text)
}
