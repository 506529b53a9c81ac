package alertmanager

import (
	"fmt"
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// refuse refuses requests with an alert of that machine whole.
func refuse(machine string, code int) func(http.ResponseWriter, *http.Request, models.PostableAlerts) {
	return func(w http.ResponseWriter, _ *http.Request, alerts models.PostableAlerts) {
		for _, a := range alerts {
			if a.Labels["machine"] == machine {
				http.Error(w, "invalid label set", code)
				return
			}
		}
	}
}

func TestOneRefusedAlertDoesNotBlockTheOthers(t *testing.T) {
	for _, code := range []int{http.StatusBadRequest, http.StatusUnprocessableEntity, http.StatusRequestEntityTooLarge} {
		t.Run(fmt.Sprint(code), func(t *testing.T) {
			inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
				am := w.servers["am"]
				am.answers(refuse("web3", code))
				for i := range 10 {
					key := state.Key{Machine: fmt.Sprintf("web%d", i), Pack: "base"}
					w.set(key, firing(key))
				}
				w.start()
				w.pass(time.Second)
				assert.Len(t, am.take(), 11, "all at once, then one by one")
				assert.InDelta(t, 9, w.count("drift_notifications_sent_total", "am"), 0)
				assert.InDelta(t, 1, w.count("drift_notifications_errors_total", "am"), 0)

				w.pass(10 * time.Minute)
				posts := am.take()
				assert.Len(t, posts, 20, "the refused one does not go with the others any more")
				assert.InDelta(t, 99, w.count("drift_notifications_sent_total", "am"), 0)
				assert.InDelta(t, 11, w.count("drift_notifications_errors_total", "am"), 0)
				assert.Equal(t, 1, strings.Count(w.log.String(), "level=ERROR"), w.log)
				assert.Contains(t, w.log.String(), "machine=web3 pack=base")
				assert.Contains(t, w.log.String(), "invalid label set")
				assert.NotContains(t, w.log.String(), "level=WARN")

				am.answers(nil)
				w.pass(time.Minute)
				am.take()
				w.pass(time.Minute)
				posts = am.take()
				require.Len(t, posts, 1, "once it is accepted it goes with the others")
				assert.Len(t, posts[0].alerts, 10)
			})
		})
	}
}

func TestARefusedAlertThatChangesIsTriedAtOnce(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		am := w.servers["am"]
		am.answers(refuse("web1", http.StatusBadRequest))
		alert := firing(web1)
		w.set(web1, alert)
		w.start()
		w.pass(time.Second)
		require.Len(t, am.take(), 1)
		am.answers(nil)
		alert.Annotations = map[string]string{"mismatch_count": "2"}
		w.set(web1, alert)
		w.pass(0)
		assert.Len(t, am.take(), 1)
		assert.InDelta(t, 1, w.count("drift_notifications_sent_total", "am"), 0)
	})
}

func TestAnAlertmanagerThatRefusesEverythingIsNotFlooded(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		am := w.servers["am"]
		am.answers(status(http.StatusBadRequest))
		for i := range 600 {
			key := state.Key{Machine: fmt.Sprintf("web%d", i), Pack: "base"}
			w.set(key, firing(key))
		}
		w.start()
		w.pass(10 * time.Minute)
		am.take()
		w.pass(10 * time.Minute)
		posts := am.take()
		assert.Greater(t, len(posts), 600)
		assert.LessOrEqual(t, len(posts), 10*maxBatch+maxBatch)
	})
}

func TestABatchThatAlwaysFailsDoesNotBlockTheOthers(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		am := w.servers["am"]
		am.answers(refuse("web0", http.StatusInternalServerError))
		for i := range 600 {
			key := state.Key{Machine: fmt.Sprintf("web%d", i), Pack: "base"}
			w.set(key, firing(key))
		}
		w.start()
		w.pass(time.Millisecond)
		assert.InDelta(t, 600-maxBatch, w.count("drift_notifications_sent_total", "am"), 0)
		assert.InDelta(t, maxBatch, w.count("drift_notifications_errors_total", "am"), 0)
	})
}
