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
	for ticks := 0; err == nil && ticks < int(2*stoppedReplay/slowReplay); ticks++ {
		require.NoError(t, clock.BlockUntilContext(t.Context(), 1))
		clock.Advance(slowReplay)
		select {
		case err = <-ended:
		case <-time.After(10 * time.Millisecond): // it may take longer to look: the next tick comes all the same
		}
	}
	require.ErrorContains(t, err, "could be read for 30s, its files may be damaged")
	assert.Contains(t, log.String(), "still reading what is stored")
}

func TestReplayThatGoesOnIsNotGivenUp(t *testing.T) {
	clock := clockwork.NewFakeClock()
	changed, looks, most := make(chan struct{}, 1), 0, int(3*stoppedReplay/slowReplay)
	live := func() bool { // something comes each time that it was slow
		if looks++; looks%2 == 0 {
			changed <- struct{}{}
		} else if looks < most {
			go clock.Advance(slowReplay)
		}
		return looks >= most
	}
	require.NoError(t, replayed(t.Context(), live, func() <-chan struct{} { return changed }, true, clock, slog.New(slog.DiscardHandler)))
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
