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
	// endlessReplay is after how long it is given up: a million pairs take a tenth of it.
	endlessReplay = 10 * time.Minute
)

// replayed waits until what is stored was read. Whoever reads files of its own may find some that are damaged in a way that its
// server takes for whole, and then some of it never comes: that must not be a start that hangs without a word. With bounded it ends
// after endlessReplay; servers that are elsewhere may take as long as they like.
func replayed(ctx context.Context, live func() bool, changed func() <-chan struct{}, bounded bool, clock clockwork.Clock, log *slog.Logger) error {
	began := clock.Now()
	slow := clock.NewTicker(slowReplay)
	defer slow.Stop()
	for {
		next := changed()
		if live() {
			return nil
		}
		select {
		case <-next:
		case <-slow.Chan():
			waited := clock.Since(began)
			if bounded && waited >= endlessReplay {
				return fmt.Errorf("replay: what is stored was not read within %s, its files may be damaged", endlessReplay)
			}
			log.Warn("still reading what is stored", "since", began, "waited", waited.Round(time.Second))
		case <-ctx.Done():
			return fmt.Errorf("replay: %w", ctx.Err())
		}
	}
}
