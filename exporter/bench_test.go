package exporter

import (
	"fmt"
	"net/http"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const (
	manyMachines = 10_000
	packsEach    = 3
)

// bigFleet is 10,000 machines with three packs each, every pair judged and every tenth drifted.
func bigFleet() (*fakeState, *Fleet) {
	s, machines := newFakeState(), make([]config.Machine, 0, manyMachines)
	for i := range manyMachines {
		m := box(fmt.Sprintf("web%05d", i), "base", "web", "ssh")
		m.Labels = map[string]string{"env": "prod", "rack": fmt.Sprint(i % 40)}
		machines = append(machines, m)
		s.machines[m.Name] = &state.Machine{Name: m.Name, At: at(6, 0, 3, 0), Facts: state.Facts{OS: "debian"}}
		for j, p := range m.Packs {
			status, mismatches := state.Compliant, 0
			if (i+j)%10 == 0 {
				status, mismatches = state.Drifted, 2
			}
			s.put(&state.Record{
				Key:     state.Key{Machine: m.Name, Pack: p},
				Verdict: &state.Verdict{Status: status, At: at(6, 0, 3, 0), Since: at(6, 0, 3, 0), Items: 12, Mismatches: mismatches},
				Attempt: state.Attempt{Status: status, At: at(6, 0, 3, 0)},
			})
		}
	}
	return s, fleetOf(machines...)
}

// BenchmarkGather is a scrape of the state's gauges, without the encoding.
func BenchmarkGather(b *testing.B) {
	s, fleet := bigFleet()
	reg := prometheus.NewRegistry()
	require.NoError(b, reg.Register(NewCollector(s, always(fleet))))
	b.ReportAllocs()
	for b.Loop() {
		if _, err := reg.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkGatherGaugeVecs is the same number of series kept in plain gauge vectors, to compare with.
func BenchmarkGatherGaugeVecs(b *testing.B) {
	reg := prometheus.NewRegistry()
	for v := range 8 {
		vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: fmt.Sprintf("pair_%d", v), Help: "h"}, []string{"machine", "pack"})
		require.NoError(b, reg.Register(vec))
		for i := range manyMachines {
			for j := range packsEach {
				vec.WithLabelValues(fmt.Sprintf("web%05d", i), fmt.Sprint("pack", j)).Set(float64(i))
			}
		}
	}
	for v := range 3 {
		vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: fmt.Sprintf("machine_%d", v), Help: "h"}, []string{"machine", "env", "rack"})
		require.NoError(b, reg.Register(vec))
		for i := range manyMachines {
			vec.WithLabelValues(fmt.Sprintf("web%05d", i), "prod", fmt.Sprint(i%40)).Set(1)
		}
	}
	b.ReportAllocs()
	for b.Loop() {
		if _, err := reg.Gather(); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkFleetPage is the first page of a large fleet: all pairs are counted and sorted, a hundred are shown.
func BenchmarkFleetPage(b *testing.B) {
	s, fleet := bigFleet()
	r := newRig(b, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	b.ReportAllocs()
	for b.Loop() {
		if res, _ := r.get(b, "/?q=web"); res.StatusCode != http.StatusOK {
			b.Fatal(res.Status)
		}
	}
}

// BenchmarkMetricsPage is a whole scrape of a large fleet, encoding included.
func BenchmarkMetricsPage(b *testing.B) {
	s, fleet := bigFleet()
	r := newRig(b, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	b.ReportAllocs()
	for b.Loop() {
		if res, _ := r.get(b, "/metrics"); res.StatusCode != http.StatusOK {
			b.Fatal(res.Status)
		}
	}
}

// BenchmarkMachinesAPI is the largest page that the API gives.
func BenchmarkMachinesAPI(b *testing.B) {
	s, fleet := bigFleet()
	r := newRig(b, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	b.ReportAllocs()
	for b.Loop() {
		if res, _ := r.get(b, "/api/v1/machines?limit=1000"); res.StatusCode != http.StatusOK {
			b.Fatal(res.Status)
		}
	}
}
