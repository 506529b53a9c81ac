package run

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// A check that takes twice as long as the queue waits for a sign of life stays with its worker: without
// the signs, the job would come a second time meanwhile.
func TestLongCheckKeepsItsJob(t *testing.T) {
	t.Parallel() // it waits most of the time
	const ackWait = 3 * time.Second
	s, err := state.Open(t.Context(), state.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), AckWait: ackWait})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()

	log := &safeBuffer{}
	stored := make(chan struct{})
	checks := 0
	f := newFleet(t, nil, machines("a")...)
	r, err := New(Options{
		Store: s, Queue: s.Queue(), Fleet: f, KeepAlive: ackWait / 20, Clock: clockwork.NewRealClock(),
		Logger: slog.New(slog.NewTextHandler(log, &slog.HandlerOptions{Level: slog.LevelDebug})),
		Check: func(_ context.Context, _ *checker.Fleet, machine, run string) checker.Outcome {
			checks++
			<-time.After(2 * ackWait) // the queue goes by the real time
			return checker.Outcome{Machine: machine, Run: run}
		},
		Sink: func(context.Context, checker.Outcome) error { close(stored); return nil },
	})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- r.Run(ctx) }()
	<-stored
	cancel()
	require.NoError(t, <-ended)
	assert.Equal(t, 1, checks)
	assert.False(t, log.has("another worker"), "the job came only once")
}
