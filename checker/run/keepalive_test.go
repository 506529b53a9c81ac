package run

import (
	"context"
	"log/slog"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const twice = "another worker is at this machine already"

// longCheck runs one machine's check, which lasts as long as during says, with a queue that waits for a sign of
// life for ackWait of real time. It returns how often the machine was checked.
func longCheck(t *testing.T, ackWait, keepAlive time.Duration, during func(), log *safeBuffer) int {
	t.Helper()
	s, err := state.Open(t.Context(), state.Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), AckWait: ackWait})
	require.NoError(t, err)
	defer func() { assert.NoError(t, s.Close()) }()
	var checks atomic.Int32
	stored := make(chan struct{})
	r, err := New(Options{
		Store: s, Queue: s.Queue(), Fleet: newFleet(t, nil, machines("a")...), KeepAlive: keepAlive,
		Logger: slog.New(slog.NewTextHandler(log, nil)),
		Check: func(_ context.Context, _ *checker.Fleet, machine, run string) checker.Outcome {
			checks.Add(1)
			during()
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
	return int(checks.Load())
}

// A check that takes twice as long as the queue waits for a sign of life stays with its worker.
func TestLongCheckKeepsItsJob(t *testing.T) {
	t.Parallel() // it waits most of the time
	log := &safeBuffer{}
	const ackWait = 3 * time.Second
	n := longCheck(t, ackWait, ackWait/20, func() { <-time.After(2 * ackWait) }, log)
	assert.Equal(t, 1, n)
	assert.False(t, log.has(twice), "the job came only once")
}

// Should the signs not get through, the job comes a second time, and the machine still has only one check.
func TestJobThatComesWhileItIsWorkedOn(t *testing.T) {
	t.Parallel()
	log := &safeBuffer{}
	n := longCheck(t, 100*time.Millisecond, time.Hour, func() {
		assert.Eventually(t, func() bool { return log.has(twice, "machine=a") }, soon, poll)
	}, log)
	assert.Equal(t, 1, n)
}
