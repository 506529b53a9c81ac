package exporter

import (
	"net/http"
	"testing"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// fewMachines are what the page of a large fleet is compared with.
const fewMachines = 100

// BenchmarkFleetPage asks in turns for the fleet page of 100 and of 10,000 machines with three packs each, and reports
// how often the page of the many costs that of the few ("times").
func BenchmarkFleetPage(b *testing.B) {
	for name, query := range map[string]string{
		"plain": "", "search": "?q=web0", "nothing-found": "?q=nowhere", "status": "?status=drifted", "label": "?label=env%3Dprod",
		"sorted": "?sort=mismatches", "sorted-filtered": "?q=web0&pack=ssh&sort=-since", "last-page": "?page=9999",
	} {
		b.Run(name, func(b *testing.B) { comparePages(b, query, false) })
	}
	for name, query := range map[string]string{
		"after-a-change": "", "after-a-change-search": "?q=web0", "after-a-change-sorted": "?sort=since",
	} {
		b.Run(name, func(b *testing.B) { comparePages(b, query, true) })
	}
}

func comparePages(b *testing.B, query string, change bool) {
	few, many := pageOf(b, fewMachines), pageOf(b, manyMachines)
	few(query, change) // what is made once of a fleet
	many(query, change)
	var costs [2]time.Duration
	for b.Loop() {
		costs[0] += few(query, change)
		costs[1] += many(query, change)
	}
	b.ReportMetric(0, "ns/op")
	b.ReportMetric(float64(costs[0].Microseconds())/float64(b.N), "µs/100")
	b.ReportMetric(float64(costs[1].Microseconds())/float64(b.N), "µs/10000")
	b.ReportMetric(float64(costs[1])/float64(costs[0]), "times")
}

// pageOf is what asks for the page, perhaps right after a result came in, and tells how long the answer took.
func pageOf(b *testing.B, machines int) func(query string, change bool) time.Duration {
	s, fleet := fleetOfSize(machines)
	r := newRig(b, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	return func(query string, change bool) time.Duration {
		if change {
			old, _ := s.Record(state.Key{Machine: fleet.Config.Machines[7].Name, Pack: "base"})
			s.put(old)
		}
		start := time.Now()
		res := r.do(http.MethodGet, "/"+query, "")
		took := time.Since(start)
		if res.StatusCode != http.StatusOK {
			b.Fatal(res.Status)
		}
		return took
	}
}
