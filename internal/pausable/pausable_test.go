package pausable_test

import (
	"context"
	"sync"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/pausable"
)

// lasts is after how long a context ends, and why.
func lasts(t *testing.T, ctx context.Context) (time.Duration, error) { //nolint:revive // t comes first in tests
	t.Helper()
	begun := time.Now()
	<-ctx.Done()
	return time.Since(begun), ctx.Err()
}

func TestTimeout(t *testing.T) {
	for name, c := range map[string]struct {
		do   func(ctx context.Context, cancel func())
		want time.Duration
		err  error
	}{
		"runs out":     {func(context.Context, func()) {}, 10 * time.Second, context.DeadlineExceeded},
		"is cancelled": {func(_ context.Context, cancel func()) { cancel() }, 0, context.Canceled},
		"stands still": {func(ctx context.Context, _ func()) { wait(ctx, 3*time.Second, time.Minute) }, 70 * time.Second, context.DeadlineExceeded},
		"stands still twice": {func(ctx context.Context, _ func()) {
			wait(ctx, time.Second, time.Minute)
			wait(ctx, time.Second, time.Minute)
		}, 130 * time.Second, context.DeadlineExceeded},
		"was up before a pause": {func(ctx context.Context, _ func()) { wait(ctx, 11*time.Second, time.Minute) }, 10 * time.Second, context.DeadlineExceeded},
		"pauses overlap": {func(ctx context.Context, _ func()) {
			first, second := pausable.Pause(ctx), pausable.Pause(ctx)
			time.Sleep(time.Minute)
			first()
			first()
			time.Sleep(time.Minute)
			second()
		}, 130 * time.Second, context.DeadlineExceeded},
		"is cancelled in a pause": {func(ctx context.Context, cancel func()) {
			resume := pausable.Pause(ctx)
			time.Sleep(time.Minute)
			cancel()
			resume()
		}, time.Minute, context.Canceled},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				ctx, cancel := pausable.WithTimeout(t.Context(), 10*time.Second)
				defer cancel()
				derived, stop := context.WithCancel(ctx)
				defer stop()
				var done sync.WaitGroup
				done.Go(func() { c.do(derived, cancel) })
				took, err := lasts(t, derived)
				assert.Equal(t, c.want, took)
				assert.Equal(t, c.err, err)
				done.Wait()
			})
		})
	}
}

// wait pauses for a while, after some time.
func wait(ctx context.Context, after, paused time.Duration) {
	time.Sleep(after)
	resume := pausable.Pause(ctx)
	time.Sleep(paused)
	resume()
}

func TestEndOfTheParentEndsATimeoutThatStandsStill(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		parent, end := context.WithTimeout(t.Context(), time.Minute)
		defer end()
		ctx, cancel := pausable.WithTimeout(parent, time.Second)
		defer cancel()
		resume := pausable.Pause(ctx)
		defer resume()
		took, err := lasts(t, ctx)
		assert.Equal(t, time.Minute, took)
		assert.Equal(t, context.DeadlineExceeded, err)
	})
}

func TestContextWithoutATimeoutIsLeftAlone(t *testing.T) {
	pausable.Pause(t.Context())()
	assert.NoError(t, t.Context().Err())
}
