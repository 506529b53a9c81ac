package kubernetes_test

import (
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testdocs"
)

func TestEveryReplicaIsScrapedOnceAndWithTheSameLabels(t *testing.T) {
	objects := build(t, "overlays/clustered")
	containers, monitors := map[string]bool{}, map[string]int{} // a label of the target, which the rules do not take away
	for _, monitor := range objects {
		assert.NotEqual(t, "ServiceMonitor", monitor.kind(), "who is scraped through that as well counts twice")
		if monitor.kind() != "PodMonitor" {
			continue
		}
		endpoint := object(monitor.at("spec", "podMetricsEndpoints", 0).(map[string]any))
		assert.Equal(t, "drift_exporter", endpoint.text("relabelings", 0, "replacement"))
		for _, o := range workloads(objects) {
			if selects(t, object(monitor.at("spec", "selector").(map[string]any)), podLabels(o)) {
				monitors[o.name()]++
				container := object(o.at("spec", "template", "spec", "containers", 0).(map[string]any))
				containers[container.text("name")] = true
				assert.Equal(t, endpoint.text("port"), container.text("ports", 0, "name"))
			}
		}
	}
	assert.Equal(t, map[string]int{"drift-exporter": 1, "drift-exporter-worker": 1, "drift-exporter-worker-dmz": 1}, monitors)
	assert.Len(t, containers, 1)
}

// selects is what Kubernetes makes of a selector, as far as it is used here.
func selects(t *testing.T, selector object, labels map[string]any) bool {
	t.Helper()
	match, _ := selector.at("matchLabels").(map[string]any)
	if !contains(labels, match) {
		return false
	}
	for _, e := range selector.list("matchExpressions") {
		require.Equal(t, "NotIn", e.text("operator"))
		if slices.Contains(e.at("values").([]any), labels[e.text("key")]) {
			return false
		}
	}
	return true
}

// What is dropped of workers is what docs/metrics.md says of machines and pairs, and nothing of what each process has of
// its own.
func TestOfWorkersOnlyTheirOwnMetricsAreKept(t *testing.T) {
	monitor := one(t, build(t, "overlays/clustered"), "PodMonitor", "drift-exporter-worker")
	rule := object(monitor.at("spec", "podMetricsEndpoints", 0, "metricRelabelings", 0).(map[string]any))
	require.Equal(t, "drop", rule.text("action"))
	dropped := regexp.MustCompile("^(?:" + rule.text("regex") + ")$")
	section, rows := "", 0
	for _, line := range testdocs.Read(t, "docs/metrics.md").Lines {
		if strings.HasPrefix(line, "## ") {
			section = line
		}
		row := regexp.MustCompile("^\\| `(drift_\\w+)` \\| (.*?) ?\\|").FindStringSubmatch(line)
		if row == nil {
			continue
		}
		rows++
		of := section == "## State" && strings.HasPrefix(row[2], "machine")
		assert.Equal(t, of, dropped.MatchString(row[1]), row[1])
	}
	assert.Greater(t, rows, 20)
}
