// Package grafana_test shows that the shipped Grafana dashboard is whole, and that each of its queries has data where
// a real Prometheus scrapes a real exporter. Grafana itself is not run.
package grafana_test

import (
	"encoding/json"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/prometheus/prometheus/promql/parser"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// dashboard is the part of Grafana's dashboard model (the classic one, "JSON model" in its settings) that is held here.
type dashboard struct {
	UID           string
	ID            *int
	Title         string
	Editable      bool
	SchemaVersion int
	Refresh       string
	Links         []link
	Templating    struct{ List []variable }
	Panels        []panel
}

type variable struct {
	Name, Label, Type, AllValue string
	Datasource                  datasource
	Query                       json.RawMessage // of a query variable an object
	Multi, IncludeAll           bool
	Refresh                     int
}

type datasource struct{ Type, UID string }

type panel struct {
	ID                       int
	Type, Title, Description string
	Datasource               datasource
	GridPos                  struct{ H, W, X, Y int }
	MaxDataPoints            int
	FieldConfig              struct {
		Defaults struct {
			Unit  string
			Links []link
		}
		Overrides []struct {
			Matcher    struct{ ID, Options string }
			Properties []struct {
				ID    string
				Value json.RawMessage
			}
		}
	}
	Targets         []target
	Transformations []struct {
		ID      string
		Options struct{ RenameByName map[string]string }
	}
}

type link struct{ Title, URL string }

type target struct {
	RefID, Expr, LegendFormat, Format string
	Datasource                        datasource
	Instant, Range                    bool
}

func load(t *testing.T) dashboard {
	t.Helper()
	text, err := os.ReadFile("dashboards/drift_exporter.json")
	require.NoError(t, err)
	var d dashboard
	require.NoError(t, json.Unmarshal(text, &d))
	require.NotEmpty(t, d.Panels)
	return d
}

// each calls f for every query of every panel.
func (d dashboard) each(t *testing.T, f func(t *testing.T, p panel, q target)) {
	t.Helper()
	for _, p := range d.Panels {
		for _, q := range p.Targets {
			t.Run(p.Title+" "+q.RefID, func(t *testing.T) { f(t, p, q) })
		}
	}
}

// query is what a variable asks its datasource.
func (v variable) query(t *testing.T) string {
	t.Helper()
	var q struct{ Query string }
	require.NoError(t, json.Unmarshal(v.Query, &q), v.Name)
	return q.Query
}

// labelValues is the selector and the label of a query "label_values(selector, label)".
func (v variable) labelValues(t *testing.T) (selector, label string) {
	t.Helper()
	parts := regexp.MustCompile(`^label_values\((.+), (\w+)\)$`).FindStringSubmatch(v.query(t))
	require.Len(t, parts, 3, v.Name)
	return parts[1], parts[2]
}

// choice is the selected values of the variables; none is All.
type choice map[string][]string

// interpolate fills in variables as Grafana's Prometheus datasource does it: All becomes the variable's own value for
// it, of chosen ones each is escaped as a regular expression and then as a string.
func (c choice) interpolate(d dashboard, expression string) string {
	pairs := []string{"$__rate_interval", "10s", "$__interval", "5s", "$__range", "60s"}
	for _, v := range d.Templating.List {
		if v.Type != "query" {
			continue
		}
		value := v.AllValue
		if chosen := c[v.Name]; len(chosen) > 0 {
			escaped := make([]string, len(chosen))
			for i, one := range chosen {
				escaped[i] = strings.ReplaceAll(regexp.QuoteMeta(one), `\`, `\\`)
			}
			value = "(" + strings.Join(escaped, "|") + ")"
		}
		pairs = append(pairs, "$"+v.Name, value)
	}
	return strings.NewReplacer(pairs...).Replace(expression)
}

// parse is the expression's tree, with All for each variable.
func parse(t *testing.T, d dashboard, expression string) parser.Expr {
	t.Helper()
	tree, err := parser.NewParser(parser.Options{}).ParseExpr(choice{}.interpolate(d, expression))
	require.NoError(t, err, expression)
	return tree
}
