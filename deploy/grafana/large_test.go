package grafana_test

import (
	"bufio"
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/testprometheus"
)

// worstCase shows, as the exporter would, that many machines with three packs each, where all goes wrong at once: every
// pair has drifted, alerts, fails and has a waiver, in as many environments as there are tens of machines.
type worstCase struct{ machines int }

func (c worstCase) ServeHTTP(w http.ResponseWriter, _ *http.Request) {
	out := bufio.NewWriter(w)
	defer func() { _ = out.Flush() }()
	for m := range c.machines {
		for pack := range 3 {
			pair := fmt.Sprintf(`machine="m%d",pack="p%d-%d"`, m, pack, m/10)
			for _, metric := range ofPairs {
				value := 1
				switch metric {
				case "drift_compliant", "drift_check_success":
					value = 0
				case "drift_consecutive_failures":
					fmt.Fprintf(out, "%s{%s,reason=\"connect\"} 1\n", metric, pair)
					continue
				}
				fmt.Fprintf(out, "%s{%s} %d\n", metric, pair, value)
			}
		}
		fmt.Fprintf(out, "drift_machine_info{machine=\"m%d\"} 1\ndrift_check_duration_seconds{machine=\"m%d\"} 1\n", m, m)
		fmt.Fprintf(out, "drift_check_failures_total{machine=\"m%d\",reason=\"connect\"} 1\n", m)
		fmt.Fprintf(out, "drift_machine_labels{machine=\"m%d\",label_env=\"e%d\"} 1\n", m, m/10)
	}
}

func TestNoQueryReturnsAWholeLargeFleet(t *testing.T) {
	const machines = 400
	exporter := httptest.NewServer(worstCase{machines})
	t.Cleanup(exporter.Close)
	server := testprometheus.Start(t, testprometheus.Shipped(t, "127.0.0.1:9", exporter.URL))
	server.Eventually(fmt.Sprintf(`count(drift_compliant) == %d`, 3*machines))

	d := load(t)
	d.each(t, func(t *testing.T, p panel, q target) {
		limit := map[string]int{"table": 500, "timeseries": 30, "stat": 1, "bargauge": 10}[p.Type]
		assert.LessOrEqual(t, seriesOf(t, server, choice{}.interpolate(d, q.Expr), q.Range), limit)
		if q.Range {
			points := 200
			if strings.Contains(q.Expr, "machine") {
				points = 60 // what Prometheus computes is this times the fleet
			}
			assert.Equal(t, points, p.MaxDataPoints)
		}
	})
	assert.Len(t, server.Query(choice{}.interpolate(d, panelTitled(d, "Drifted pairs").Targets[0].Expr)), 500, "there are more")
}

func panelTitled(d dashboard, title string) panel {
	for _, p := range d.Panels {
		if p.Title == title {
			return p
		}
	}
	return panel{}
}
