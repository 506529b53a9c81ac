package prometheus_test

import (
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/testdocs"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

const (
	runbooks   = "docs/runbooks.md"
	runbookURL = "https://github.com/drift-exporter/drift_exporter/blob/main/" + runbooks + "#"
)

// rule is one of a rule file: an alert or a recording.
type rule struct {
	Alert, Record, Expr string
	Labels, Annotations map[string]string
}

func TestPromtoolAcceptsTheRules(t *testing.T) {
	promtool(t, append([]string{"check", "rules", "--lint-fatal"}, files(t, "*.rules.yml")...)...)
}

func TestPromtoolCases(t *testing.T) {
	for _, file := range files(t, "tests/*.yml") {
		t.Run(filepath.Base(file), func(t *testing.T) { promtool(t, "test", "rules", file) })
	}
}

func TestEveryAlertSaysWhatItMeansAndWhatToDo(t *testing.T) {
	anchors := testdocs.Read(t, runbooks).Anchors
	var wanted []string
	for _, alert := range alerts(t) {
		t.Run(alert.name(), func(t *testing.T) {
			assert.Contains(t, []string{"critical", "warning", "info"}, alert.Labels["severity"])
			assert.NotEmpty(t, alert.Annotations["summary"])
			assert.NotEmpty(t, alert.Annotations["description"])
			anchor := strings.ToLower(alert.Alert)
			assert.Equal(t, runbookURL+anchor, alert.Annotations["runbook_url"])
			assert.Contains(t, anchors, anchor)
			wanted = append(wanted, anchor)
		})
	}
	for _, anchor := range anchors {
		if strings.HasPrefix(anchor, "drift") && anchor != "drift_exporter" {
			assert.Contains(t, wanted, anchor, "a runbook of no alert")
		}
	}
}

func TestEveryAlertHasACaseInWhichItFiresAndOneInWhichItDoesNot(t *testing.T) {
	fires, silent, evaluated := cases(t)
	for _, r := range rules(t) {
		if r.Alert == "" {
			assert.True(t, slices.ContainsFunc(evaluated, func(expr string) bool { return strings.Contains(expr, r.Record) }), r.Record)
			continue
		}
		assert.True(t, fires[r.name()], "%s never fires", r.name())
		assert.True(t, silent[r.name()], "%s always fires", r.name())
	}
}

func TestRulesAskForMetricsThatThereAre(t *testing.T) {
	known := documented(t)
	text := regexp.MustCompile(`"[^"]*"`)
	metric := regexp.MustCompile(`\bdrift_[a-z_]+`)
	for _, r := range rules(t) {
		names := metric.FindAllString(text.ReplaceAllString(r.Expr, `""`), -1)
		if r.Alert != "DriftExporterDown" {
			assert.NotEmpty(t, names, r.name())
		}
		for _, name := range names {
			assert.True(t, known[name], "%s asks for %s, which docs/metrics.md does not have", r.name(), name)
		}
	}
}

func TestEveryRuleIsInTheDocs(t *testing.T) {
	doc := page(t, "docs/rules.md")
	for _, r := range rules(t) {
		switch {
		case r.Record != "":
			assert.Contains(t, doc, "\n| `"+r.Record+"` |")
		case r.Alert != "config_drift":
			assert.Regexp(t, "\n\\| \\[`"+r.Alert+"`\\]\\(runbooks.md#"+strings.ToLower(r.Alert)+"\\) \\| [a-z, ]*"+r.Labels["severity"], doc)
		}
	}
}

// name tells alerts of one name apart.
func (r rule) name() string {
	if r.Alert == "" {
		return r.Record
	}
	return r.Alert + " " + r.Labels["severity"]
}

// rules are those of all files.
func rules(t *testing.T) []rule {
	t.Helper()
	var all []rule
	for _, file := range files(t, "*.rules.yml") {
		var content struct{ Groups []struct{ Rules []rule } }
		parse(t, file, &content)
		for _, group := range content.Groups {
			all = append(all, group.Rules...)
		}
	}
	require.NotEmpty(t, all)
	return all
}

func alerts(t *testing.T) []rule {
	t.Helper()
	return slices.DeleteFunc(rules(t), func(r rule) bool { return r.Alert == "" })
}

// cases are the alerts that fire in some case, those that do not in some, and the expressions that are evaluated.
// A case names an alert, and lists all that fire of that name.
func cases(t *testing.T) (fires, silent map[string]bool, evaluated []string) {
	t.Helper()
	fires, silent = map[string]bool{}, map[string]bool{}
	for _, file := range files(t, "tests/*.yml") {
		var content struct {
			Tests []struct {
				Alerts []struct {
					Name     string `yaml:"alertname"`
					Expected []struct {
						Labels map[string]string `yaml:"exp_labels"`
					} `yaml:"exp_alerts"`
				} `yaml:"alert_rule_test"`
				Expressions []struct{ Expr string } `yaml:"promql_expr_test"`
			}
		}
		parse(t, file, &content)
		for _, test := range content.Tests {
			for _, e := range test.Expressions {
				evaluated = append(evaluated, e.Expr)
			}
			for _, c := range test.Alerts {
				here := map[string]bool{}
				for _, e := range c.Expected {
					here[c.Name+" "+e.Labels["severity"]] = true
				}
				for _, severity := range []string{"critical", "warning", "info"} {
					name := c.Name + " " + severity
					fires[name] = fires[name] || here[name]
					silent[name] = silent[name] || !here[name]
				}
			}
		}
	}
	return fires, silent, evaluated
}

func parse(t *testing.T, file string, into any) {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	require.NoError(t, yaml.Unmarshal(text, into), file)
}

func files(t *testing.T, pattern string) []string {
	t.Helper()
	found, err := filepath.Glob(pattern)
	require.NoError(t, err)
	require.NotEmpty(t, found, pattern)
	return found
}

func promtool(t *testing.T, args ...string) {
	t.Helper()
	out, err := exec.Command(testenv.Program(t, "promtool", "prometheus"), args...).CombinedOutput()
	require.NoError(t, err, "%s", out)
}
