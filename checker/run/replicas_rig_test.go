package run

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// cluster is several Runners with stores of their own around one NATS server. Who coordinates, and whether they agree,
// is the test's choice.
type cluster struct {
	t        *testing.T
	clock    *clockwork.FakeClock
	replicas []*replica
	onCheck  func(ctx context.Context, by *replica, c call) checker.Outcome // nil: everything complies

	mu    sync.Mutex
	calls []call
}

// replica is one of them.
type replica struct {
	*state.Store
	name    string
	leads   atomic.Bool
	differs atomic.Bool
	pause   atomic.Pointer[pause] // where it stops; nil: nowhere
	ahead   atomic.Int64          // its clock
	runner  *Runner
	log     *safeBuffer
	cancel  context.CancelFunc
	ended   chan error
}

func (r *replica) Coordinates() bool { return r.leads.Load() }
func (r *replica) Agreed() bool      { return !r.differs.Load() }

func (r *replica) ClockOff() time.Duration { return time.Duration(r.ahead.Load()) }

// stop ends its Runner.
func (r *replica) stop(t *testing.T) {
	t.Helper()
	if r.cancel == nil {
		return
	}
	r.cancel()
	r.cancel = nil
	select {
	case err := <-r.ended:
		require.NoError(t, err)
	case <-time.After(soon):
		require.FailNow(t, "a runner did not stop")
	}
}

// newCluster makes replicas, one for each fleet. None is started.
func newCluster(t *testing.T, fleets ...*checker.Fleet) *cluster {
	t.Helper()
	srv, err := server.NewServer(&server.Options{
		Host: "127.0.0.1", Port: server.RANDOM_PORT, JetStream: true, StoreDir: t.TempDir(), NoSigs: true, NoLog: true,
	})
	require.NoError(t, err)
	srv.Start()
	t.Cleanup(func() { srv.Shutdown(); srv.WaitForShutdown() })
	require.True(t, srv.ReadyForConnections(soon))
	c := &cluster{t: t, clock: clockwork.NewFakeClockAt(noon)}
	for i, f := range fleets {
		r := &replica{name: fmt.Sprintf("r%d", i), log: &safeBuffer{}}
		r.Store, err = state.Open(t.Context(), state.Options{
			Logger: slog.New(slog.DiscardHandler), AckWait: time.Minute,
			Cluster: &state.Cluster{URL: srv.ClientURL(), Replica: state.Replica{Name: r.name, Role: state.RoleAll, StartedAt: noon}},
		})
		require.NoError(t, err)
		r.runner, err = New(Options{
			Store: r, Queue: pausedQueue{r.Queue(), r}, Fleet: f, Clock: c.clock,
			Logger: slog.New(slog.NewTextHandler(r.log, &slog.HandlerOptions{Level: slog.LevelDebug})),
			Check: func(ctx context.Context, _ *checker.Fleet, machine, run string) checker.Outcome {
				return c.check(ctx, r, machine, run)
			},
			Sink: func(ctx context.Context, out checker.Outcome) error { return c.sink(ctx, r, out) },
		})
		require.NoError(t, err)
		c.replicas = append(c.replicas, r)
		t.Cleanup(func() { r.stop(t); require.NoError(t, r.Close()) })
	}
	return c
}

// start runs all of them, of which the first coordinates.
func (c *cluster) start() *cluster {
	c.lead(0)
	for _, r := range c.replicas {
		var ctx context.Context
		ctx, r.cancel = context.WithCancel(context.Background())
		r.ended = make(chan error, 1)
		go func() { r.ended <- r.runner.Run(ctx) }()
	}
	return c
}

// lead makes one the coordinator, or none for -1.
func (c *cluster) lead(which int) {
	for i, r := range c.replicas {
		if i != which {
			r.leads.Store(false)
		}
	}
	if which >= 0 {
		c.replicas[which].leads.Store(true)
	}
}

func (c *cluster) check(ctx context.Context, by *replica, machine, run string) checker.Outcome {
	c.mu.Lock()
	now := call{machine: machine, run: run, nth: 1}
	for _, before := range c.calls {
		if before.machine == machine && before.run == run {
			now.nth++
		}
	}
	c.calls = append(c.calls, now)
	c.mu.Unlock()
	if c.onCheck != nil {
		return c.onCheck(ctx, by, now)
	}
	return c.complies(now)
}

func (c *cluster) complies(now call) checker.Outcome {
	g := &rig{clock: c.clock}
	return g.complies(now)
}

func (c *cluster) fails(now call) checker.Outcome {
	g := &rig{clock: c.clock}
	return g.fails(now, state.ReasonConnect, true)
}

// sink stores an outcome's attempts, once for each run as a judge does.
func (c *cluster) sink(ctx context.Context, by *replica, out checker.Outcome) error {
	for _, res := range out.Results {
		err := by.Transition(ctx, res.Key, func(prev *state.Record) (*state.Record, bool) {
			if prev != nil && prev.Attempt.Run == res.Run {
				return nil, false
			}
			return &state.Record{Key: res.Key, Attempt: state.Attempt{Status: res.Status, At: res.At, Run: res.Run}}, true
		})
		if err != nil {
			return err
		}
	}
	return nil
}

// times is how often machines were checked in a run, by machine.
func (c *cluster) times(run string) map[string]int {
	c.mu.Lock()
	defer c.mu.Unlock()
	n := map[string]int{}
	for _, now := range c.calls {
		if now.run == run {
			n[now.machine]++
		}
	}
	return n
}

// eventually waits, and lets the loops look around meanwhile.
func (c *cluster) eventually(what string, is func() bool) {
	c.t.Helper()
	c.patiently(what, func() bool {
		c.clock.Advance(tickEvery)
		return is()
	})
}

// within is eventually, but no more time passes by the clock, however long it takes: nobody's patience with a run may end.
func (c *cluster) within(most time.Duration, what string, is func() bool) {
	c.t.Helper()
	passed := time.Duration(0)
	c.patiently(what, func() bool {
		if passed < most {
			c.clock.Advance(tickEvery)
			passed += tickEvery
		}
		return is()
	})
}

// patiently waits while the clock stands.
func (c *cluster) patiently(what string, is func() bool) {
	c.t.Helper()
	require.Eventually(c.t, is, soon, 20*time.Millisecond, what)
}

// ends waits until every replica shows that a run is over, and returns it without its times.
func (c *cluster) ends(id string) state.Run {
	c.t.Helper()
	var run state.Run
	c.eventually("the end of run "+id, func() bool {
		for _, r := range c.replicas {
			var ok bool
			if run, ok = r.View().Run(id); !ok || !run.Ended() {
				return false
			}
		}
		return true
	})
	run.StartedAt, run.EndedAt = time.Time{}, time.Time{}
	return run
}
