package alertmanager

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Another replica resolved the alert, and the news is still on its way when a resend is due.
func TestWhatAnotherResolvedMeanwhileDoesNotFireAgain(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		alert := firing(web1)
		w.set(web1, alert)
		w.start()
		require.Len(t, w.servers["am"].take(), 1)

		w.confirmBy(func() bool {
			w.set(web1, ended(alert))
			return true
		})
		w.pass(time.Minute)
		posts := w.servers["am"].take()
		require.NotEmpty(t, posts)
		for _, p := range posts {
			for _, a := range p.alerts {
				assert.False(t, time.Time(a.EndsAt).After(p.at), "it fires")
			}
		}
	})
}

func TestNothingIsSentThatCannotBeConfirmed(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		asked := 0
		w.confirmBy(func() bool { asked++; return false })
		w.set(web1, firing(web1))
		w.start()
		w.pass(time.Minute)
		require.Empty(t, w.servers["am"].take())
		assert.LessOrEqual(t, asked, int(2*time.Minute/livePoll), "it is not asked without a pause")

		w.confirmBy(nil)
		w.pass(livePoll)
		require.Len(t, w.servers["am"].take(), 1)
	})
}
