package main

import (
	"context"
	"fmt"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// jumpingClock is what the whole daemon takes for the time. Alertmanager's is right.
type jumpingClock struct {
	clockwork.Clock
	by atomic.Int64
}

func (c *jumpingClock) Now() time.Time                  { return c.Clock.Now().Add(time.Duration(c.by.Load())) }
func (c *jumpingClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }
func (c *jumpingClock) Until(t time.Time) time.Duration { return t.Sub(c.Now()) }

// TestFaultClockOfTheWholeProgramJumps has all of the daemon, with a real check, a real state and a real Alertmanager, go
// through a drift, a restart and a repair by clocks that are wrong each time.
func TestFaultClockOfTheWholeProgramJumps(t *testing.T) {
	const day = 24 * time.Hour
	jumps := []time.Duration{-40 * day, 400 * day, -5 * time.Hour, 5 * time.Hour, -3 * day, 3 * day, -20 * 365 * day, 20 * 365 * day}
	jumps = jumps[:testfaults.Pick(1, len(jumps))]
	for _, jump := range jumps {
		t.Run(jump.String(), func(t *testing.T) {
			am := testalertmanager.Start(t, "route: {receiver: none}\nreceivers: [{name: none}]\n")
			w := newWorkspace(t)
			w.write("config.yaml", fmt.Sprintf(`
alerting: {alertmanagers: [{url: %q}], resend_delay: 1s}
machines: [{name: here, transport: local, packs: [base]}]
`, am.URL))
			clock := &jumpingClock{Clock: clockwork.NewRealClock()}
			set := func(by time.Duration) { clock.by.Store(int64(by)) }
			fires := func() bool { return len(am.Alerts()) == 1 }
			startsAt := func() time.Time { return time.Time(*am.Alerts()[0].StartsAt).UTC() }

			d, stop := runDaemon(t, w, clock)
			checkNow(t, d, state.Compliant)
			w.write("motd", "drifted\n")
			checkNow(t, d, state.Drifted)
			testprocess.Eventually(t, "it fires", fires, am.Output)
			since := startsAt()

			set(jump)
			resent(t, am)
			checkNow(t, d, state.Drifted)
			resent(t, am)
			stop()
			d, stop = runDaemon(t, w, clock)
			resent(t, am)
			set(0)
			checkNow(t, d, state.Drifted)
			resent(t, am)
			assert.Equal(t, since, startsAt(), "the alert is the same all the time")

			set(jump)
			w.write("motd", "welcome\n")
			checkNow(t, d, state.Compliant)
			testprocess.Eventually(t, "it is resolved", func() bool { return !fires() }, am.Output)
			set(0)
			w.write("motd", "drifted\n")
			checkNow(t, d, state.Drifted)
			testprocess.Eventually(t, "it fires anew", fires, am.Output)
			w.write("motd", "welcome\n")
			checkNow(t, d, state.Compliant)
			testprocess.Eventually(t, "it is resolved again", func() bool { return !fires() }, am.Output)
			stop()
		})
	}
	testfaults.Survived(t, "the clock of the whole program jumps: while it fires, at a restart, at repair", 5*len(jumps))
}

// runDaemon runs a daemon in this process until it is stopped.
func runDaemon(t *testing.T, w *workspace, clock clockwork.Clock) (d *daemon, stop func()) {
	t.Helper()
	d, err := tryDaemonBy(t, w.dir, serveFlags{}, clock)
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(t.Context())
	ended := make(chan error, 1)
	go func() { ended <- d.run(ctx) }()
	stopped := false
	stop = func() {
		if stopped {
			return
		}
		stopped = true
		cancel()
		require.NoError(t, <-ended)
	}
	t.Cleanup(stop)
	return d, stop
}

// checkNow has here checked by a run that is asked for, which must end with that verdict.
func checkNow(t *testing.T, d *daemon, want state.Status) {
	t.Helper()
	id := ""
	testprocess.Eventually(t, "a run is accepted", func() bool {
		var err error
		id, err = d.runner.StartRun(t.Context(), state.TriggerAPI, nil)
		return err == nil
	}, func() string { return "" })
	testprocess.Eventually(t, "run "+id+" ends", func() bool {
		run, ok := d.store.View().Run(id)
		return ok && run.Ended()
	}, func() string { return "" })
	record, ok := d.store.View().Record(here)
	require.True(t, ok)
	require.Equal(t, id, record.Attempt.Run, "the check was dropped")
	require.Equal(t, want, record.Verdict.Status)
}

// resent waits until Alertmanager was told of the alert twice more, and holds that it fires all the while.
func resent(t *testing.T, am *testalertmanager.Server) {
	t.Helper()
	seen := map[time.Time]bool{}
	testprocess.Eventually(t, "it is told again", func() bool {
		alerts := am.Alerts()
		require.Len(t, alerts, 1, "the alert has ended")
		seen[time.Time(*alerts[0].UpdatedAt)] = true
		return len(seen) > 2
	}, am.Output)
}
