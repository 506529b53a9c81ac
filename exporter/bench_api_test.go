package exporter

import (
	"net/http"
	"testing"
	"time"
)

// maxTimes is how often a page of a fleet of 10,000 machines may cost that of one of 100.
const maxTimes = 5

// BenchmarkListsAPI asks in turns for the largest page that a fleet of 100 machines can fill, of that and of 10,000
// machines with three packs each, and fails where the many cost much more than the few ("times").
func BenchmarkListsAPI(b *testing.B) {
	for name, path := range map[string]string{
		"machines": "/machines?limit=100", "machines-search": "/machines?limit=100&q=web0",
		"machines-status": "/machines?limit=100&status=compliant", "machines-label": "/machines?limit=100&label=env%3Dprod",
		"pairs": "/pairs?limit=300", "pairs-search": "/pairs?limit=300&q=web0", "pairs-sorted": "/pairs?limit=300&sort=mismatches",
		"pairs-sorted-search": "/pairs?limit=300&sort=-since&q=web0", "pairs-status": "/pairs?limit=300&status=compliant",
		"fleet": "/fleet", "labels": "/labels", "values": "/label/rack/values", "packs": "/packs",
	} {
		b.Run(name, func(b *testing.B) {
			few, many := answersOf(b, fewMachines, path), answersOf(b, manyMachines, path)
			few() // what is made once of a fleet and its state
			many()
			var costs [2]time.Duration
			for b.Loop() {
				costs[0] += few()
				costs[1] += many()
			}
			times := float64(costs[1]) / float64(costs[0])
			b.ReportMetric(0, "ns/op")
			b.ReportMetric(float64(costs[0].Microseconds())/float64(b.N), "µs/100")
			b.ReportMetric(float64(costs[1].Microseconds())/float64(b.N), "µs/10000")
			b.ReportMetric(times, "times")
			if b.N > 10 && times > maxTimes {
				b.Errorf("10,000 machines cost %.1f times what 100 cost", times)
			}
		})
	}
}

// answersOf is what asks a fleet of that size, and tells how long the answer took.
func answersOf(b *testing.B, machines int, path string) func() time.Duration {
	s, fleet := fleetOfSize(machines)
	r := newRig(b, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	return func() time.Duration {
		start := time.Now()
		res := r.do(http.MethodGet, apiBase+path, "")
		took := time.Since(start)
		if res.StatusCode != http.StatusOK {
			b.Fatal(res.Status)
		}
		return took
	}
}
