package alertmanager_test

import (
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/deploy/alertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
)

func TestInstallChangesPathsAndTimesOnly(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "$1 and more") // no place for a path to be taken for a pattern
	require.NoError(t, os.Mkdir(dir, 0o700))
	file, err := alertmanager.Install(dir, alertmanager.Options{SlackURL: "http://127.0.0.1/hook", Waiting: 20 * time.Millisecond})
	require.NoError(t, err)
	installed, err := os.ReadFile(file)
	require.NoError(t, err)
	shipped, err := os.ReadFile("alertmanager.yml")
	require.NoError(t, err)

	before, after := strings.Split(string(shipped), "\n"), strings.Split(string(installed), "\n")
	require.Len(t, after, len(before))
	changed := map[string]int{}
	for i := range before {
		if before[i] != after[i] {
			key, _, _ := strings.Cut(strings.TrimLeft(before[i], " -"), ":")
			changed[key]++
		}
	}
	assert.Equal(t, map[string]int{"templates": 1, "api_url_file": 2, "group_wait": 2, "group_interval": 2}, changed)
	testalertmanager.Amtool(t, "check-config", file)

	text, err := os.ReadFile(filepath.Join(dir, "slack_url"))
	require.NoError(t, err)
	assert.Equal(t, "http://127.0.0.1/hook\n", string(text))
	info, err := os.Stat(filepath.Join(dir, "slack_url"))
	require.NoError(t, err)
	assert.Equal(t, os.FileMode(0o600), info.Mode().Perm(), "the URL is a secret")
}

func TestInstallLeavesTheTimes(t *testing.T) {
	file, err := alertmanager.Install(t.TempDir(), alertmanager.Options{SlackURL: "http://127.0.0.1/hook"})
	require.NoError(t, err)
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	assert.Contains(t, string(text), "group_wait: 10s")

	_, err = alertmanager.Install(filepath.Join(t.TempDir(), "missing"), alertmanager.Options{})
	assert.Error(t, err)
}

func TestTheShippedConfigurationIsValid(t *testing.T) {
	out := testalertmanager.Amtool(t, "check-config", "alertmanager.yml")
	for _, found := range []string{"SUCCESS", "1 inhibit rules", "3 receivers", "2 templates"} {
		assert.Contains(t, out, found)
	}
}

func TestTheShippedRoutes(t *testing.T) {
	for labels, receiver := range map[string]string{
		"alertname=config_drift machine=web1 pack=base severity=warning":     "slack",
		"alertname=DriftExporterDown severity=critical":                      "slack_rules",
		"alertname=DriftMachineUnreachable machine=web1 severity=warning":    "slack_rules",
		"alertname=DriftWaiverExpiring machine=web1 pack=base severity=info": "slack_rules",
		"alertname=InstanceDown machine=web1 job=drift_exporter":             "default",
		"alertname=Driftwood": "default",
		"alertname=config_drift_elsewhere machine=web1 pack=base severity=no": "default",
	} {
		args := append([]string{"config", "routes", "test", "--config.file=alertmanager.yml"}, strings.Fields(labels)...)
		assert.Equal(t, receiver, strings.TrimSpace(testalertmanager.Amtool(t, args...)), labels)
	}
}

// Every alert of the rules has a way to Slack.
func TestTheShippedRulesAreRouted(t *testing.T) {
	rules, err := os.ReadFile("../../rules/prometheus/drift_exporter.rules.yml")
	require.NoError(t, err)
	names := map[string]bool{}
	for _, match := range regexp.MustCompile(`(?m)- alert: (\S+)$`).FindAllStringSubmatch(string(rules), -1) {
		names[match[1]] = true
	}
	require.Contains(t, names, "DriftExporterDown", "which the inhibition is by")
	for name := range names {
		args := []string{"config", "routes", "test", "--config.file=alertmanager.yml", "--verify.receivers=slack_rules", "alertname=" + name}
		testalertmanager.Amtool(t, args...)
	}
}
