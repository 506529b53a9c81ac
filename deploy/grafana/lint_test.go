package grafana_test

import (
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/model/labels"
	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

// These tests hold what Grafana's dashboard-linter demands, by its documented rules, but for those that the file .lint
// beside the dashboard excludes. The linter itself is not run.

func TestVariablesFollowTheRules(t *testing.T) {
	d := load(t)
	assert.False(t, d.Editable, "the file is the dashboard")
	byName := map[string]variable{}
	for _, v := range d.Templating.List {
		byName[v.Name] = v
		switch v.Type {
		case "datasource":
			assert.Equal(t, "datasource", v.Name)
			assert.Equal(t, "Data source", v.Label)
			assert.JSONEq(t, `"prometheus"`, string(v.Query))
		case "query":
			assert.Equal(t, v.Name, v.Label)
			assert.Equal(t, datasource{"prometheus", "${datasource}"}, v.Datasource, v.Name)
			assert.True(t, v.Multi && v.IncludeAll, v.Name)
			assert.Equal(t, 2, v.Refresh, "%s: read again when the time range changes", v.Name)
			selector, _ := v.labelValues(t)
			assert.Equal(t, v.Name != "job", strings.Contains(selector, `job=~"$job"`), v.Name)
			parse(t, d, selector)
		}
	}
	for _, name := range []string{"datasource", "external_url", "job", "environment", "pack", "machine"} {
		require.Contains(t, byName, name)
	}
	assert.Equal(t, "constant", byName["external_url"].Type, "one that a link to the dashboard could set would lead anywhere")
	assert.Equal(t, ".+", byName["job"].AllValue)
	assert.Equal(t, ".*", byName["environment"].AllValue, "a machine may have no label env")
}

func TestPanelsFollowTheRules(t *testing.T) {
	d := load(t)
	// Those of Grafana's units that are used.
	units := []string{"short", "none", "percentunit", "s", "bytes", "dateTimeFromNow", "dateTimeAsIso"}
	for _, p := range d.Panels {
		assert.NotEmpty(t, p.Title)
		if p.Type == "row" {
			continue
		}
		assert.NotEmpty(t, p.Description, p.Title)
		assert.NotEmpty(t, p.Targets, p.Title)
		assert.Contains(t, units, p.FieldConfig.Defaults.Unit, p.Title)
		assert.Equal(t, datasource{"prometheus", "${datasource}"}, p.Datasource, p.Title)
		for _, q := range p.Targets {
			assert.Equal(t, datasource{"prometheus", "${datasource}"}, q.Datasource, p.Title)
			assert.NotEmpty(t, q.LegendFormat, p.Title)
		}
	}
}

func TestQueriesFollowTheRules(t *testing.T) {
	d := load(t)
	d.each(t, func(t *testing.T, p panel, q target) {
		assert.Empty(t, unfiltered(t, d, q.Expr))
		parser.Inspect(parse(t, d, q.Expr), func(node parser.Node, path []parser.Node) error {
			selector, ok := node.(*parser.VectorSelector)
			if !ok {
				return nil
			}
			counter := strings.HasSuffix(selector.Name, "_total") || strings.HasSuffix(selector.Name, "_bucket")
			if !counter {
				return nil
			}
			require.GreaterOrEqual(t, len(path), 2)
			call, ok := path[len(path)-2].(*parser.Call)
			require.True(t, ok, "%s is a counter", selector.Name)
			assert.Contains(t, []string{"rate", "increase"}, call.Func.Name)
			return nil
		})
		// The parser knows no variables: each range in the text must be this one, but where the job is known to be ours.
		others := strings.ReplaceAll(q.Expr, `last_over_time(drift_exporter_build_info{job=~"$job"}[1d])`, "")
		assert.Equal(t, strings.Count(others, "["), strings.Count(others, "[$__rate_interval]"))
	})
}

// unfiltered is the metrics in an expression that are selected without a filter that they could have: by job, and where
// the variables are used at all, by machine, pack or environment for the metrics with these labels.
func unfiltered(t *testing.T, d dashboard, expression string) (problems []string) {
	t.Helper()
	parser.Inspect(parse(t, d, expression), func(node parser.Node, _ []parser.Node) error {
		selector, ok := node.(*parser.VectorSelector)
		if !ok {
			return nil
		}
		want := []string{"job"}
		switch {
		case selector.Name == "drift_machine_labels":
			want = append(want, "label_env")
		case slices.Contains(ofPairs, selector.Name):
			want = append(want, "machine", "pack")
		case slices.Contains(ofMachines, selector.Name):
			want = append(want, "machine")
		}
		for _, label := range want {
			if !filters(selector, label) {
				problems = append(problems, selector.Name+" by "+label)
			}
		}
		return nil
	})
	return problems
}

func filters(selector *parser.VectorSelector, label string) bool {
	return slices.ContainsFunc(selector.LabelMatchers, func(m *labels.Matcher) bool {
		return m.Name == label && m.Type == labels.MatchRegexp
	})
}

func TestUnfilteredMetricsAreFound(t *testing.T) {
	d := load(t)
	assert.Equal(t, []string{"drift_compliant by machine", "drift_machine_labels by label_env"},
		unfiltered(t, d, `max(drift_compliant{job=~"$job", machine="a", pack=~"$pack"}) and drift_machine_labels{job=~"$job"}`))
}

var (
	ofPairs = []string{
		"drift_compliant", "drift_mismatches", "drift_check_success", "drift_last_check_timestamp_seconds", "drift_alert_firing",
		"drift_waiver_expiry_timestamp_seconds", "drift_consecutive_failures",
	}
	ofMachines = []string{"drift_machine_info", "drift_check_duration_seconds", "drift_check_failures_total"}
)

func TestExclusionsFromTheLinterHaveReasons(t *testing.T) {
	text, err := os.ReadFile("dashboards/.lint")
	require.NoError(t, err)
	var lint struct {
		Exclusions map[string]struct{ Reason string }
	}
	require.NoError(t, yaml.Unmarshal(text, &lint))
	require.NotEmpty(t, lint.Exclusions)
	for rule, exclusion := range lint.Exclusions {
		assert.Contains(t, []string{"template-instance-rule", "target-instance-rule"}, rule)
		assert.NotEmpty(t, exclusion.Reason, rule)
	}
}
