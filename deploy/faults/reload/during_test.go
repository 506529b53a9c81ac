package reload_test

import (
	"fmt"
	"math/rand/v2"
	"net/http"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testlocal"
)

const (
	machines = 24
	// steady machines are never reconfigured: m0 fires all the time, the others comply. Of the rest each reload changes
	// packs, and whether they are there or enabled.
	steady = 4
)

// reloaded is a fleet whose packs want "good" or "bad", and whose files have one of them.
type reloaded struct {
	*testlocal.Fleet
	random  *rand.Rand
	wants   [machines]string
	digests map[string]string // of a pack's definition: what it wants
	since   time.Time         // when m0's alert began
}

func newReloaded(t *testing.T) *reloaded {
	t.Helper()
	r := &reloaded{Fleet: testlocal.New(t, machines), random: testfaults.Random(t), digests: map[string]string{}}
	r.Config = strings.Replace(r.Config, "concurrency: 4", "concurrency: 2", 1)
	for _, want := range []string{"bad", "good"} {
		for i := range machines {
			r.want(i, want)
			r.Complies[testlocal.Name(i)] = want == "good"
		}
		r.configure(false)
		if r.Exporter == nil {
			r.Start()
		} else {
			r.Exporter.Launch()
			r.Exporter.CheckNow()
		}
		r.Exporter.Terminate()
		for _, record := range r.records(t) {
			r.digests[record.Verdict.PackDigest] = want
		}
	}
	require.Len(t, r.digests, 2*machines)
	r.Exporter.Launch()
	r.Set(0, false)
	r.Fires["m0"] = true
	r.Exporter.CheckNow()
	r.RequireTruth("before the reloads")
	r.since = r.Alerts()["m0"]
	return r
}

func (r *reloaded) want(i int, content string) {
	r.wants[i] = content
	r.Pack(i, content)
}

// configure writes the configuration with all machines, or with some of them that are not steady left out or disabled.
func (r *reloaded) configure(some bool) {
	var lines []string
	for i := range machines {
		switch line := testlocal.Line(i); {
		case !some || i < steady || r.random.IntN(6) > 1:
			lines = append(lines, line)
		case r.random.IntN(2) == 0:
			lines = append(lines, strings.Replace(line, "}", ", drift_detection_enabled: false}", 1))
		}
	}
	r.Configure(lines...)
}

// records are those that are stored; the exporter must not run.
func (r *reloaded) records(t *testing.T) []*state.Record {
	t.Helper()
	store, err := state.Open(t.Context(), state.Options{Dir: r.Storage})
	require.NoError(t, err)
	defer func() { require.NoError(t, store.Close()) }()
	return store.View().Records()
}

// reload asks for one in one of both ways; of a signal it does not wait for the end.
func (r *reloaded) reload(t *testing.T, signal bool) {
	t.Helper()
	if signal {
		r.Exporter.Signal(syscall.SIGHUP)
		return
	}
	status, answer := r.Exporter.Post("/-/reload", "")
	require.Equal(t, http.StatusOK, status, answer)
}

func TestFaultReloadsDuringARun(t *testing.T) {
	r := newReloaded(t)
	rounds, reloads := testfaults.Pick(1, 10), testfaults.Pick(10, 50)
	for round := range rounds {
		r.during(t, reloads)
		r.Exporter.Terminate()
		r.requireNoMixture(t)
		r.Exporter.Launch()
		r.settle(t, fmt.Sprintf("round %d", round))
	}
	testfaults.Survived(t, "reload during runs, with machines added, removed, disabled, packs changed", rounds*reloads)
	testlocal.RequireNoPanic(t, r.Exporter.Log())
}

// during reloads over and over while a run is on, each time something else. At the end all machines are there, and all runs
// have ended well.
func (r *reloaded) during(t *testing.T, reloads int) {
	t.Helper()
	for n := range reloads {
		r.Exporter.Post("/api/v1/runs", "") // refused while one is on, which is what is wanted
		for i := steady; i < machines; i++ {
			if r.random.IntN(3) == 0 {
				r.want(i, []string{"good", "bad"}[r.random.IntN(2)])
			}
		}
		r.configure(true)
		r.reload(t, n%2 == 0)
		require.True(t, r.Alerts()["m0"].Equal(r.since), "the alert of m0 was lost or is another\n%s", r.Exporter.Log())
	}
	r.configure(false)
	r.reload(t, false)
	r.Exporter.Eventually("all machines are judged, and no run is on", func() bool {
		return len(r.Verdicts()) == machines && !strings.Contains(r.Exporter.Get("/api/v1/runs"), `"phase":"running"`) &&
			!strings.Contains(r.Exporter.Get("/api/v1/runs"), `"phase":"enqueuing"`)
	})
	runs := r.Exporter.Get("/api/v1/runs")
	assert.NotContains(t, runs, `"phase":"failed"`)
	assert.NotRegexp(t, `"failed":[1-9]`, runs)
	assert.NotContains(t, r.Exporter.Log(), "reload refused")
}

// requireNoMixture wants of each verdict that it is that of the definition that it is said to be of.
func (r *reloaded) requireNoMixture(t *testing.T) {
	t.Helper()
	for _, record := range r.records(t) {
		if record.Verdict == nil || !record.Retired.IsZero() {
			continue
		}
		want, known := r.digests[record.Verdict.PackDigest]
		require.True(t, known, "%s: a definition that never was", record.Key)
		content := map[bool]string{true: "good", false: "bad"}[r.fileIsGood(record.Machine)]
		status := map[bool]state.Status{true: state.Compliant, false: state.Drifted}[content == want]
		assert.Equal(t, status, record.Verdict.Status, "%s has %q, its verdict is of a pack that wants %q", record.Key, content, want)
	}
}

// fileIsGood is what machines' files have during all of it: only m0's is bad.
func (r *reloaded) fileIsGood(machine string) bool { return machine != "m0" }

// settle checks all once more, lets all comply but m0, and then lets each drift, of which each must be told.
func (r *reloaded) settle(t *testing.T, when string) {
	t.Helper()
	for i := range machines {
		r.Complies[testlocal.Name(i)] = r.wants[i] == map[bool]string{true: "good", false: "bad"}[i != 0]
	}
	r.Exporter.CheckNow()
	require.Equal(t, r.Complies, r.Verdicts(), when)
	for i := 1; i < machines; i++ {
		r.want(i, "good")
		r.Complies[testlocal.Name(i)] = true
	}
	r.reload(t, false)
	r.Exporter.CheckNow()
	r.RequireTruth(when + ": all but m0 comply")
	for i := 1; i < machines; i++ {
		r.want(i, "bad")
		r.Complies[testlocal.Name(i)], r.Fires[testlocal.Name(i)] = false, true
	}
	r.reload(t, false)
	r.Exporter.CheckNow()
	r.RequireTruth(when + ": all have drifted")
	for i := 1; i < machines; i++ {
		r.want(i, "good")
		r.Complies[testlocal.Name(i)], r.Fires[testlocal.Name(i)] = true, false
	}
	r.reload(t, false)
	r.Exporter.CheckNow()
	r.RequireTruth(when + ": all were repaired")
	require.True(t, r.Alerts()["m0"].Equal(r.since))
}
