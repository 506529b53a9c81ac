package exporter

import (
	"os"
	"os/exec"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

const metricsDoc = "../docs/metrics.md"

// docRow is a metric in a table of docs/metrics.md: name, labels.
var docRow = regexp.MustCompile("(?m)^\\| `(drift_[a-z_]+)` \\|([^|]*)\\|")

// The section "State" lists exactly what is shown of the state, with its labels.
func TestStateMetricsAreDocumented(t *testing.T) {
	doc, err := os.ReadFile(metricsDoc)
	require.NoError(t, err)
	_, section, ok := strings.Cut(string(doc), "\n## State\n")
	require.True(t, ok)
	section, _, ok = strings.Cut(section, "\n## ")
	require.True(t, ok)
	documented := map[string][]string{}
	for _, row := range docRow.FindAllStringSubmatch(section, -1) {
		labels := strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' || r == ' ' })
		slices.Sort(labels)
		documented[row[1]] = labels
	}

	s := fixtureState()
	families, err := prometheus.Gatherers{newStateSeries(s, always(fixtureFleet())), &others{prometheus.NewRegistry(), s}}.Gather()
	require.NoError(t, err)
	emitted := map[string][]string{}
	for _, f := range families {
		labels := []string{}
		for _, m := range f.GetMetric() {
			for _, l := range m.GetLabel() {
				name := l.GetName()
				if strings.HasPrefix(name, "label_") {
					name = "label_*"
				}
				labels = append(labels, name)
			}
		}
		slices.Sort(labels)
		emitted[f.GetName()] = slices.Compact(labels)
	}
	assert.Equal(t, emitted, documented)
}

// Every query in the docs is PromQL, and asks only for metrics that the docs have.
func TestDocumentedQueriesParse(t *testing.T) {
	doc, err := os.ReadFile(metricsDoc)
	require.NoError(t, err)
	queries := regexp.MustCompile("(?s)```promql\n(.*?)\n```").FindAllStringSubmatch(string(doc), -1)
	require.GreaterOrEqual(t, len(queries), 8)
	known := map[string]bool{}
	for _, row := range docRow.FindAllStringSubmatch(string(doc), -1) {
		known[row[1]] = true
	}
	var rules strings.Builder
	rules.WriteString("groups:\n- name: docs\n  rules:\n")
	for _, q := range queries {
		for _, name := range regexp.MustCompile(`\bdrift_[a-z_]+`).FindAllString(q[1], -1) {
			assert.True(t, known[name], "%s is not documented", name)
		}
		rules.WriteString("  - alert: Query\n    expr: |\n      " + q[1] + "\n")
	}
	file := t.TempDir() + "/rules.yml"
	require.NoError(t, os.WriteFile(file, []byte(rules.String()), 0o600))
	out, err := exec.Command(promtool(t), "check", "rules", "--lint=none", file).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// promtool is Prometheus' own judge of names and queries.
func promtool(t *testing.T) string {
	t.Helper()
	return testenv.Program(t, "promtool", "prometheus")
}
