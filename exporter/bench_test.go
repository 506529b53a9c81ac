package exporter

import (
	"fmt"
	"net/http"
	"testing"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const (
	manyMachines = 10_000
	packsEach    = 3
)

func bigFleet() (*fakeState, *Fleet) { return fleetOfSize(manyMachines) }

// fleetOfSize is n machines with three packs each, every pair judged and every tenth drifted.
func fleetOfSize(n int) (*fakeState, *Fleet) {
	s, machines := newFakeState(), make([]config.Machine, 0, n)
	for i := range n {
		m := box(fmt.Sprintf("web%05d", i), "base", "web", "ssh")
		m.Labels = map[string]string{"env": "prod", "rack": fmt.Sprint(i % 40)}
		machines = append(machines, m)
		checkedAt := at(6, 0, 3, 0).Add(time.Duration(i) * 17 * time.Millisecond)
		s.putMachine(&state.Machine{Name: m.Name, At: checkedAt, Duration: time.Duration(300+i%500) * time.Millisecond, Facts: state.Facts{OS: "debian"}})
		for j, p := range m.Packs {
			s.put(bigRecord(state.Key{Machine: m.Name, Pack: p}, checkedAt, (i+j)%10 == 0))
		}
	}
	return s, fleetOf(machines...)
}

func bigRecord(k state.Key, checkedAt time.Time, drifted bool) *state.Record {
	status, mismatches := state.Compliant, 0
	if drifted {
		status, mismatches = state.Drifted, 2
	}
	return &state.Record{
		Key:     k,
		Verdict: &state.Verdict{Status: status, At: checkedAt, Since: checkedAt, Items: 12, Mismatches: mismatches},
		Attempt: state.Attempt{Status: status, At: checkedAt},
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
