package run

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const (
	soon = 30 * time.Second // a limit, not an expectation
	poll = 5 * time.Millisecond
)

// noon is when tests begin; the run of 06:00 is six hours old.
var noon = time.Date(2026, 1, 29, 12, 0, 0, 0, time.UTC)

const (
	today    = "2026-01-29T06:00:00Z"
	tomorrow = "2026-01-30T06:00:00Z"
)

// rig is a Runner with a real store, a machine's checks and their results in the test's hands, and its clock.
type rig struct {
	t       *testing.T
	dir     string
	clock   *clockwork.FakeClock
	fleet   *checker.Fleet
	store   *state.Store
	runner  *Runner
	metrics *Metrics
	reg     *prometheus.Registry
	log     *safeBuffer
	options func(*Options) // the last word on what the runner is made of

	onCheck func(ctx context.Context, c call) checker.Outcome // nil: everything complies
	onSink  func(ctx context.Context, out checker.Outcome) error

	mu    sync.Mutex
	calls []call
	sunk  []checker.Outcome

	cancel context.CancelFunc
	ended  chan error
}

// call is one check.
type call struct {
	machine, run string
	nth          int // of this machine, from 1
}

func newRig(t *testing.T, f *checker.Fleet) *rig {
	t.Helper()
	g := &rig{t: t, dir: t.TempDir(), clock: clockwork.NewFakeClockAt(noon), fleet: f, log: &safeBuffer{}}
	g.open()
	t.Cleanup(g.close)
	return g
}

func (g *rig) open() {
	g.t.Helper()
	s, err := state.Open(g.t.Context(), state.Options{Dir: g.dir, Logger: slog.New(slog.DiscardHandler), Clock: g.clock})
	require.NoError(g.t, err)
	g.store = s
}

// make makes a Runner on the open store.
func (g *rig) make() {
	g.t.Helper()
	g.reg = prometheus.NewPedanticRegistry()
	g.metrics = NewMetrics(g.reg)
	o := Options{
		Store: g.store, Queue: g.store.Queue(), Fleet: g.fleet, Check: g.check, Sink: g.sink, Unjudged: g.unjudged,
		Metrics: g.metrics, Clock: g.clock,
		Logger:      slog.New(slog.NewTextHandler(g.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		SinkBackoff: func(int) time.Duration { return time.Millisecond },
	}
	if g.options != nil {
		g.options(&o)
	}
	r, err := New(o)
	require.NoError(g.t, err)
	g.runner = r
}

// start makes a Runner on the open store and runs it.
func (g *rig) start() *rig {
	g.t.Helper()
	g.make()
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error, 1)
	g.cancel, g.ended = cancel, ended
	r := g.runner
	go func() { ended <- r.Run(ctx) }()
	return g
}

// stop shuts the Runner down and waits for it.
func (g *rig) stop() {
	g.t.Helper()
	if g.cancel == nil {
		return
	}
	g.cancel()
	select {
	case err := <-g.ended:
		require.NoError(g.t, err)
	case <-time.After(soon):
		require.FailNow(g.t, "the runner did not stop")
	}
	g.cancel = nil
}

func (g *rig) close() {
	g.stop()
	require.NoError(g.t, g.store.Close())
}

// restart is a new process on the same storage, after some time.
func (g *rig) restart(later time.Duration) {
	g.t.Helper()
	g.close()
	g.clock.Advance(later)
	g.open()
	g.start()
}

func (g *rig) check(ctx context.Context, _ *checker.Fleet, machine, run string) checker.Outcome {
	g.mu.Lock()
	c := call{machine: machine, run: run, nth: 1}
	for _, before := range g.calls {
		if before.machine == machine {
			c.nth++
		}
	}
	g.calls = append(g.calls, c)
	g.mu.Unlock()
	if g.onCheck != nil {
		return g.onCheck(ctx, c)
	}
	return g.complies(c)
}

// complies is the outcome of a machine that is as it should be.
func (g *rig) complies(c call) checker.Outcome {
	out := checker.Outcome{Machine: c.machine, Run: c.run, At: g.clock.Now(), Facts: state.Facts{OS: "debian"}}
	return g.withResults(out, state.Compliant)
}

// fails is the outcome of a machine that could not be checked.
func (g *rig) fails(c call, reason state.Reason, retry bool) checker.Outcome {
	out := checker.Outcome{
		Machine: c.machine, Run: c.run, At: g.clock.Now(),
		Failure: &state.Failure{Reason: reason, Message: "no luck", Retry: retry},
	}
	return g.withResults(out, state.Unknown)
}

func (g *rig) withResults(out checker.Outcome, s state.Status) checker.Outcome {
	for _, p := range []string{"base"} {
		out.Results = append(out.Results, state.Result{
			Key: state.Key{Machine: out.Machine, Pack: p}, Run: out.Run, Status: s, At: out.At, Failure: out.Failure,
		})
	}
	return out
}

func (g *rig) sink(ctx context.Context, out checker.Outcome) error {
	if g.onSink != nil {
		if err := g.onSink(ctx, out); err != nil {
			return err
		}
	}
	for _, res := range out.Results {
		rec := &state.Record{Key: res.Key, Attempt: state.Attempt{Status: res.Status, At: res.At, Run: res.Run}}
		if res.Failure != nil {
			rec.Attempt.Reason, rec.Attempt.Message = res.Failure.Reason, res.Failure.Message
		}
		store := func(*state.Record) (*state.Record, bool) { return rec, true }
		if err := g.store.Transition(ctx, res.Key, store); err != nil {
			return err
		}
	}
	g.mu.Lock()
	defer g.mu.Unlock()
	g.sunk = append(g.sunk, out)
	return nil
}

func (g *rig) unjudged() []string {
	var names []string
	for _, m := range g.runner.fleet.Load().Config.Machines {
		for _, p := range m.Packs {
			if _, ok := g.store.View().Record(state.Key{Machine: m.Name, Pack: p}); !ok {
				names = append(names, m.Name)
			}
		}
	}
	return names
}

// checked names the machines that were checked, in order, once for each check.
func (g *rig) checked() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var names []string
	for _, c := range g.calls {
		names = append(names, c.machine)
	}
	return names
}

func (g *rig) forgetCalls() {
	g.mu.Lock()
	defer g.mu.Unlock()
	g.calls, g.sunk = nil, nil
}

// stored are the outcomes that reached the store, by machine, failed ones with their reason.
func (g *rig) stored() []string {
	g.mu.Lock()
	defer g.mu.Unlock()
	var s []string
	for _, out := range g.sunk {
		if out.Failure == nil {
			s = append(s, out.Machine)
		} else {
			s = append(s, fmt.Sprintf("%s: %s", out.Machine, out.Failure.Reason))
		}
	}
	return s
}

// tick lets the loop look around once more.
func (g *rig) tick() {
	g.t.Helper()
	g.clock.Advance(tickEvery)
	g.round()
}

// round lets the loop come round to whatever it has been told by now: of two things to do it takes either, so that one that
// waits has to lose this often.
func (g *rig) round() {
	g.t.Helper()
	for range 20 {
		_, err := g.runner.StartRun(g.t.Context(), state.TriggerAPI, []string{"nobody"})
		require.Error(g.t, err)
	}
}

func (g *rig) eventually(what string, cond func() bool) {
	g.t.Helper()
	require.Eventually(g.t, cond, soon, poll, what)
}

// ends waits for the end of a run and returns it without its times.
func (g *rig) ends(id string) state.Run {
	g.t.Helper()
	var run state.Run
	g.eventually("the end of run "+id, func() bool {
		var err error
		run, err = g.store.Run(context.Background(), id)
		_, on := g.runner.Current()
		return err == nil && run.Ended() && !on && g.runner.current.Load() == nil
	})
	run.StartedAt, run.EndedAt = time.Time{}, time.Time{}
	return run
}

// runs are the ids of all stored runs with their triggers, oldest first.
func (g *rig) runs() []string {
	var s []string
	for _, r := range g.store.View().Runs() {
		s = append([]string{r.ID + " " + string(r.Trigger)}, s...)
	}
	return s
}

// newFleet is a fleet with the standard schedule and no delays.
func newFleet(t testing.TB, change func(*config.Config), machines ...config.Machine) *checker.Fleet {
	t.Helper()
	c := &config.Config{
		Schedule: config.Schedule{Cron: "0 6 * * *", Location: time.UTC, CatchUp: true},
		Check:    config.Check{Concurrency: 4, Timeout: time.Minute, Retries: 2},
		Machines: machines,
	}
	if change != nil {
		change(c)
	}
	f, problems := checker.NewFleet(c, map[string]*pack.Pack{"base": {ID: "base"}})
	require.Empty(t, problems)
	return f
}

// machines are enabled machines of these names, which must be sorted.
func machines(names ...string) []config.Machine {
	var ms []config.Machine
	for _, n := range names {
		ms = append(ms, config.Machine{Name: n, DisplayName: n, Packs: []string{"base"}, Enabled: true})
	}
	return ms
}

func zone(t *testing.T, name string) *time.Location {
	t.Helper()
	loc, err := time.LoadLocation(name)
	require.NoError(t, err)
	return loc
}

var errInjected = errors.New("injected")

// safeBuffer is a log that can be read while it is written.
type safeBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *safeBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *safeBuffer) has(parts ...string) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	for line := range strings.Lines(b.buf.String()) {
		all := true
		for _, p := range parts {
			all = all && strings.Contains(line, p)
		}
		if all {
			return true
		}
	}
	return false
}
