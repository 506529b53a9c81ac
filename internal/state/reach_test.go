package state

import (
	"context"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// What is read on demand says that the servers are away, at once, and is there again when they are.
func TestReadsSayThatTheServersAreAway(t *testing.T) {
	srv := natsServer(t, nil)
	s := join(t, srv, "r1")
	store(t, s, drifted(pair, 2))
	run := Run{ID: RunID(t0), Trigger: TriggerAPI, Phase: RunRunning, StartedAt: t0, Total: 1}
	require.NoError(t, s.CreateRun(t.Context(), run))
	reads := map[string]func(ctx context.Context) error{
		"detail":  func(ctx context.Context) error { _, err := s.Detail(ctx, pair); return err },
		"history": func(ctx context.Context) error { _, err := s.History(ctx, pair); return err },
		"run":     func(ctx context.Context) error { _, err := s.Run(ctx, run.ID); return err },
	}
	srv.stop()
	require.Eventually(t, func() bool { return !s.View().Live() }, eventually, tick)
	for what, read := range reads {
		ctx, cancel := context.WithTimeout(t.Context(), eventually)
		err := read(ctx)
		require.NoError(t, ctx.Err(), "it does not wait")
		cancel()
		require.ErrorIs(t, err, ErrUnreachable, what)
	}
	srv.start(t)
	for what, read := range reads {
		require.Eventually(t, func() bool {
			ctx, cancel := context.WithTimeout(t.Context(), time.Second)
			defer cancel()
			return read(ctx) == nil
		}, eventually, tick, what)
	}
}
