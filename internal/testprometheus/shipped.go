package testprometheus

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// Shipped is the configuration in deploy/prometheus, which an operator would run, with that Alertmanager (host:port),
// these exporters as targets, and the rules of this repository. Only the places of its files and its intervals are
// others.
func Shipped(t testing.TB, alertmanager string, exporterURLs ...string) string {
	t.Helper()
	repository := testenv.Repository(t)
	text, err := os.ReadFile(filepath.Join(repository, "deploy", "prometheus", "prometheus.yml"))
	require.NoError(t, err)
	targets := filepath.Join(t.TempDir(), "drift_exporter.yml")
	var list strings.Builder
	for _, url := range exporterURLs {
		list.WriteString("- targets: ['" + strings.TrimPrefix(url, "http://") + "']\n")
	}
	require.NoError(t, os.WriteFile(targets, []byte(list.String()), 0o600))
	for before, after := range map[string]string{
		`targets/drift_exporter\.yml`:        targets,
		`- rules/drift_exporter\.rules\.yml`: "- " + filepath.Join(repository, "rules", "prometheus", "drift_exporter.rules.yml"),
		`localhost:9093`:                     alertmanager,
		`scrape_interval: \S+`:               "scrape_interval: 1s",
		`evaluation_interval: \S+`:           "evaluation_interval: 1s",
	} {
		pattern := regexp.MustCompile(before)
		require.Len(t, pattern.FindAll(text, -1), 1, before)
		text = pattern.ReplaceAll(text, []byte(after))
	}
	return string(text)
}
