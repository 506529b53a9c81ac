package state

import (
	"context"
	"fmt"
	"runtime"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// BenchmarkTransition stores the verdict of another check of one of many pairs. first: nothing is known of the pair;
// unchanged: only the times are others; changed: another verdict, with its detail and a change for the history.
func BenchmarkTransition(b *testing.B) {
	for _, variant := range []string{"first", "unchanged", "changed"} {
		for _, writers := range []int{1, 16} {
			b.Run(fmt.Sprintf("%s/writers=%d", variant, writers), func(b *testing.B) { transitions(b, variant, writers) })
		}
	}
}

// transitionPairs is how many pairs take turns, but for first, where each comes once.
const transitionPairs = 1000

func transitions(b *testing.B, variant string, writers int) {
	s := open(b, b.TempDir())
	if variant != "first" {
		for i := range transitionPairs {
			store(b, s, typicalRecord(i))
		}
	}
	var n atomic.Int64
	b.SetParallelism(max(1, writers/runtime.GOMAXPROCS(0)))
	b.ResetTimer()
	start := processorTime()
	if writers == 1 {
		for range b.N {
			checkAgain(b, s, variant, int(n.Add(1))-1)
		}
	} else {
		b.RunParallel(func(pb *testing.PB) {
			for pb.Next() {
				checkAgain(b, s, variant, int(n.Add(1))-1)
			}
		})
	}
	b.ReportMetric(float64((processorTime()-start).Microseconds())/float64(b.N), "cpu-µs/op")
}

// checkAgain stores what the nth check found.
func checkAgain(b *testing.B, s *Store, variant string, n int) {
	i := n
	if variant != "first" {
		i = n % transitionPairs
	}
	r := typicalRecord(i)
	if again := n/transitionPairs + 1; variant == "changed" {
		r.Verdict.Status, r.Attempt.Status, r.Verdict.Mismatches = Drifted, Drifted, again
		r.Detail.Mismatches = []Mismatch{mismatch(again)}
	}
	at := t0.Add(time.Duration(n+1) * time.Second)
	r.Verdict.At, r.Attempt.At = at, at
	needsDetail := variant == "changed"
	require.NoError(b, s.Transition(context.Background(), r.Key, func(*Record) (*Record, bool) { return r, true },
		DetailIf(func(*Record) bool { return needsDetail })))
}
