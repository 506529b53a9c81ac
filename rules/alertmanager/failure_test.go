package alertmanager

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestWhatIsNotTakenInIsCountedAndSentAgain(t *testing.T) {
	for name, fail := range map[string]func(s *server){
		"connection refused":      func(s *server) { s.setDown(true) },
		"500":                     func(s *server) { s.answers(status(http.StatusInternalServerError)) },
		"503":                     func(s *server) { s.answers(status(http.StatusServiceUnavailable)) },
		"429":                     func(s *server) { s.answers(status(http.StatusTooManyRequests)) },
		"401":                     func(s *server) { s.answers(status(http.StatusUnauthorized)) },
		"404":                     func(s *server) { s.answers(status(http.StatusNotFound)) },
		"a redirect":              func(s *server) { s.answers(redirect(http.StatusFound)) },
		"no answer":               func(s *server) { s.answers(hang) },
		"a connection cut off":    func(s *server) { s.answers(cutOff) },
		"an answer that is no OK": func(s *server) { s.answers(status(http.StatusTeapot)) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
				am := w.servers["am"]
				fail(am)
				w.set(web1, firing(web1))
				w.start()
				w.pass(12 * time.Second)
				tries := w.count("drift_notifications_errors_total", "am")
				assert.GreaterOrEqual(t, tries, 1.0)
				assert.LessOrEqual(t, tries, 4.0, "after 1s, 2s, 4s, 8s")
				assert.Zero(t, w.count("drift_notifications_sent_total", "am"))

				w.pass(time.Hour) // by now it is tried every resend delay, or when a try has timed out
				tries = w.count("drift_notifications_errors_total", "am")
				w.pass(10 * time.Minute)
				assert.LessOrEqual(t, w.count("drift_notifications_errors_total", "am")-tries, 11.0)

				am.setDown(false)
				am.answers(nil)
				am.take()
				w.pass(71 * time.Second)
				assert.NotEmpty(t, am.take())
				assert.GreaterOrEqual(t, w.count("drift_notifications_sent_total", "am"), 1.0)

				assert.Equal(t, 1, strings.Count(w.log.String(), "level=WARN"), "the first failure is logged: %s", w.log)
				assert.Equal(t, 1, strings.Count(w.log.String(), "accepts alerts again"))
				assert.NotContains(t, w.log.String(), "level=ERROR")
				assert.Contains(t, w.log.String(), "alertmanager=http://am")
			})
		})
	}
}

func redirect(code int) func(http.ResponseWriter, *http.Request, models.PostableAlerts) {
	return func(w http.ResponseWriter, r *http.Request, _ models.PostableAlerts) {
		http.Redirect(w, r, "/api/v2/alerts", code)
	}
}

func cutOff(http.ResponseWriter, *http.Request, models.PostableAlerts) { panic(http.ErrAbortHandler) }

func TestNewsDoesNotWaitForTheBackoffOfOlderNews(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		am := w.servers["am"]
		am.setDown(true)
		w.set(web1, firing(web1))
		w.start()
		w.pass(time.Hour + 30*time.Second) // the next try is up to a resend delay away
		am.setDown(false)
		other := state.Key{Machine: "web2", Pack: "base"}
		w.set(other, firing(other))
		w.pass(time.Second)
		posts := am.take()
		require.Len(t, posts, 1)
		assert.Len(t, posts[0].alerts, 2)
	})
}

func TestARepetitionThatFailsWaitsForTheNext(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.set(web1, firing(web1))
		w.start()
		w.pass(time.Second)
		for _, answer := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests} {
			w.servers["am"].answers(status(answer))
			w.servers["am"].take()
			w.pass(5 * time.Minute)
			posts := w.servers["am"].take()
			require.Len(t, posts, 5)
			assert.Equal(t, time.Minute, posts[4].at.Sub(posts[3].at))
		}
	})
}

func TestAnUpdateThatFailsDoesNotWait(t *testing.T) {
	for _, answer := range []int{http.StatusServiceUnavailable, http.StatusTooManyRequests} {
		inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
			alert := firing(web1)
			w.set(web1, alert)
			w.start()
			w.pass(time.Second)
			w.servers["am"].take()
			w.servers["am"].answers(status(answer))
			alert.Annotations = map[string]string{"mismatch_count": "2"}
			w.set(web1, alert)
			w.pass(4 * time.Second)
			assert.Len(t, w.servers["am"].take(), 3, "at once, after 1s, 2s")
		})
	}
}

func TestAnAlertmanagerThatIsDownForLongStillHearsOfTheResolve(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		am := w.servers["am"]
		alert := firing(web1)
		w.set(web1, alert)
		w.start()
		am.setDown(true)
		am.answers(cutOff) // ends the connection that there is
		w.pass(2 * time.Minute)
		resolve := ended(alert)
		w.set(web1, resolve)
		w.pass(20 * time.Hour)
		am.setDown(false)
		am.answers(nil)
		am.take()

		w.pass(time.Hour)
		posts := am.take()
		require.Len(t, posts, 15, "the window starts when it is first heard")
		for _, p := range posts {
			assert.Equal(t, resolve.ResolvedAt, time.Time(p.alerts[0].EndsAt).UTC())
		}
		assert.Zero(t, w.count("drift_notifications_dropped_total", "am"))
	})
}

func TestAResolveThatIsNeverAcceptedIsDropped(t *testing.T) {
	for name, leave := range map[string]func(w *world, resolve state.Alert){
		"when the alert has ended by itself": func(w *world, _ state.Alert) { w.pass(25 * time.Hour) },
		"when its record is gone":            func(w *world, _ state.Alert) { w.set(web1); w.pass(time.Second) },
	} {
		t.Run(name, func(t *testing.T) {
			inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
				alert := firing(web1)
				w.set(web1, alert)
				w.start()
				w.servers["am"].answers(status(http.StatusServiceUnavailable))
				resolve := ended(alert)
				w.set(web1, resolve)
				w.pass(time.Minute)
				require.Zero(t, w.count("drift_notifications_dropped_total", "am"))
				leave(w, resolve)
				assert.InDelta(t, 1, w.count("drift_notifications_dropped_total", "am"), 0)
				assert.Contains(t, w.log.String(), "level=ERROR")
				w.servers["am"].answers(nil)
				w.servers["am"].take()
				w.pass(time.Hour)
				assert.Empty(t, w.servers["am"].take())
			})
		})
	}
}

func TestAResolveThatDriftsAgainIsNotDropped(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		alert := firing(web1)
		w.set(web1, alert)
		w.start()
		w.servers["am"].setDown(true)
		w.servers["am"].answers(cutOff)
		w.set(web1, ended(alert))
		w.pass(time.Minute)
		w.set(web1, firing(web1))
		w.pass(time.Minute)
		assert.Zero(t, w.count("drift_notifications_dropped_total", "am"))
	})
}

func TestABlackHoleDelaysNoOther(t *testing.T) {
	inWorld(t, []string{"hole", "healthy"}, func(t *testing.T, w *world) {
		w.servers["hole"].answers(hang)
		w.start()
		for i := range 20 {
			key := state.Key{Machine: "web" + string(rune('a'+i)), Pack: "base"}
			w.set(key, firing(key))
			at := time.Now()
			w.pass(settle)
			posts := w.servers["healthy"].take()
			require.NotEmpty(t, posts)
			assert.LessOrEqual(t, posts[0].at.Sub(at), settle)
		}
		w.pass(time.Hour)
		assert.Zero(t, w.count("drift_notifications_errors_total", "healthy"))
		assert.Zero(t, w.count("drift_notifications_sent_total", "hole"))
		for _, p := range w.servers["healthy"].take() {
			assert.Len(t, p.alerts, 20)
		}
	})
}

func TestStoppingDoesNotWaitForABlackHole(t *testing.T) {
	inWorld(t, []string{"hole"}, func(t *testing.T, w *world) {
		w.servers["hole"].answers(hang)
		w.set(web1, firing(web1))
		w.start()
		require.Len(t, w.servers["hole"].take(), 1, "it is waiting for the answer")
		before := time.Now()
		w.stop()
		assert.Equal(t, before, time.Now())
		assert.Zero(t, w.count("drift_notifications_errors_total", "hole"), "we broke it off, it did not fail")
	})
}
