package state

import (
	"context"
	"fmt"
	"log/slog"
	"runtime"
	"sync"
	"sync/atomic"
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

// fleet makes a directory with a store of so many pairs.
func fleet(b *testing.B, pairs int) string {
	b.Helper()
	dir := b.TempDir()
	s, err := Open(b.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(b, err)
	var next atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for i := int(next.Add(1)) - 1; i < pairs; i = int(next.Add(1)) - 1 {
				store(b, s, typicalRecord(i))
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
	for _, pairs := range []int{10_000, 30_000} {
		b.Run(fmt.Sprintf("pairs=%d", pairs), func(b *testing.B) {
			dir := fleet(b, pairs)
			var heap uint64
			for b.Loop() {
				b.StopTimer()
				before := heapInUse()
				b.StartTimer()
				s, err := Open(b.Context(), Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
				require.NoError(b, err)
				b.StopTimer()
				require.Len(b, s.View().Records(), pairs)
				require.Len(b, s.View().Alerts(), pairs/20)
				heap = heapInUse() - before
				require.NoError(b, s.Close())
				b.StartTimer()
			}
			b.ReportMetric(float64(heap)/float64(pairs), "bytes/pair")
		})
	}
}

func heapInUse() uint64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkTransition stores another verdict of one of many pairs.
func BenchmarkTransition(b *testing.B) {
	for name, detail := range map[string]bool{"detail=same": false, "detail=other": true} {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/writers=%d", name, writers), func(b *testing.B) {
				s := open(b, b.TempDir())
				var n atomic.Int64
				b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
				if writers == 1 {
					for b.Loop() {
						step(b, s, int(n.Add(1)), detail)
					}
					return
				}
				b.RunParallel(func(pb *testing.PB) {
					for pb.Next() {
						step(b, s, int(n.Add(1)), detail)
					}
				})
			})
		}
	}
}

func step(b *testing.B, s *Store, n int, detail bool) {
	r := typicalRecord(n % 1000)
	r.Verdict.At = t0.Add(time.Duration(n) * time.Second)
	if detail {
		r.Detail.Errors = []ItemError{{Kind: "file", Item: "/x", Error: fmt.Sprint(n)}}
	}
	store(b, s, r)
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

// BenchmarkViewAlerts asks a view of many pairs for its few alerts.
func BenchmarkViewAlerts(b *testing.B) {
	s := open(b, fleet(b, 10_000))
	for b.Loop() {
		if len(s.View().Alerts()) != 500 {
			b.Fatal("alerts are missing")
		}
	}
}
