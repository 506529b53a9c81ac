package state

import (
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/nats-io/nats.go"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// stopped opens a store whose signs of life come only when the clock says so.
func stopped(t *testing.T) (*Store, *clockwork.FakeClock) {
	t.Helper()
	clock := clockwork.NewFakeClock()
	return openWith(t, Options{Dir: t.TempDir(), Logger: slog.New(slog.DiscardHandler), realClock: clock}), clock
}

func TestViewIsLiveForAsLongAsItsLastConfirmation(t *testing.T) {
	s, clock := stopped(t)
	v := s.View()
	require.True(t, v.Live(), "a replay confirms")
	changed := v.Changed()

	// A process that was paused: the time has passed before anything else could run.
	clock.Advance(defaultTiming.confirmed)
	assert.False(t, v.Live(), "at the moment of the call")
	select {
	case <-changed:
	default:
		t.Error("that is a change")
	}

	require.Eventually(t, v.Live, eventually, tick, "the next sign of life, which was due as well")
	clock.Advance(defaultTiming.confirmed - 1)
	assert.True(t, v.Live(), "one is enough for all of its time")
}

func TestAnUnseenLapseEndsWhatWasLiveWithoutOne(t *testing.T) {
	s, clock := stopped(t)
	since := func() time.Time {
		s.view.mu.Lock()
		defer s.view.mu.Unlock()
		return s.view.liveFrom
	}
	require.True(t, s.View().Live())
	before := since()
	clock.Advance(defaultTiming.confirmed) // nobody asks for Live before the view is confirmed again
	require.Eventually(t, func() bool {
		s.view.mu.Lock()
		defer s.view.mu.Unlock()
		return s.view.confirmed(clock.Now())
	}, eventually, tick)
	require.True(t, s.View().Live())
	assert.True(t, since().After(before))
}

func TestElapsedIsWhatEitherClockSays(t *testing.T) {
	now := time.Now()
	assert.Equal(t, time.Minute, elapsed(now.Add(time.Minute), now))
	slept := time.Unix(0, now.Add(time.Hour).UnixNano()) // the wall clock only, as after a suspension
	assert.InDelta(t, time.Hour, elapsed(slept, now), float64(time.Second))
	assert.Greater(t, elapsed(now, time.Time{}), 1000*time.Hour)
}

func TestMirrorIsConfirmedOnceItHasWhatItsBucketHad(t *testing.T) {
	clock := clockwork.NewFakeClock()
	o := Options{realClock: clock}.withDefaults()
	v := newView(&buckets{state: &bucket{}}, func() bool { return true }, o)
	v.mirrors = []mirrored{v.records}
	asked := clock.Now()
	v.records.finishReplay(v.generation, nil, head{revision: 5, asked: asked, created: t0})
	require.True(t, v.Live())

	clock.Advance(10 * time.Second)
	v.records.expect(head{revision: 7, asked: clock.Now()})
	clock.Advance(5 * time.Second)
	assert.False(t, v.Live(), "it is behind")
	v.records.caughtUp(6)
	assert.False(t, v.Live(), "still")
	v.records.caughtUp(8)
	assert.True(t, v.Live())
	clock.Advance(10 * time.Second)
	assert.False(t, v.Live(), "what counts is when it was asked, not when it was reached")
}

func TestBucketThatWasReplacedIsReplayed(t *testing.T) {
	srv := natsServer(t, nil)
	var log logBuffer
	o := clustered(srv, "r1")
	o.Logger, o.timing = log.logger(), quick
	s := openWith(t, o)
	for _, name := range []string{"a", "b", "c"} {
		store(t, s, drifted(Key{name, "base"}, 1))
	}

	require.NoError(t, s.js.DeleteStream(t.Context(), "KV_state"))
	require.Eventually(t, func() bool { return !s.View().Live() }, eventually, tick)
	assert.Len(t, s.View().Records(), 3, "what was last known is still shown")
	err := s.Transition(t.Context(), pair, func(*Record) (*Record, bool) { return drifted(pair, 1), true })
	require.Error(t, err, "nothing is taken for stored")
	assert.Contains(t, log.String(), "the state does not answer")

	other := join(t, srv, "r2") // makes what is missing
	store(t, other, drifted(Key{"b", "base"}, 2))
	require.Eventually(t, func() bool { return s.View().Live() && len(s.View().Records()) == 1 }, eventually, tick)
	b, ok := s.View().Record(Key{"b", "base"})
	require.True(t, ok)
	assert.Equal(t, 2, b.Verdict.Mismatches, "although its revision is older than what was shown")
}

// quick is a timing for tests that wait for what it says.
var quick = timing{
	beat: 50 * time.Millisecond, request: 4 * time.Second, confirmed: time.Second,
	ttl: 2 * time.Second, lease: 1500 * time.Millisecond, settle: 500 * time.Millisecond, lone: 3 * time.Second,
}

// The leader of a stream answers for a while after it has lost the others: only what it stores tells that it has not.
func TestViewIsNotLiveUnlessWhatItSendsIsStored(t *testing.T) {
	s := join(t, natsServer(t, nil), "r1")
	v := s.View()
	require.True(t, v.Live())
	v.mu.Lock()
	long := v.clock.Now().Add(-v.timing.confirmed)
	v.acked = &long
	v.mu.Unlock()
	assert.False(t, v.Live())
	s.member.hurry()
	require.Eventually(t, v.Live, eventually, tick, "the next sign of life is stored")
}

func TestAnOutageIsLoggedOnce(t *testing.T) {
	srv := natsServer(t, nil)
	var log logBuffer
	o := clustered(srv, "r1")
	o.timing, o.Logger = quick, slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelDebug}))
	s := openWith(t, o)
	said := func(level, bucket string) int {
		return strings.Count(log.String(), "level="+level+` msg="following the state failed, starting over" bucket=`+bucket)
	}

	srv.stop()
	require.Eventually(t, func() bool { return said("DEBUG", bucketState) > 2 }, eventually, tick, "it is tried again")
	assert.Equal(t, 1, said("WARN", bucketState))
	assert.Contains(t, log.String(), `err="there is no connection"`)
	require.Eventually(t, func() bool {
		return strings.Contains(log.String(), "does not answer") && strings.Contains(log.String(), "no sign of life reaches")
	}, eventually, tick)
	assert.NotContains(t, log.String(), nats.ErrReconnectBufExceeded.Error())

	srv.start(t)
	require.Eventually(t, s.View().Live, eventually, tick)
	srv.stop()
	require.Eventually(t, func() bool { return said("WARN", bucketState) == 2 }, eventually, tick, "the next one is another")
}

func TestViewOfAServerThatGoesAndComes(t *testing.T) {
	srv := natsServer(t, nil)
	o := clustered(srv, "r1")
	o.timing = quick
	s := openWith(t, o)
	store(t, s, drifted(pair, 1))
	for range 2 {
		srv.stop()
		require.Eventually(t, func() bool { return !s.View().Live() }, eventually, tick)
		ctx, cancel := context.WithTimeout(t.Context(), 50*time.Millisecond)
		err := s.Transition(ctx, pair, func(*Record) (*Record, bool) { return drifted(pair, 2), true })
		cancel()
		require.Error(t, err)
		require.Error(t, s.Queue().Enqueue(t.Context(), []Job{{Run: "2026-01-29T06:00:00Z", Machine: "a"}}))
		r, ok := s.View().Record(pair)
		require.True(t, ok)
		assert.Equal(t, 1, r.Verdict.Mismatches)
		srv.start(t)
		require.Eventually(t, s.View().Live, eventually, tick, "without a restart")
	}
	store(t, s, drifted(pair, 2))
	require.NoError(t, s.Queue().Enqueue(t.Context(), []Job{{Run: "2026-01-29T06:00:00Z", Machine: "a"}}))
}

func TestViewIsNotLiveWhileJetStreamIsOff(t *testing.T) {
	srv := natsServer(t, nil)
	o := clustered(srv, "r1")
	o.timing = quick
	s := openWith(t, o)
	restart := func(jetStream bool) {
		srv.stop()
		srv.options.JetStream = jetStream
		srv.start(t)
	}
	restart(false)
	require.Eventually(t, s.nc.IsConnected, eventually, tick)
	require.Eventually(t, func() bool { return !s.View().Live() }, eventually, tick)
	require.Error(t, s.CreateRun(t.Context(), Run{ID: testRun}))
	assert.False(t, s.View().Live(), "still")
	restart(true)
	require.Eventually(t, s.View().Live, eventually, tick)
	require.NoError(t, s.CreateRun(t.Context(), Run{ID: testRun}))
}
