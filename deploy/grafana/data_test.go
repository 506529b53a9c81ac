package grafana_test

import (
	"context"
	"net/url"
	"testing"
	"time"

	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testprometheus"
)

// TestEveryQueryHasData asks Prometheus all that the dashboard would: what fills the variables, then each query of each
// panel with All and with chosen values.
func TestEveryQueryHasData(t *testing.T) {
	d, w := load(t), newWorld(t)

	t.Run("variables offer what there is", func(t *testing.T) {
		offered := map[string][]string{}
		for _, v := range d.Templating.List {
			if v.Type == "query" {
				offered[v.Name] = w.offered(t, d, v)
			}
		}
		assert.Equal(t, map[string][]string{
			"job": {"drift_exporter"}, "environment": {"prod", "test"}, "pack": {"base", "cache", "db", "web"},
			"machine": {"cache1", "db1", "gone1", "plain1", "web.1", "webx1"},
		}, offered)
	})

	for name, chosen := range map[string]choice{
		"all": {},
		"chosen": {
			"job": {"drift_exporter"}, "environment": {"prod", "test"},
			"pack": {"base", "web", "db", "cache"}, "machine": {"web.1", "db1", "gone1", "cache1"},
		},
	} {
		t.Run(name, func(t *testing.T) {
			d.each(t, func(t *testing.T, _ panel, q target) {
				assert.NotZero(t, seriesOf(t, w.prometheus, chosen.interpolate(d, q.Expr), q.Range))
			})
		})
	}

	t.Run("All is every job of an exporter, not every job", func(t *testing.T) {
		d.each(t, func(t *testing.T, _ panel, q target) {
			for _, sample := range w.prometheus.Query(choice{}.interpolate(d, q.Expr)) {
				assert.NotEqual(t, w.other, string(sample.Metric["instance"]))
			}
		})
	})

	t.Run("replicas count once", func(t *testing.T) {
		assert.Equal(t, map[string]float64{
			"Compliance": 4. / 6, "Drifted": 2, "Without a verdict": 1, "Unreachable": 1, "Never judged": 1,
			"Alerts firing": 1, "Machines": 6, "Pairs": 7, "Waivers in effect": 1,
		}, w.counts(d, choice{}))
	})

	t.Run("a chosen machine is that one, not one whose name its name matches", func(t *testing.T) {
		assert.Equal(t, map[string]float64{
			"Compliance": 1. / 2, "Drifted": 1, "Without a verdict": 0, "Unreachable": 0, "Never judged": 0,
			"Alerts firing": 1, "Machines": 1, "Pairs": 2, "Waivers in effect": 0,
		}, w.counts(d, choice{"machine": {"web.1"}}))
	})

	t.Run("links of the tables lead to the exporter's pages", func(t *testing.T) { w.linksLead(t, d) })

	t.Run("nothing is shown as well while there are no data", func(t *testing.T) {
		for title, value := range w.counts(d, choice{"job": {"other"}}) {
			assert.Fail(t, title, "is %v", value)
		}
	})
}

// seriesOf is how many series, with at least one value, the result of a query has.
func seriesOf(t *testing.T, server *testprometheus.Server, expression string, overTime bool) int {
	t.Helper()
	if !overTime {
		return len(server.Query(expression))
	}
	ctx, cancel := context.WithTimeout(t.Context(), testprocess.Patience)
	defer cancel()
	now := time.Now()
	value, warnings, _, err := server.API().QueryRange(ctx, expression, v1.Range{Start: now.Add(-time.Minute), End: now, Step: time.Second})
	require.NoError(t, err, expression)
	require.Empty(t, warnings)
	return len(value.(model.Matrix))
}

// offered is what a variable would offer: Grafana asks for the values of one label in the series that a selector has.
func (w *world) offered(t *testing.T, d dashboard, v variable) (values []string) {
	t.Helper()
	selector, label := v.labelValues(t)
	got, _, _, err := w.prometheus.API().LabelValues(t.Context(), label, []string{choice{}.interpolate(d, selector)}, time.Now().Add(-time.Hour), time.Now())
	require.NoError(t, err)
	for _, value := range got {
		values = append(values, string(value))
	}
	return values
}

// counts is what the panels with a number show, but for those about time; a panel without data is not in it.
func (w *world) counts(d dashboard, chosen choice) map[string]float64 {
	w.t.Helper()
	shown := map[string]float64{}
	for _, p := range d.Panels {
		unit := p.FieldConfig.Defaults.Unit
		if p.Type != "stat" || (unit != "short" && unit != "percentunit") {
			continue
		}
		for _, sample := range w.prometheus.Query(chosen.interpolate(d, p.Targets[0].Expr)) {
			shown[p.Title] = float64(sample.Value)
		}
	}
	return shown
}

// linksLead follows the links in the rows of each table, as Grafana fills them in.
func (w *world) linksLead(t *testing.T, d dashboard) {
	t.Helper()
	followed := 0
	for _, p := range d.Panels {
		for _, link := range p.links(t) {
			for _, row := range w.prometheus.Query(choice{}.interpolate(d, p.Targets[0].Expr)) {
				address, err := url.Parse(fill(link.URL, w.exporter.URL, row.Metric))
				require.NoError(t, err)
				page := w.exporter.Get(address.EscapedPath())
				assert.Contains(t, page, string(row.Metric["machine"]), p.Title)
				followed++
			}
		}
	}
	assert.GreaterOrEqual(t, followed, 10)
}
