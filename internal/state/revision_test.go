package state

import (
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestViewRevisionChangesWithLive(t *testing.T) {
	var connected atomic.Bool
	v := newView(&buckets{}, connected.Load, Options{}.withDefaults())
	last := v.Revision()
	changes := func(what string, f func()) {
		t.Helper()
		f()
		now := v.Revision()
		assert.NotEqual(t, last, now, what)
		assert.Equal(t, now, v.Revision(), "nothing happened")
		last = now
	}
	generation, _ := v.current()
	v.records.finishReplay(generation, nil, head{asked: time.Now()})
	v.machines.finishReplay(generation, nil, head{asked: time.Now()})
	v.runs.finishReplay(generation, nil, head{asked: time.Now()})
	last = v.Revision()
	changes("connected", func() { connected.Store(true) })
	changes("disconnected, before the handler said so", func() { connected.Store(false) })
	changes("connected again", func() { connected.Store(true) })
	changes("replaying again", v.cut)
	changes("lost, and seen by who asked for Live", func() {
		generation, _ := v.current()
		v.records.finishReplay(generation, nil, head{asked: time.Now()})
		v.machines.finishReplay(generation, nil, head{asked: time.Now()})
		v.runs.finishReplay(generation, nil, head{asked: time.Now()})
		last = v.Revision()
		connected.Store(false)
		assert.False(t, v.Live())
		connected.Store(true)
	})
	changes("one that no longer follows", func() { v.runs.setLive(false) })
	v.runs.setLive(false)
	assert.Equal(t, last, v.Revision(), "it did not before")
}

func TestViewRevisionStandsWhileTheWatcherRepeatsOwnWrites(t *testing.T) {
	s := open(t, t.TempDir())
	store(t, s, drifted(pair, 1))
	revision := s.View().Revision()
	head, err := s.buckets.state.head(t.Context(), s.view.clock)
	require.NoError(t, err)
	require.Eventually(t, func() bool {
		s.view.mu.Lock()
		defer s.view.mu.Unlock()
		return s.view.records.table.watched >= head.revision
	}, eventually, tick)
	assert.Equal(t, revision, s.View().Revision())
	store(t, s, drifted(pair, 1))
	assert.Equal(t, revision, s.View().Revision(), "what is stored already is no change")
}
