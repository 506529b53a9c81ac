package exporter

import (
	"bytes"
	"compress/gzip"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"strings"
	"sync"
	"sync/atomic"
	"testing"

	"github.com/prometheus/client_golang/prometheus"
	dto "github.com/prometheus/client_model/go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// scraped is the body of a scrape as the scraper has it in the end. A compressed one must be a single gzip member
// and nothing after it, as not everybody reads more.
func scraped(t testing.TB, r *rig, target string, header http.Header) string {
	t.Helper()
	var flat []string
	for name := range header {
		flat = append(flat, name, header.Get(name))
	}
	res := r.do(http.MethodGet, target, "", flat...)
	body := bodyOf(t, res)
	if !assert.Equal(t, 200, res.StatusCode) || header.Get("Accept-Encoding") == "" {
		return body
	}
	assert.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
	packed := strings.NewReader(body)
	member, err := gzip.NewReader(packed)
	require.NoError(t, err)
	member.Multistream(false)
	plain, err := io.ReadAll(member)
	require.NoError(t, err, "the sums in the trailer are checked")
	assert.Zero(t, packed.Len())
	return string(plain)
}

// The best of several rounds, one after the other: whatever else the computer does, some round is quiet for both.
func TestAScrapeCostsAtMostHalfOfThatOfPlainGauges(t *testing.T) {
	s, fleet := fleetOfSize(500)
	r := newRig(t, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	for _, scraper := range scrapers {
		t.Run(scraper.name, func(t *testing.T) {
			plain, ours := rivals(t, r)
			for run := range 5 {
				plain.scrape(t, scraper.header)
				recheck(s, fleet, 10, run)
				ours.scrape(t, scraper.header) // with a few changes
				ours.scrape(t, scraper.header) // with none
			}
			assert.LessOrEqual(t, ours.best, plain.best/2)
		})
	}
}

func TestMetricsThatARequestNames(t *testing.T) {
	r := newRig(t, nil)
	for _, scraper := range scrapers[:2] {
		text := scraped(t, r, "/metrics?name[]=drift_items&name[]=drift_state_connected", scraper.header)
		families := 0
		for line := range strings.Lines(text) {
			if strings.HasPrefix(line, "# TYPE") {
				families++
			}
		}
		assert.Equal(t, 2, families, text)
		assert.Contains(t, text, `drift_items{machine="web1",pack="base"} 12`)
		assert.Contains(t, text, "drift_state_connected 1")
		assert.NotContains(t, scraped(t, r, "/metrics?name[]=nothing", scraper.header), "drift")
	}
}

func TestConnectionIsAlwaysThatOfTheMoment(t *testing.T) {
	r := newRig(t, nil)
	for _, scraper := range scrapers[:2] {
		for _, down := range []bool{false, true, false} {
			r.down = down // which this View does not count as a change
			want := map[bool]string{false: "\ndrift_state_connected 1", true: "\ndrift_state_connected 0"}[down]
			assert.Contains(t, scraped(t, r, "/metrics", scraper.header), want)
		}
	}
}

func TestAStateThatCannotBeWrittenIsNotConnected(t *testing.T) {
	r := newRig(t, nil)
	r.stuck = "the disk is full"
	assert.Contains(t, scraped(t, r, "/metrics", scrapers[0].header), "\ndrift_state_connected 0")
	_, body := r.get(t, "/api/v1/machines")
	assert.Contains(t, body, `"warnings":["the disk is full"]`)
	assert.Contains(t, r.open(t, "/", 200).text, "the disk is full")
}

func TestAnotherFamilyOfTheSameNameIsLeftOutAndAnError(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, func(r *rig, o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		for _, name := range []string{"drift_items", "drift_state_connected", "drift_other"} {
			r.reg.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: name, Help: "Not that of the state."}))
		}
	})
	_, text := r.get(t, "/metrics")
	assert.Equal(t, 1, strings.Count(text, "# TYPE drift_items gauge"))
	assert.Equal(t, 1, strings.Count(text, "# TYPE drift_state_connected gauge"))
	assert.Contains(t, text, "drift_state_connected 1")
	assert.Contains(t, text, "drift_other 0")
	assert.Contains(t, log.String(), "drift_items is registered, but is a gauge of the state")
	assert.Contains(t, log.String(), "drift_state_connected is registered, but is a gauge of the state")
	_, text = r.get(t, "/metrics")
	assert.Contains(t, text, `promhttp_metric_handler_errors_total{cause="gathering"} 1`)
}

// nothing is a Gatherer that cannot.
type nothing struct{ started, goOn chan struct{} }

func (n nothing) Gather() ([]*dto.MetricFamily, error) {
	if n.started != nil {
		n.started <- struct{}{}
		<-n.goOn
	}
	return nil, errors.New("nothing works")
}

func TestTheStateIsServedThoughNothingElseCanBeGathered(t *testing.T) {
	r := newRig(t, func(_ *rig, o *Options) { o.Gatherer = nothing{} })
	for _, scraper := range scrapers[:2] {
		assert.Contains(t, scraped(t, r, "/metrics", scraper.header), `drift_compliant{machine="web1",pack="base"} 0`)
	}
}

func TestTooManyScrapesAtOnceAreRefused(t *testing.T) {
	slow := nothing{make(chan struct{}), make(chan struct{})}
	r := newRig(t, func(_ *rig, o *Options) { o.Gatherer = slow })
	var scrapes sync.WaitGroup
	for range maxScrapes {
		scrapes.Go(func() { assert.Equal(t, 200, r.do("GET", "/metrics", "").StatusCode) })
		<-slow.started
	}
	res := r.do("GET", "/metrics", "", "Accept-Encoding", "gzip")
	assert.Equal(t, 503, res.StatusCode)
	assert.NotContains(t, bodyOf(t, res), "drift_compliant")
	close(slow.goOn)
	scrapes.Wait()
}

// Run with -race. Every scrape must be whole, and show a change that was stored before it.
func TestScrapesWhileTheStateChanges(t *testing.T) {
	s, first := fleetOfSize(50)
	var fleet atomic.Pointer[Fleet]
	fleet.Store(first)
	r := newRig(t, func(_ *rig, o *Options) { o.View, o.Store, o.Fleet = s, s, fleet.Load })
	r.reg.MustRegister(prometheus.NewGauge(prometheus.GaugeOpts{Name: "zzz", Help: "The last family."}))
	var scrapes sync.WaitGroup
	for _, scraper := range append(scrapers, scrapers...) {
		scrapes.Go(func() {
			for range 20 {
				text := scraped(t, r, "/metrics", scraper.header)
				assert.Contains(t, text, "drift_mismatches")
				assert.Contains(t, text, "zzz")
			}
		})
	}
	for run := range 100 {
		recheck(s, first, 30, run)
		if run%10 == 0 {
			fleet.Store(fleetOf(first.Config.Machines[:40+run/10]...))
		}
		v := bigRecord(state.Key{Machine: "web00001", Pack: "base"}, at(8, 0, 0, 0), false)
		v.Verdict.Items = 1000 + run
		s.put(v)
		_, text := r.get(t, "/metrics")
		assert.Contains(t, text, fmt.Sprintf(`drift_items{machine="web00001",pack="base"} %d`, 1000+run))
	}
	scrapes.Wait()
}
