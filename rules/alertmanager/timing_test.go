package alertmanager

import (
	"fmt"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestAnAlertIsSentAtOnceAsItIsStored(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.nextRun = time.Now().Add(20 * time.Hour)
		w.start()
		w.pass(90 * time.Minute)
		require.Empty(t, w.servers["am"].take(), "there is nothing to send")

		alert := firing(web1)
		alert.StartsAt = alert.StartsAt.Add(-3880 * time.Millisecond)
		w.set(web1, alert)
		synctest.Wait()
		posts := w.servers["am"].take()
		require.Len(t, posts, 1)
		assert.Equal(t, time.Now(), posts[0].at)
		assert.JSONEq(t, `[{
			"labels": {"alertname": "config_drift", "severity": "warning", "machine": "web1", "pack": "base", "env": "prod"},
			"annotations": {"mismatch_count": "1"},
			"generatorURL": "http://drift.example/machines/web1/packs/base",
			"startsAt": "2000-01-01T01:29:56.120Z",
			"endsAt": "2000-01-01T21:00:00.000Z"
		}]`, posts[0].body, "the bubble's time starts in the year 2000; endsAt is the next run and an hour")
	})
}

func TestAFiringAlertIsSentAgainEveryResendDelay(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.set(web1, firing(web1))
		w.start()
		started := time.Now()
		w.pass(5*time.Minute + time.Second)
		posts := w.servers["am"].take()
		require.Len(t, posts, 6)
		for i, p := range posts {
			at := started.Add(time.Duration(i) * time.Minute)
			assert.Equal(t, at, p.at)
			require.Len(t, p.alerts, 1)
			assert.Equal(t, started.UTC(), time.Time(p.alerts[0].StartsAt).UTC())
			assert.Equal(t, at.Add(4*time.Minute).UTC(), time.Time(p.alerts[0].EndsAt).UTC(), "no next run is known")
		}
	})
}

func TestAlertsThatStartedAtDifferentTimesShareTheirResends(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.start()
		const n = 59
		for i := range n {
			key := state.Key{Machine: fmt.Sprintf("web%d", i), Pack: "base"}
			w.set(key, firing(key))
			w.pass(time.Second)
		}
		w.pass(2 * time.Minute)
		w.servers["am"].take()
		last := map[string]time.Time{}
		w.pass(10 * time.Minute)
		posts := w.servers["am"].take()
		assert.Less(t, len(posts), 60, "a handful in a minute, not one for each alert")
		for _, p := range posts {
			for _, a := range p.alerts {
				if before, ok := last[a.Labels["machine"]]; ok {
					assert.LessOrEqual(t, p.at.Sub(before), time.Minute)
					assert.GreaterOrEqual(t, p.at.Sub(before), 45*time.Second)
				}
				last[a.Labels["machine"]] = p.at
			}
		}
		assert.Len(t, last, n)
	})
}

// In a run another replica may be resolving what is repeated: it would fire again for a moment.
func TestNewsBringsNoRepetitionForward(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.set(web1, firing(web1))
		w.start()
		w.pass(50 * time.Second)
		w.servers["am"].take()
		web2 := state.Key{Machine: "web2", Pack: "base"}
		w.set(web2, firing(web2))
		w.pass(0)
		posts := w.servers["am"].take()
		require.Len(t, posts, 1)
		require.Len(t, posts[0].alerts, 1)
		assert.Equal(t, "web2", posts[0].alerts[0].Labels["machine"])
		w.pass(10 * time.Second)
		assert.Len(t, w.servers["am"].take(), 1, "the other is repeated at its time")
	})
}

func TestAChangedAlertIsSentAtOnce(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		alert := firing(web1)
		w.set(web1, alert)
		w.start()
		w.pass(10 * time.Second)
		w.servers["am"].take()

		w.set(web1, alert) // written again, but the same
		w.pass(time.Second)
		require.Empty(t, w.servers["am"].take())

		alert.Annotations = map[string]string{"mismatch_count": "2"}
		w.set(web1, alert)
		w.pass(0)
		posts := w.servers["am"].take()
		require.Len(t, posts, 1)
		assert.Equal(t, "2", posts[0].alerts[0].Annotations["mismatch_count"])
		w.pass(time.Minute)
		assert.Len(t, w.servers["am"].take(), 1, "and from then on at the resend delay")
	})
}

func TestAResolveIsSentForFifteenMinutes(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		alert := firing(web1)
		w.set(web1, alert)
		w.start()
		w.pass(90 * time.Second)
		w.servers["am"].take()

		resolve := ended(alert)
		w.set(web1, resolve)
		resolvedAt := time.Now()
		w.pass(time.Hour)
		posts := w.servers["am"].take()
		require.Len(t, posts, 15)
		for i, p := range posts {
			assert.Equal(t, resolvedAt.Add(time.Duration(i)*time.Minute), p.at)
			assert.Equal(t, resolve.ResolvedAt, time.Time(p.alerts[0].EndsAt).UTC())
			assert.Equal(t, "compliant", p.alerts[0].Annotations["resolved_reason"])
		}
	})
}

func TestAResolveIsNotSentOnceTheAlertHasEndedByItself(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		alert := firing(web1)
		w.set(web1, alert)
		w.start()
		resolve := ended(alert)
		resolve.ValidUntil = resolve.ResolvedAt.Add(4 * time.Minute)
		w.set(web1, resolve)
		w.pass(0)
		w.servers["am"].take()
		w.pass(time.Hour)
		posts := w.servers["am"].take()
		require.NotEmpty(t, posts)
		assert.True(t, posts[len(posts)-1].at.Before(resolve.ValidUntil))
		assert.Zero(t, w.count("drift_notifications_dropped_total", "am"), "it was accepted")
	})
}

func TestDriftingAgainEndsTheResendsOfTheResolve(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		first := firing(web1)
		w.set(web1, first)
		w.start()
		w.pass(time.Minute)
		w.set(web1, ended(first))
		w.pass(5 * time.Minute)
		w.servers["am"].take()

		second := firing(web1)
		w.set(web1, second, ended(first)) // even if the old one were still listed
		w.pass(time.Hour)
		posts := w.servers["am"].take()
		require.Len(t, posts, 61)
		for _, p := range posts {
			require.Len(t, p.alerts, 1)
			assert.Equal(t, second.StartsAt, time.Time(p.alerts[0].StartsAt).UTC())
			assert.True(t, time.Time(p.alerts[0].EndsAt).After(p.at))
		}
	})
}

func TestAResolveThatWasOverBeforeItWasSeenLeavesANewAlert(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.set(web1, firing(web1))
		w.start()
		w.pass(10 * time.Second)
		w.servers["am"].take()
		second := firing(web1)
		w.set(web1, second)
		w.pass(0)
		posts := w.servers["am"].take()
		require.Len(t, posts, 1)
		assert.Equal(t, second.StartsAt, time.Time(posts[0].alerts[0].StartsAt).UTC())
	})
}

func TestLabelsThatChangedResolveTheOldSetAndFireTheNew(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		old := firing(web1)
		w.set(web1, old)
		w.start()
		w.pass(10 * time.Second)
		w.servers["am"].take()

		relabelled := firing(web1)
		relabelled.StartsAt = old.StartsAt
		relabelled.Labels["env"] = "test"
		w.set(web1, relabelled, ended(old))
		w.pass(0)
		posts := w.servers["am"].take()
		require.Len(t, posts, 1)
		states := map[string]bool{}
		for _, a := range posts[0].alerts {
			states[a.Labels["env"]] = time.Time(a.EndsAt).After(time.Now())
			assert.Equal(t, old.StartsAt, time.Time(a.StartsAt).UTC())
		}
		assert.Equal(t, map[string]bool{"prod": false, "test": true}, states)

		w.pass(time.Hour)
		w.servers["am"].take()
		w.pass(time.Minute)
		posts = w.servers["am"].take()
		require.Len(t, posts, 1)
		require.Len(t, posts[0].alerts, 1, "the old set has been told for long enough")
		assert.Equal(t, "test", posts[0].alerts[0].Labels["env"])
	})
}

func TestAStartInTheFutureIsStillBeforeTheEnd(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		alert := firing(web1)
		alert.StartsAt = alert.StartsAt.Add(48 * time.Hour) // the clock was set back
		w.set(web1, alert)
		w.start()
		posts := w.servers["am"].take()
		require.Len(t, posts, 1)
		sent := posts[0].alerts[0]
		assert.Equal(t, alert.StartsAt, time.Time(sent.StartsAt).UTC())
		assert.True(t, time.Time(sent.EndsAt).After(time.Time(sent.StartsAt)))
	})
}
