package exporter

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"runtime"
	"syscall"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/promhttp"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The headers of scrapes: of a program that wants text as it is, and those of Prometheus 3 by default and where
// it asks for native histograms.
var scrapers = []struct {
	name   string
	header http.Header
}{
	{"text", http.Header{}},
	{"prometheus", http.Header{
		"Accept": {"application/openmetrics-text;version=1.0.0;escaping=allow-utf-8;q=0.6,application/openmetrics-text;version=0.0.1;q=0.5," +
			"text/plain;version=1.0.0;escaping=allow-utf-8;q=0.4,text/plain;version=0.0.4;q=0.3,*/*;q=0.2"},
		"Accept-Encoding": {"gzip"},
	}},
	{"protobuf", http.Header{
		"Accept": {"application/vnd.google.protobuf;proto=io.prometheus.client.MetricFamily;encoding=delimited;escaping=allow-utf-8;q=0.7," +
			"text/plain;version=0.0.4;q=0.3,*/*;q=0.2"},
		"Accept-Encoding": {"gzip"},
	}},
}

// BenchmarkMetricsPage compares scrapes of a large fleet with scrapes of the very same series in plain gauge
// vectors, by each kind of scraper: when nothing changed since the last, when the results of a hundred pairs
// arrived, when those of all did, and when the configuration was loaded again and nothing kept is of use.
func BenchmarkMetricsPage(b *testing.B) {
	s, fleet := bigFleet()
	rechecked := func(pairs int) func(*rig, int) { return func(r *rig, run int) { recheck(s, r.fleet, pairs, run) } }
	for _, scraper := range scrapers {
		for _, change := range []struct {
			name string
			make func(r *rig, run int)
		}{
			{"unchanged", rechecked(0)},
			{"100-changed", rechecked(100)},
			{"all-changed", rechecked(manyMachines * packsEach)},
			{"reloaded", func(r *rig, _ int) { r.fleet = fleetOf(fleet.Config.Machines...) }},
		} {
			b.Run(scraper.name+"/"+change.name, func(b *testing.B) {
				r := newRig(b, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
				plain, ours := rivals(b, r)
				for run := 0; b.Loop(); run++ {
					// Alternating, so that whatever else the computer does hits both alike.
					plain.scrape(b, scraper.header)
					change.make(r, run)
					ours.scrape(b, scraper.header)
				}
				plain.report(b, "plain")
				ours.report(b, "ours")
				b.ReportMetric(float64(ours.wall)/float64(plain.wall), "wall-ratio")
				b.ReportMetric(float64(ours.cpu)/float64(plain.cpu), "cpu-ratio")
				b.ReportMetric(0, "ns/op") // of both together: of no use
			})
		}
	}
}

// BenchmarkMetricsMemory is what is kept between scrapes, for each pair.
func BenchmarkMetricsMemory(b *testing.B) {
	s, fleet := bigFleet()
	for n := 1; n <= len(scrapers); n++ {
		b.Run(fmt.Sprintf("formats=%d", n), func(b *testing.B) {
			var kept uint64
			for b.Loop() {
				before := heap()
				r := newRig(b, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
				for _, scraper := range scrapers[:n] {
					(&rival{handler: r.handler}).scrape(b, scraper.header)
				}
				kept += heap() - before
				runtime.KeepAlive(r)
			}
			b.ReportMetric(float64(kept)/float64(b.N)/(manyMachines*packsEach), "B/pair")
		})
	}
}

func heap() uint64 {
	runtime.GC()
	runtime.GC() // what pools hold survives one
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// rival is one of two ways to serve the same series, and what it took.
type rival struct {
	handler   http.Handler
	n         int
	wall, cpu time.Duration
	best      time.Duration // wall time of the quickest scrape
}

// rivals are the series of r's state in plain gauge vectors, and r itself, which has been scraped by all.
func rivals(t testing.TB, r *rig) (plain, ours *rival) {
	plain = &rival{handler: plainGauges(t, newStateSeries(r.exporter.opts.View, r.exporter.opts.Fleet))}
	for _, scraper := range scrapers {
		(&rival{handler: r.handler}).scrape(t, scraper.header)
	}
	return plain, &rival{handler: r.handler}
}

// scrape throws the answer away.
func (v *rival) scrape(t testing.TB, header http.Header) {
	r := httptest.NewRequest(http.MethodGet, "/metrics", nil)
	r.Header = header
	w := &discarded{header: http.Header{}}
	runtime.GC() // or one pays for the other's garbage
	start, before := time.Now(), processorTime()
	v.handler.ServeHTTP(w, r)
	wall := time.Since(start)
	v.wall, v.cpu = v.wall+wall, v.cpu+processorTime()-before
	if v.n == 0 || wall < v.best {
		v.best = wall
	}
	v.n++
	require.NotZero(t, w.size)
}

func (v *rival) report(b *testing.B, name string) {
	b.ReportMetric(float64(v.wall.Milliseconds())/float64(v.n), name+"-ms/op")
	b.ReportMetric(float64(v.cpu.Milliseconds())/float64(v.n), name+"-cpu-ms/op")
}

// processorTime is that of this process, the collector of garbage included.
func processorTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage) // cannot fail for the process itself
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// plainGauges serves the series of g from gauge vectors.
func plainGauges(b testing.TB, g prometheus.Gatherer) http.Handler {
	families, err := g.Gather()
	require.NoError(b, err)
	reg := prometheus.NewRegistry()
	for _, f := range families {
		var names []string
		for _, l := range f.GetMetric()[0].GetLabel() {
			names = append(names, l.GetName())
		}
		vec := prometheus.NewGaugeVec(prometheus.GaugeOpts{Name: f.GetName(), Help: f.GetHelp()}, names)
		reg.MustRegister(vec)
		for _, m := range f.GetMetric() {
			labels := prometheus.Labels{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			vec.With(labels).Set(m.GetGauge().GetValue())
		}
	}
	return promhttp.HandlerFor(reg, promhttp.HandlerOpts{EnableOpenMetrics: true})
}

// recheck stores new results of so many pairs, some of them with another verdict.
func recheck(s *fakeState, fleet *Fleet, pairs, run int) {
	for i := range pairs {
		m := &fleet.Config.Machines[i/packsEach]
		checkedAt := at(7, 0, 0, 0).Add(time.Duration(run)*time.Minute + time.Duration(i)*7*time.Millisecond)
		s.putMachine(&state.Machine{Name: m.Name, At: checkedAt, Duration: time.Duration(200+(i+run)%700) * time.Millisecond, Facts: state.Facts{OS: "debian"}})
		s.put(bigRecord(state.Key{Machine: m.Name, Pack: m.Packs[i%packsEach]}, checkedAt, (i+run)%10 == 0))
	}
}

type discarded struct {
	header http.Header
	size   int
}

func (d *discarded) Header() http.Header { return d.header }
func (d *discarded) WriteHeader(int)     {}
func (d *discarded) Write(p []byte) (int, error) {
	d.size += len(p)
	return len(p), nil
}
