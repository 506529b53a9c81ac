package run

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func manyMachines(n int) []config.Machine {
	names := make([]string, n)
	for i := range names {
		names[i] = fmt.Sprintf("m%05d", i)
	}
	return machines(names...)
}

// tally counts checks by machine.
type tally struct {
	mu sync.Mutex
	n  map[string]int
}

func (c *tally) check(_ context.Context, _ *checker.Fleet, machine, run string) checker.Outcome {
	c.mu.Lock()
	c.n[machine]++
	c.mu.Unlock()
	return checker.Outcome{Machine: machine, Run: run}
}

// once asserts that all machines were checked, each of them once.
func (c *tally) once(t *testing.T, f *checker.Fleet) {
	t.Helper()
	c.mu.Lock()
	defer c.mu.Unlock()
	assert.Len(t, c.n, len(f.Config.Machines))
	for machine, n := range c.n {
		assert.Equal(t, 1, n, machine)
	}
}

func TestTwoThousandMachinesOnceEach(t *testing.T) {
	const n = 2000
	f := newFleet(t, func(c *config.Config) { c.Check.Concurrency = 32 }, manyMachines(n)...)
	g := newRig(t, f)
	count := &tally{n: map[string]int{}}
	g.options = func(o *Options) {
		o.Check = count.check
		o.Sink = func(context.Context, checker.Outcome) error { return nil }
		o.Unjudged = nil
		o.Logger = slog.New(slog.DiscardHandler)
	}
	g.start()
	assert.Equal(t, state.Run{ID: today, Trigger: state.TriggerCatchUp, Phase: state.RunDone, Total: n, Checked: n}, g.ends(today))
	count.once(t, f)
}

// A process that dies every now and then completes the run all the same, and repeats next to nothing.
func TestManyMachinesInSpiteOfCrashes(t *testing.T) {
	f := newFleet(t, func(c *config.Config) { c.Check.Concurrency = 8 }, manyMachines(300)...)
	g := newRig(t, f)
	count := &tally{n: map[string]int{}}
	for _, dies := range []string{"enqueue m00200", "machine m00050", "machine m00150", "machine m00299"} {
		dead := g.dieAt(dies, 1)
		mortal := g.options
		g.options = func(o *Options) {
			o.Check = count.check
			o.Sink = func(context.Context, checker.Outcome) error { return nil }
			o.Unjudged = nil
			mortal(o)
		}
		if g.runner == nil {
			g.start()
		} else {
			g.restart(time.Second)
		}
		select {
		case <-dead:
		case <-time.After(soon):
			require.FailNow(t, "the process did not die")
		}
	}
	last := g.options
	g.options = func(o *Options) { s, q := o.Store, o.Queue; last(o); o.Store, o.Queue = s, q }
	g.restart(time.Second)
	assert.Equal(t, 300, g.ends(today).Checked)
	assert.Len(t, count.n, 300)
	total := 0
	for _, n := range count.n {
		total += n
	}
	assert.LessOrEqual(t, total, 300+3*8, "only who was being checked at one of the deaths is checked once more")
}

// BenchmarkRun is what schedule, queue and store cost a machine, beside checks that take no time at all.
func BenchmarkRun(b *testing.B) {
	const n, concurrency = 10_000, 32
	f := newFleet(b, func(c *config.Config) { c.Check.Concurrency = concurrency }, manyMachines(n)...)
	for b.Loop() {
		b.StopTimer()
		s, err := state.Open(b.Context(), state.Options{Dir: b.TempDir(), Logger: slog.New(slog.DiscardHandler)})
		require.NoError(b, err)
		count := &tally{n: map[string]int{}}
		r, err := New(Options{
			Store: s, Queue: s.Queue(), Fleet: f, Check: count.check, Logger: slog.New(slog.DiscardHandler),
			Sink: func(context.Context, checker.Outcome) error { return nil },
		})
		require.NoError(b, err)
		ctx, cancel := context.WithCancel(b.Context())
		ended := make(chan error, 1)
		b.StartTimer()
		begin := time.Now()
		go func() { ended <- r.Run(ctx) }()
		for {
			changed := s.View().Changed()
			if last, ok := s.View().LastRun(); ok && last.Ended() {
				break
			}
			<-changed
		}
		took := time.Since(begin)
		b.StopTimer()
		cancel()
		require.NoError(b, <-ended)
		require.Len(b, count.n, n)
		bare := callDirectly(f, n, concurrency)
		b.ReportMetric(float64(took.Microseconds())/n, "µs/machine")
		b.ReportMetric(float64(bare.Microseconds())/n, "µs/direct")
		b.ReportMetric(float64(took)/float64(bare), "ratio")
		require.NoError(b, s.Close())
		b.StartTimer()
	}
}

// callDirectly is how long as many checks take without a queue and a store.
func callDirectly(f *checker.Fleet, n, concurrency int) time.Duration {
	count := &tally{n: map[string]int{}}
	work := make(chan string)
	var wg sync.WaitGroup
	begin := time.Now()
	for range concurrency {
		wg.Go(func() {
			for machine := range work {
				count.check(context.Background(), f, machine, today)
			}
		})
	}
	for i := range n {
		work <- f.Config.Machines[i].Name
	}
	close(work)
	wg.Wait()
	return time.Since(begin)
}
