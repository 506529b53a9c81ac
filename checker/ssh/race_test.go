package ssh

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// runner is one attempt: how long it takes, whether it fails then, and whether it hears of its cancellation.
type runner struct {
	takes time.Duration
	fails bool
	deaf  bool
}

func TestRace(t *testing.T) {
	const never = time.Hour
	tests := []struct {
		name    string
		runners []runner
		within  time.Duration
		winner  int
		took    time.Duration
		dropped []int
		started int
	}{
		{"the first wins alone", []runner{{takes: 0}, {takes: 0}}, never, 0, 0, nil, 1},
		{"one alone wins", []runner{{takes: 300 * time.Millisecond}}, never, 0, 300 * time.Millisecond, nil, 1},
		{"one alone fails", []runner{{takes: 10 * time.Millisecond, fails: true}}, never, -1, 10 * time.Millisecond, nil, 1},
		{"one alone has no more than its time", []runner{{takes: never}}, time.Second, -1, time.Second, nil, 1},
		{"a slow first one is not waited for", []runner{{takes: never}, {takes: 10 * time.Millisecond}}, never, 1, 260 * time.Millisecond, nil, 2},
		{"a failure starts the next at once", []runner{{takes: 10 * time.Millisecond, fails: true}, {takes: 0}}, never, 1, 10 * time.Millisecond, nil, 2},
		{"the first may still win", []runner{{takes: 300 * time.Millisecond}, {takes: never}}, never, 0, 300 * time.Millisecond, nil, 2},
		{"what comes too late is dropped", []runner{{takes: time.Second, deaf: true}, {takes: 500 * time.Millisecond, deaf: true}, {takes: 0}}, never, 2, 500 * time.Millisecond, []int{0, 1}, 3},
		{"all fail", []runner{{takes: 10 * time.Millisecond, fails: true}, {takes: 20 * time.Millisecond, fails: true}}, never, -1, 30 * time.Millisecond, nil, 2},
		{"all have the time together", []runner{{takes: never}, {takes: never}, {takes: never}}, time.Second, -1, time.Second, nil, 3},
		{"one that fails later does not hold up others", []runner{{takes: 300 * time.Millisecond, fails: true}, {takes: never}, {takes: 0}}, never, 2, 300 * time.Millisecond, nil, 3},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := context.WithTimeout(context.Background(), tt.within)
				defer cancel()
				var mu sync.Mutex
				var dropped []int
				started := 0
				begun := time.Now()
				won, winner, errs := race(ctx, len(tt.runners), func(ctx context.Context, i int) (int, error) {
					mu.Lock()
					started++
					mu.Unlock()
					r := tt.runners[i]
					done := ctx.Done()
					if r.deaf {
						done = nil
					}
					select {
					case <-time.After(r.takes):
					case <-done:
						return 0, ctx.Err()
					}
					if r.fails {
						return 0, fmt.Errorf("attempt %d", i)
					}
					return 100 + i, nil
				}, func(value int) { mu.Lock(); defer mu.Unlock(); dropped = append(dropped, value-100) })
				assert.Equal(t, tt.took, time.Since(begun))
				assert.Equal(t, tt.winner, winner)
				synctest.Wait()
				time.Sleep(2 * time.Second)
				mu.Lock()
				defer mu.Unlock()
				assert.ElementsMatch(t, tt.dropped, dropped)
				assert.Equal(t, tt.started, started)
				if winner >= 0 {
					assert.Equal(t, 100+winner, won)
					return
				}
				require.Len(t, errs, len(tt.runners))
				for _, err := range errs {
					require.Error(t, err)
				}
			})
		})
	}
	_, winner, errs := race(t.Context(), 0, func(context.Context, int) (int, error) { return 0, errors.New("never") }, func(int) {})
	assert.Equal(t, -1, winner)
	assert.Empty(t, errs)
}
