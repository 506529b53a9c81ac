package main

import (
	"fmt"
	"maps"
	"net"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/common/expfmt"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// The tables of docs/metrics.md have every series of the program and its labels, and no other: alerts and dashboards
// are written by them. It runs while a run is on and after, as some series are there only then.
func TestMetricsAreThoseOfTheDocs(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	w := newWorkspace(t)
	w.write("motd", "changed\n")
	w.write("config.yaml", fmt.Sprintf(`
check: {timeout: 3s, retries: 0}
alerting: {alertmanagers: [{url: "http://127.0.0.1:1"}]}
machines:
  - name: here
    transport: local
    packs: [base]
    labels: {env: prod}
    waivers: [{pack: base, kind: file, item: %s, reason: for the test, expires: 2999-12-31}]
  - {name: silent, address: 127.0.0.1, packs: [base], ssh: {user: nobody, port: %d}}
`, w.path("motd"), silent.Addr().(*net.TCPAddr).Port))
	p := startServe(t, w.path("config.yaml"), w.path("data"))

	want, shown := documentedMetrics(t), map[string][]string{}
	maps.DeleteFunc(want, func(name string, _ []string) bool { return strings.HasPrefix(name, clusterMetricPrefix) })
	p.Eventually("all metrics of the docs", func() bool {
		addMetrics(t, shown, p.Get("/metrics"))
		return len(shown) >= len(want) && p.Metric("drift_last_run_success") == "1"
	})
	addMetrics(t, shown, p.Get("/metrics"))
	assert.Equal(t, want, shown)
	p.Terminate()
}

const clusterMetricPrefix = "drift_cluster_"

func TestMetricsOfAClusterAreThoseOfTheDocs(t *testing.T) {
	want := documentedMetrics(t)
	maps.DeleteFunc(want, func(name string, _ []string) bool { return !strings.HasPrefix(name, clusterMetricPrefix) })
	registry := prometheus.NewPedanticRegistry()
	registry.MustRegister(newClusterMetrics(newTestDaemon(t, newWorkspace(t))))
	families, err := registry.Gather()
	require.NoError(t, err)
	var scrape strings.Builder
	for _, family := range families {
		_, err := expfmt.MetricFamilyToText(&scrape, family)
		require.NoError(t, err)
	}
	shown := map[string][]string{}
	addMetrics(t, shown, scrape.String())
	assert.Equal(t, want, shown)
}

// documentedMetrics are the labels of each metric in the tables.
func documentedMetrics(t *testing.T) map[string][]string {
	t.Helper()
	doc, err := os.ReadFile("../../docs/metrics.md")
	require.NoError(t, err)
	metrics := map[string][]string{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(drift_[a-z_]+)` \\|([^|]*)\\|").FindAllStringSubmatch(string(doc), -1) {
		metrics[row[1]] = buildLabels(row[1], strings.FieldsFunc(row[2], func(r rune) bool { return r == ',' || r == ' ' }))
	}
	return metrics
}

// addMetrics adds what a scrape shows.
func addMetrics(t *testing.T, metrics map[string][]string, scrape string) {
	t.Helper()
	parser := expfmt.NewTextParser(model.UTF8Validation)
	families, err := parser.TextToMetricFamilies(strings.NewReader(scrape))
	require.NoError(t, err)
	for name, family := range families {
		if !strings.HasPrefix(name, "drift_") {
			continue
		}
		labels := metrics[name]
		for _, m := range family.GetMetric() {
			for _, l := range m.GetLabel() {
				label := l.GetName()
				if strings.HasPrefix(label, "label_") {
					label = "label_*"
				}
				labels = append(labels, label)
			}
		}
		metrics[name] = buildLabels(name, labels)
	}
}

// buildLabels are labels in order. Those of the build are the library's, and too many to list.
func buildLabels(name string, labels []string) []string {
	if name == "drift_exporter_build_info" {
		return nil
	}
	slices.Sort(labels)
	return append([]string{}, slices.Compact(labels)...)
}
