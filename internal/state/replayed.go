package state

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/jonboulle/clockwork"
)

const (
	// slowReplay is after how long a replay is told of that is still on, and again each time.
	slowReplay = 10 * time.Second
	// stoppedReplay is after how long without anything new it is given up.
	stoppedReplay = 30 * time.Second
)

// replayed waits until what is stored was read. Whoever reads files of its own may find some that are damaged in a way that its
// server takes for whole (its checksums leave out the length of a message's header), and then some of it never comes: that must not be
// a start that hangs. With bounded it ends after stoppedReplay without anything new; servers that are elsewhere may take as long as
// they like.
func replayed(ctx context.Context, live func() bool, changed func() <-chan struct{}, bounded bool, clock clockwork.Clock, log *slog.Logger) error {
	began := clock.Now()
	moved := began
	slow := clock.NewTicker(slowReplay)
	defer slow.Stop()
	for {
		next := changed()
		if live() {
			return nil
		}
		select {
		case <-next:
			moved = clock.Now()
		case <-slow.Chan():
			if bounded && clock.Since(moved) >= stoppedReplay {
				return fmt.Errorf("replay: nothing more of what is stored could be read for %s, its files may be damaged", stoppedReplay)
			}
			log.Warn("still reading what is stored", "since", began, "waited", clock.Since(began).Round(time.Second))
		case <-ctx.Done():
			return fmt.Errorf("replay: %w", ctx.Err())
		}
	}
}
