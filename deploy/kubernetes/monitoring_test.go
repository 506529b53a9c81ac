package kubernetes_test

import (
	"encoding/json"
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// ruleHeader is what makes an object of the rules.
const ruleHeader = `# Made of rules/prometheus/drift_exporter.rules.yml: make manifests
apiVersion: monitoring.coreos.com/v1
kind: PrometheusRule
metadata:
  name: drift-exporter
  labels:
    app.kubernetes.io/name: drift-exporter
    app.kubernetes.io/part-of: drift-exporter
spec:
`

// The rules in Kubernetes are the rules. UPDATE_MANIFESTS=1 writes them anew.
func TestManifestOfTheRulesIsThoseRules(t *testing.T) {
	const file = "components/prometheus-operator/prometheusrule.yaml"
	rules, err := os.ReadFile(filepath.Join(testenv.Repository(t), "rules", "prometheus", "drift_exporter.rules.yml"))
	require.NoError(t, err)
	want := ruleHeader + regexp.MustCompile(`(?m)^(.)`).ReplaceAllString(string(rules), "  $1")
	if os.Getenv("UPDATE_MANIFESTS") != "" {
		require.NoError(t, os.WriteFile(file, []byte(want), 0o644)) //nolint:gosec // a file of the repository
	}
	got, err := os.ReadFile(file)
	require.NoError(t, err)
	require.Equal(t, want, string(got), "run make manifests")

	rule := one(t, build(t, "overlays/example"), "PrometheusRule", "drift-exporter")
	assert.NotEmpty(t, rule.list("spec", "groups"))
}

func TestGrafanasSidecarFindsTheDashboard(t *testing.T) {
	dashboard := one(t, build(t, "overlays/example"), "ConfigMap", "drift-exporter-dashboard")
	assert.Equal(t, "1", dashboard.text("metadata", "labels", "grafana_dashboard"))
	var panels struct{ Panels []any }
	require.NoError(t, json.Unmarshal([]byte(dashboard.text("data", "drift_exporter.json")), &panels))
	assert.NotEmpty(t, panels.Panels)
}
