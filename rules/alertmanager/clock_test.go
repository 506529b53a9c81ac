package alertmanager

import (
	"fmt"
	"net/http"
	"sync/atomic"
	"testing"
	"time"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/schedule"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/rules"
)

// wrongClock shows another time than the Alertmanagers' clocks. Its times have no monotonic reading, so that a jump of it
// is one for whatever is computed with them.
type wrongClock struct {
	clockwork.Clock
	by atomic.Int64
}

func (c *wrongClock) Now() time.Time {
	return c.Clock.Now().Round(0).Add(time.Duration(c.by.Load()))
}

func (c *wrongClock) Since(t time.Time) time.Duration { return c.Now().Sub(t) }

func (c *wrongClock) set(by time.Duration) { c.by.Store(int64(by)) }

// chain is a pair whose checks are judged and sent by a clock that jumps, and an Alertmanager whose clock is right.
type chain struct {
	*world
	*wrongClock
	schedule *schedule.Schedule
	record   *state.Record
	posts    []post
}

// inChain runs a test of a pair that complied and has drifted, as its Alertmanager knows.
func inChain(t *testing.T, test func(c *chain)) {
	t.Helper()
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		daily, err := schedule.New("0 6 * * *", time.UTC)
		require.NoError(t, err)
		c := &chain{world: w, wrongClock: &wrongClock{Clock: clockwork.NewRealClock()}, schedule: daily}
		w.clock, w.next, w.resend = c.wrongClock, daily.Next, time.Hour
		w.pass(1000 * time.Hour) // there is a past, too
		w.start()
		c.check(state.Compliant)
		w.pass(24 * time.Hour)
		for range 4 { // so that it has fired for days
			c.check(state.Drifted)
			w.pass(24 * time.Hour)
		}
		c.check(state.Drifted)
		w.pass(3 * time.Hour)
		require.True(t, c.fires())
		test(c)
	})
}

// check judges a check of this moment. Its run is later than those before, as the runner sees to where the clock is off by
// no more than an hour.
func (c *chain) check(status state.Status) {
	c.t.Helper()
	now := c.Now()
	run := now
	if c.record != nil {
		stored, err := state.Run{ID: c.record.Attempt.Run}.Instant()
		require.NoError(c.t, err)
		if !stored.Before(now) && !stored.After(now.Add(time.Hour)) {
			run = stored.Add(time.Millisecond)
		}
	}
	r := state.Result{Key: web1, Run: state.RunID(run), Status: status, At: now, Items: 1}
	if status == state.Drifted {
		r.Mismatches = []state.Mismatch{{Type: "missing_file", Kind: "file", Item: "/etc/a"}}
	}
	next, ok := rules.Judge(c.record, r, rules.AlertParams{
		DisplayName: "Web 1", DiffURL: "http://drift.example/", ValidUntil: rules.ValidUntil(now, c.schedule.Next(now), c.resend),
	}, now)
	require.True(c.t, ok, "a check is not judged")
	c.record = next
	c.store(web1, next)
	c.pass(time.Second)
}

// told are the alerts that the Alertmanager was sent since it was last asked, with when it was.
func (c *chain) told() (alerts []*models.PostableAlert, at []time.Time) {
	c.t.Helper()
	for _, p := range c.servers["am"].take() {
		c.posts = append(c.posts, p)
		require.Len(c.t, p.alerts, 1)
		a := p.alerts[0]
		require.False(c.t, time.Time(a.EndsAt).Before(time.Time(a.StartsAt)), "it would be refused: %s", p.body)
		alerts, at = append(alerts, a), append(at, p.at)
	}
	return alerts, at
}

// fires tells whether the alert does, by the Alertmanager's clock and what it was sent last.
func (c *chain) fires() bool {
	c.told()
	require.NotEmpty(c.t, c.posts)
	return time.Time(c.posts[len(c.posts)-1].alerts[0].EndsAt).After(time.Now())
}

// goesOn lets time pass, in which the alert must fire at the Alertmanager at every moment, with one and the same start.
func (c *chain) goesOn(d time.Duration, what string) {
	c.t.Helper()
	c.told()
	until := time.Time(c.posts[len(c.posts)-1].alerts[0].EndsAt)
	c.pass(d)
	alerts, at := c.told()
	for i, a := range alerts {
		require.True(c.t, until.After(at[i]), "%s: it has ended at %s, until it was told again at %s", what, until, at[i])
		until = time.Time(a.EndsAt)
		require.True(c.t, until.After(at[i]), "%s: at %s it was told that it ended at %s", what, at[i], until)
		require.Equal(c.t, c.record.Alert.StartsAt, time.Time(a.StartsAt).UTC(), what)
	}
	require.True(c.t, until.After(time.Now()), "%s: it has ended at %s", what, until)
}

// staysResolved lets time pass, in which the alert must not fire.
func (c *chain) staysResolved(d time.Duration, what string) {
	c.t.Helper()
	require.False(c.t, c.fires(), "%s: the end is not told, but %s", what, c.posts[len(c.posts)-1].body)
	c.pass(d)
	alerts, at := c.told()
	for i, a := range alerts {
		require.False(c.t, time.Time(a.EndsAt).After(at[i]), "%s: revived at %s until %s", what, at[i], a.EndsAt)
	}
}

const day = 24 * time.Hour

// stories are what happens to a pair around a jump of the clock. Each begins with an alert that fires.
var stories = map[string]func(c *chain, jump time.Duration){
	"while it fires, and is checked, and set right again": func(c *chain, jump time.Duration) {
		c.set(jump)
		c.goesOn(2*time.Hour, "after the jump")
		c.check(state.Drifted)
		c.goesOn(3*day, "checked by the wrong clock")
		c.set(0)
		c.goesOn(2*time.Hour, "set right")
		c.check(state.Drifted)
		c.goesOn(3*day, "checked by the right clock")
		c.check(state.Compliant)
		c.staysResolved(2*day, "repaired")
	},
	"between drift and repair, and set right after it": func(c *chain, jump time.Duration) {
		c.set(jump)
		c.goesOn(time.Hour, "after the jump")
		c.check(state.Compliant)
		c.staysResolved(2*day, "repaired")
		c.set(0)
		c.staysResolved(2*day, "set right")
		c.check(state.Drifted)
		c.goesOn(2*day, "a new drift")
	},
	"just before the repair is found": func(c *chain, jump time.Duration) {
		c.set(jump)
		c.check(state.Compliant)
		c.staysResolved(2*day, "repaired")
	},
	"drift and repair are found by the wrong clock": func(c *chain, jump time.Duration) {
		c.check(state.Compliant)
		c.staysResolved(time.Hour, "repaired")
		c.set(jump)
		c.check(state.Drifted)
		c.goesOn(2*day, "a drift by the wrong clock")
		c.check(state.Compliant)
		c.staysResolved(2*day, "a repair by the wrong clock")
	},
	"drift is found by the wrong clock, and repair by the right one": func(c *chain, jump time.Duration) {
		c.check(state.Compliant)
		c.set(jump)
		c.check(state.Drifted)
		c.goesOn(2*day, "a drift by the wrong clock")
		c.set(0)
		c.goesOn(2*day, "set right")
		c.check(state.Compliant)
		c.staysResolved(2*day, "repaired")
	},
	"across a restart": func(c *chain, jump time.Duration) {
		c.stop()
		c.set(jump)
		c.start()
		c.goesOn(2*day, "started with the wrong clock")
		c.stop()
		c.set(0)
		c.start()
		c.goesOn(2*day, "started with the right clock")
		c.check(state.Compliant)
		c.stop()
		c.set(jump)
		c.start()
		c.staysResolved(2*day, "repaired, and started with the wrong clock")
	},
	"while Alertmanager is away": func(c *chain, jump time.Duration) {
		c.servers["am"].setDown(true)
		c.servers["am"].answers(cutOff)
		c.pass(time.Hour)
		c.set(jump)
		c.pass(time.Hour)
		c.told()
		c.servers["am"].setDown(false)
		c.servers["am"].answers(nil)
		c.pass(c.resend)
		c.goesOn(2*day, "it is back")
	},
}

func TestFaultClockJumpsAndAlertmanagerKnowsWhatFires(t *testing.T) {
	jumps := []time.Duration{40 * day, 5 * time.Hour, 40 * time.Minute, 26 * time.Hour, 3 * day, 400 * day, 20 * 365 * day}
	jumps = jumps[:testfaults.Pick(2, len(jumps))]
	for name, story := range stories {
		for _, jump := range jumps {
			for _, by := range []time.Duration{jump, -jump} {
				t.Run(fmt.Sprintf("%s: %s", name, by), func(t *testing.T) {
					inChain(t, func(c *chain) { story(c, by) })
				})
			}
		}
		testfaults.Survived(t, "the clock jumps "+name, 2*len(jumps))
	}
}

// Behind one address there may be several Alertmanagers, each with a clock of its own.
func TestFaultClocksOfAlertmanagersThatDifferAreNoStorm(t *testing.T) {
	inChain(t, func(c *chain) {
		n := 0
		c.servers["am"].answers(func(w http.ResponseWriter, _ *http.Request, _ models.PostableAlerts) {
			n++
			w.Header().Set("Date", time.Now().UTC().Add(time.Duration(n%2)*30*day).Format(http.TimeFormat))
		})
		c.told()
		c.pass(10 * c.resend)
		alerts, _ := c.told()
		assert.LessOrEqual(t, len(alerts), 22, "no more than two in a resend delay")
	})
}
