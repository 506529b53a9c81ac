package state

import (
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// wrongClock goes as all do, and shows another time.
type wrongClock struct {
	clockwork.Clock
	by atomic.Int64
}

func (c *wrongClock) Now() time.Time { return c.Clock.Now().Add(time.Duration(c.by.Load())) }

func TestSkewIsWhatTheRequestCannotHaveTaken(t *testing.T) {
	for name, c := range map[string]struct {
		server, want time.Duration
	}{
		"the same":                    {time.Second, 0},
		"within the request":          {3 * time.Second, 0},
		"the server is an hour late":  {-time.Hour, time.Hour},
		"the server is an hour early": {time.Hour, 4*time.Second - time.Hour},
	} {
		t.Run(name, func(t *testing.T) {
			var s skew
			s.measure(t0, t0.Add(4*time.Second), t0.Add(c.server))
			ahead, ok := s.get()
			assert.True(t, ok)
			assert.Equal(t, c.want, ahead)
		})
	}
	var s skew
	s.measure(t0, t0, time.Time{})
	_, ok := s.get()
	assert.False(t, ok, "it did not say")
}

// Runs would begin an hour early, or late.
func TestReplicaWhoseClockIsWrongDoesNotCoordinate(t *testing.T) {
	srv := natsServer(t, nil)
	var log logBuffer
	clock := &wrongClock{Clock: clockwork.NewRealClock()}
	o := clustered(srv, "r1")
	o.timing, o.realClock, o.Logger = quick, clock, log.logger()
	r1 := openWith(t, o)
	require.Eventually(t, r1.Coordinates, eventually, tick)
	assert.Zero(t, r1.View().ClockOff())

	clock.by.Store(int64(time.Hour))
	require.Eventually(t, func() bool { return r1.View().ClockOff() != 0 && r1.View().Live() }, eventually, tick)
	assert.InDelta(t, time.Hour, r1.View().ClockAhead(), float64(time.Minute))
	assert.False(t, r1.Coordinates())
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "1h0m0s ahead of that of the NATS servers") }, eventually, tick)
	r2 := joinQuick(t, srv, "r2", RoleAll)
	require.Eventually(t, r2.Coordinates, eventually, tick, "the lease is given back")

	require.NoError(t, r2.Close())
	require.Never(t, r1.Coordinates, 500*time.Millisecond, tick, "not even if there is no other")
	clock.by.Store(int64(-20 * time.Second))
	require.Eventually(t, r1.Coordinates, eventually, tick, "it is set right, or nearly so")
	require.Eventually(t, func() bool { return strings.Contains(log.String(), "the clock is that of") }, eventually, tick)
}

// A single server of several may be wrong: the replica's clock is what some of them have.
func TestClockIsWrongOnlyIfAllServersSaySo(t *testing.T) {
	r1 := joinQuick(t, natsServer(t, nil), "r1", RoleAll)
	r1.cancel() // nothing measures any more
	r1.wg.Wait()
	buckets := []*bucket{r1.buckets.state, r1.buckets.machines, r1.buckets.runs, r1.buckets.replicas, r1.buckets.roster, r1.buckets.hostKeys}
	for i, b := range buckets {
		assert.Zero(t, r1.View().ClockOff(), i)
		b.skew.measure(t0, t0, t0.Add(-time.Hour))
	}
	assert.Equal(t, time.Hour, r1.View().ClockOff())
	for _, b := range buckets {
		b.skew.measure(t0, t0, t0.Add(29*time.Second))
		assert.Zero(t, r1.View().ClockOff(), "near enough")
	}
}
