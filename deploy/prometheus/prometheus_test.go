// Package prometheus_test shows that the shipped Prometheus configuration loads, and scrapes the exporter.
package prometheus_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testprometheus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

func read(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(name)
	require.NoError(t, err)
	return string(text)
}

// uncommented has the examples of a file as settings: what is commented out by "# " and is YAML.
func uncommented(text string) string {
	return regexp.MustCompile(`(?m)^( *)# (- |  labels:|  \w+_file:|  username:|scheme:|tls_config:|basic_auth:|metrics_path:|alert_relabel_configs:)`).ReplaceAllString(text, "$1$2")
}

// TestPromtoolTakesTheConfiguration holds the file as it is, and as one that uses every example in it.
func TestPromtoolTakesTheConfiguration(t *testing.T) {
	promtool := testenv.Program(t, "promtool", "prometheus")
	config, targets := read(t, "prometheus.yml"), read(t, "targets/drift_exporter.yml")
	full := uncommented(config)
	for _, setting := range []string{"scheme: https", "ca_file:", "password_file:", "metrics_path:", "alert_relabel_configs:"} {
		require.Regexp(t, `(?m)^ +`+setting, full)
	}
	var groups []struct{ Targets []string }
	require.NoError(t, yaml.Unmarshal([]byte(uncommented(targets)), &groups))
	require.Len(t, groups, 4, "the examples of targets")

	for name, files := range map[string]map[string]string{
		"as shipped":    {"prometheus.yml": config, "targets/drift_exporter.yml": targets},
		"every example": {"prometheus.yml": full, "targets/drift_exporter.yml": uncommented(targets)},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			files["ca.pem"], files["password"] = "", "secret"
			files["rules/drift_exporter.rules.yml"] = "groups: []\n"
			for file, text := range files {
				text = strings.NewReplacer("/etc/prometheus/drift_exporter_ca.pem", "ca.pem", "/etc/prometheus/drift_exporter_password", "password").Replace(text)
				require.NoError(t, os.MkdirAll(filepath.Dir(filepath.Join(dir, file)), 0o755))
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), []byte(text), 0o600))
			}
			out, err := exec.Command(promtool, "check", "config", filepath.Join(dir, "prometheus.yml")).CombinedOutput()
			require.NoError(t, err, string(out))
			assert.NotContains(t, string(out), "WARN", string(out))
		})
	}
}

func TestPrometheusScrapesTheExporterByTheConfiguration(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, os.WriteFile(filepath.Join(dir, "config.yaml"), []byte("packs_dir: packs\nmachines: [{name: here, transport: local, packs: [base]}]\n"), 0o600))
	require.NoError(t, os.Mkdir(filepath.Join(dir, "packs"), 0o755))
	require.NoError(t, os.WriteFile(filepath.Join(dir, "packs", "base.yaml"), []byte("items: {files: [{path: /, type: directory}]}\n"), 0o600))
	exporter := testexporter.Start(t, filepath.Join(dir, "config.yaml"), filepath.Join(dir, "data"))

	server := testprometheus.Start(t, testprometheus.Shipped(t, "127.0.0.1:9", exporter.URL))
	found := server.Eventually(`drift_compliant{job="drift_exporter"} == 1`)
	assert.Equal(t, "here", string(found[0].Metric["machine"]))
	assert.Equal(t, "base", string(found[0].Metric["pack"]))
	assert.NotContains(t, found[0].Metric, "exported_machine", "no label of the exporter's collides with one of the target's")

	targets, err := server.API().Targets(t.Context())
	require.NoError(t, err)
	require.Len(t, targets.Active, 1)
	assert.Equal(t, v1.HealthGood, targets.Active[0].Health, targets.Active[0].LastError)
	managers, err := server.API().AlertManagers(t.Context())
	require.NoError(t, err)
	require.Len(t, managers.Active, 1)
	assert.Contains(t, managers.Active[0].URL, "127.0.0.1:9/")
}
