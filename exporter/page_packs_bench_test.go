package exporter

import (
	"testing"

	"github.com/stretchr/testify/require"
)

// The pages of packs with 10,000 machines of three packs, of which one has 2,000 items.
func BenchmarkPacksPages(b *testing.B) {
	s, fleet := bigFleet()
	r := newRig(b, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	carried := fleet.Config.Machines[0].Packs
	fleet.Packs = nil
	for i, id := range carried {
		fleet.Packs = append(fleet.Packs, packOf(id, "", []int{2000, 20, 20}[min(i, 2)]))
	}
	for _, target := range []string{"/packs", "/packs/" + carried[0], "/packs/" + carried[0] + "?page=2", "/api/v1/packs", "/api/v1/packs/" + carried[0] + "?limit=1000"} {
		b.Run(target, func(b *testing.B) {
			size := 0
			for b.Loop() {
				res, body := r.get(b, target)
				require.Equal(b, 200, res.StatusCode)
				size = len(body)
			}
			b.ReportMetric(float64(size), "bytes")
		})
	}
}
