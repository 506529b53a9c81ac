package state

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// typicalRecord is a pair as fleets have them: named after its host, one in twenty drifted and firing.
func typicalRecord(i int) *Record {
	k := Key{fmt.Sprintf("web-%05d.prod.example.com", i/3), []string{"base", "web", "hardening"}[i%3]}
	r := compliant(k)
	if i%20 == 0 {
		r = drifted(k, 4)
		r.Alert = largeRecord().Alert
	}
	r.Verdict.PackDigest = "0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef"
	r.Detail.Definitions = map[string]string{}
	for n := range 30 {
		r.Detail.Definitions[ItemID("file", mismatch(n).Item)] = "0123456789abcdef"
	}
	return r
}

// fleet makes a directory with a store of so many pairs, each of them with these recent checks.
func fleet(b *testing.B, pairs int, recent Checks) string {
	b.Helper()
	dir := b.TempDir()
	s, err := Open(b.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < pairs; i = int(next.Add(1)) - 1 {
				r := typicalRecord(i)
				r.Recent = recent.Pack()
				store(b, s, r)
			}
		})
	}
	wg.Wait()
	require.NoError(b, s.Close())
	return dir
}

// BenchmarkOpen opens a store with its server and replays the view. It reports what that leaves on the heap for
// a pair, the server's share included.
func BenchmarkOpen(b *testing.B) {
	for _, pairs := range []int{1_000, 10_000, 30_000} {
		b.Run(fmt.Sprintf("pairs=%d", pairs), func(b *testing.B) {
			dir := fleet(b, pairs, nil)
			var took time.Duration
			var heap uint64
			for b.Loop() {
				var d time.Duration
				d, heap = reopen(b, dir, pairs)
				took += d
			}
			b.ReportMetric(float64(took.Microseconds())/1e3/float64(b.N), "cpu-ms/op")
			b.ReportMetric(float64(heap)/float64(pairs), "bytes/pair")
		})
	}
}

// BenchmarkOpenWithRecentChecks opens, turn and turn about, a store whose pairs have as many recent checks as there
// may be, and one whose pairs have none.
func BenchmarkOpenWithRecentChecks(b *testing.B) {
	const pairs = 30_000
	dirs := []string{fleet(b, pairs, nil), fleet(b, pairs, fullStrip())}
	var took [2]time.Duration
	var heap [2]uint64
	for b.Loop() {
		for i, dir := range dirs {
			var d time.Duration
			d, heap[i] = reopen(b, dir, pairs)
			took[i] += d
		}
	}
	b.ReportMetric(float64(took[1])/float64(took[0]), "times-without")
	b.ReportMetric(float64(heap[1])/pairs, "bytes/pair")
	b.ReportMetric((float64(heap[1])-float64(heap[0]))/pairs, "bytes/strip")
}

// reopen opens a store and closes it again, which is not timed. It returns the processor time that opening took, and
// what it left on the heap.
func reopen(b *testing.B, dir string, pairs int) (time.Duration, uint64) {
	b.Helper()
	b.StopTimer()
	before := heapInUse()
	b.StartTimer()
	start := processorTime()
	s, err := Open(b.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	took := processorTime() - start
	require.NoError(b, err)
	b.StopTimer()
	require.Len(b, s.View().Records(), pairs)
	require.Len(b, s.View().Alerts(), pairs/20)
	heap := heapInUse() - before
	require.NoError(b, s.Close())
	b.StartTimer()
	return took, heap
}

func processorTime() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_SELF, &usage) // cannot fail for the process itself
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkEnqueue puts 10,000 machines on the queue.
func BenchmarkEnqueue(b *testing.B) {
	s := open(b, b.TempDir())
	all := jobs(10_000)
	for b.Loop() {
		require.NoError(b, s.Queue().Enqueue(context.Background(), all))
		b.StopTimer()
		n, err := s.Queue().Purge(context.Background())
		require.NoError(b, err)
		require.Equal(b, len(all), n)
		b.StartTimer()
	}
}

// BenchmarkPullAndAck takes 1,000 machines off the queue, 50 at a time.
func BenchmarkPullAndAck(b *testing.B) {
	s := open(b, b.TempDir())
	all := jobs(1000)
	for b.Loop() {
		b.StopTimer()
		require.NoError(b, s.Queue().Enqueue(b.Context(), all))
		b.StartTimer()
		for left := len(all); left > 0; {
			pulled, err := s.Queue().Pull(b.Context(), min(50, left))
			require.NoError(b, err)
			for _, d := range pulled {
				require.NoError(b, d.Ack(b.Context()))
			}
			left -= len(pulled)
		}
	}
}

// BenchmarkViewAlerts asks a view of many pairs for its few alerts.
func BenchmarkViewAlerts(b *testing.B) {
	s := open(b, fleet(b, 10_000, nil))
	for b.Loop() {
		if len(s.View().Alerts()) != 500 {
			b.Fatal("alerts are missing")
		}
	}
}
