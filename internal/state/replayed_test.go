package state

import (
	"bytes"
	"log/slog"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestReplayThatDoesNotEndIsToldOfAndGivenUp(t *testing.T) {
	never := func() <-chan struct{} { return make(chan struct{}) }
	var log bytes.Buffer
	clock := clockwork.NewFakeClock()
	ended := make(chan error, 1)
	go func() {
		ended <- replayed(t.Context(), func() bool { return false }, never, true, clock, slog.New(slog.NewTextHandler(&log, nil)))
	}()
	var err error
	for ticks := 0; err == nil && ticks < int(2*endlessReplay/slowReplay); ticks++ {
		require.NoError(t, clock.BlockUntilContext(t.Context(), 1))
		clock.Advance(slowReplay)
		select {
		case err = <-ended:
		case <-time.After(10 * time.Millisecond): // it may take longer to look: the next tick comes all the same
		}
	}
	require.ErrorContains(t, err, "was not read within 10m0s, its files may be damaged")
	assert.Contains(t, log.String(), "still reading what is stored")
}

func TestReplayEndsOnceTheViewIsLive(t *testing.T) {
	changed := make(chan struct{})
	looks := 0
	live := func() bool {
		if looks++; looks == 1 {
			close(changed)
		}
		return looks > 1
	}
	require.NoError(t, replayed(t.Context(), live, func() <-chan struct{} { return changed }, true, clockwork.NewFakeClock(), slog.New(slog.DiscardHandler)))
}
