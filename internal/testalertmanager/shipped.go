package testalertmanager

import (
	"os"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/deploy/alertmanager"
)

// Shipped is the configuration in deploy/alertmanager, which an operator would run, with Slack at the given URL. Only
// the places of its files and its waiting times are others.
func Shipped(t testing.TB, slackURL string) string {
	t.Helper()
	file, err := alertmanager.Install(t.TempDir(), alertmanager.Options{SlackURL: slackURL, Waiting: 10 * time.Millisecond})
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return string(text)
}
