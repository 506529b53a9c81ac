package alertmanager

import (
	"context"
	"fmt"
	"net/url"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestEveryAlertmanagerIsSentEveryAlert(t *testing.T) {
	inWorld(t, []string{"a", "b", "c"}, func(t *testing.T, w *world) {
		w.set(web1, firing(web1))
		w.start()
		for name, s := range w.servers {
			assert.Len(t, s.take(), 1, name)
		}
	})
}

func TestNothingIsSentWhileTheViewIsNotLive(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.setLive(false)
		alert := firing(web1)
		w.set(web1, alert)
		w.start()
		w.pass(time.Hour)
		require.Empty(t, w.servers["am"].take())

		w.setLive(true) // without a change that would say so
		w.pass(livePoll)
		require.Len(t, w.servers["am"].take(), 1)

		w.setLive(false)
		w.set(web1, ended(alert))
		w.pass(time.Hour)
		require.Empty(t, w.servers["am"].take(), "neither a resend nor what may be out of date")

		w.setLive(true)
		w.pass(livePoll)
		require.NotEmpty(t, w.servers["am"].take())
	})
}

func TestLongListsGoInBatches(t *testing.T) {
	for n, want := range map[int][]int{
		1: {1}, 256: {256}, 257: {256, 1}, 600: {256, 256, 88}, 10_000: nil,
	} {
		t.Run(fmt.Sprint(n), func(t *testing.T) {
			inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
				for i := range n {
					key := state.Key{Machine: fmt.Sprintf("m%d", i/4), Pack: fmt.Sprintf("p%d", i%4)}
					w.records[key] = &state.Record{Key: key, Alert: new(firing(key))}
				}
				w.start()
				var sizes []int
				seen := map[string]bool{}
				for _, p := range w.servers["am"].take() {
					sizes = append(sizes, len(p.alerts))
					assert.LessOrEqual(t, len(p.alerts), 256)
					for _, a := range p.alerts {
						seen[a.Labels["machine"]+"/"+a.Labels["pack"]] = true
					}
				}
				assert.Len(t, seen, n, "every alert, once")
				assert.Len(t, sizes, (n+255)/256)
				if want != nil {
					assert.Equal(t, want, sizes)
				}
				w.pass(time.Minute)
				assert.Len(t, w.servers["am"].take(), (n+255)/256, "and again after the resend delay")
			})
		})
	}
}

func TestNewsComesBeforeTheRestOfALongList(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		for i := range 1000 {
			key := state.Key{Machine: fmt.Sprintf("web%d", i), Pack: "base"}
			w.records[key] = &state.Record{Key: key, Alert: new(firing(key))}
		}
		w.start()
		w.servers["am"].take()
		w.pass(time.Minute - time.Second) // the next second they are all due again
		news := state.Key{Machine: "zzz", Pack: "base"}
		w.servers["am"].answers(slow)
		w.pass(2 * time.Second)
		w.set(news, firing(news))
		w.pass(10 * time.Second)
		posts := w.servers["am"].take()
		require.Greater(t, len(posts), 2)
		assert.True(t, holds(posts[1], "zzz"), "it does not wait for the four batches before it")
	})
}

func holds(p post, machine string) bool {
	for _, a := range p.alerts {
		if a.Labels["machine"] == machine {
			return true
		}
	}
	return false
}

func TestARestartSendsEverythingAgain(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.set(web1, firing(web1))
		web2 := state.Key{Machine: "web2", Pack: "base"}
		w.set(web2, ended(firing(web2)))
		old := ended(firing(web1))
		old.ValidUntil = old.ResolvedAt
		w.set(state.Key{Machine: "web3", Pack: "base"}, old)
		w.start()
		w.pass(time.Hour)
		w.stop()
		w.servers["am"].take()
		w.start()
		posts := w.servers["am"].take()
		require.Len(t, posts, 1)
		require.Len(t, posts[0].alerts, 2, "but for what ended by itself long ago")
		w.pass(time.Hour)
		posts = w.servers["am"].take()
		last := posts[len(posts)-1]
		require.Len(t, last.alerts, 1, "the resolve has had its fifteen minutes again")
		assert.Zero(t, w.count("drift_notifications_dropped_total", "am"))
	})
}

func TestABurstOfChangesIsReadAFewTimes(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.start()
		before := w.reads
		for i := range 1000 {
			key := state.Key{Machine: fmt.Sprintf("web%d", i), Pack: "base"}
			w.set(key, firing(key))
			w.pass(time.Millisecond)
		}
		assert.LessOrEqual(t, w.reads-before, 2*int(time.Second/settle)+2, "not once for each change")
		w.pass(settle)
		assert.InDelta(t, 1000, w.count("drift_notifications_sent_total", "am"), 0)
	})
}

func TestWhatVanishesIsForgotten(t *testing.T) {
	v := newView()
	m := newMemory()
	now := time.Now()
	for i := range 100 {
		key := state.Key{Machine: fmt.Sprintf("web%d", i), Pack: "base"}
		v.set(key, firing(key), ended(relabelledOf(key)))
	}
	m.sync(v.Alerts(), now)
	assert.Len(t, m.look(now, 0).ready, 200)
	for i := range 100 {
		v.set(state.Key{Machine: fmt.Sprintf("web%d", i), Pack: "base"})
	}
	_, dropped := m.sync(v.Alerts(), now)
	assert.Equal(t, 100, dropped)
	assert.Empty(t, m.pairs)
}

func relabelledOf(key state.Key) state.Alert {
	a := firing(key)
	a.Labels["env"] = "test"
	return a
}

func TestNewNamesTheAlertmanagerThatCannotBeUsed(t *testing.T) {
	bad := config.Alertmanager{
		URL:        &url.URL{Scheme: "https", Host: "am:9093"},
		HTTPClient: promconfig.HTTPClientConfig{TLSConfig: promconfig.TLSConfig{CAFile: "/does/not/exist"}},
	}
	_, err := New(newView(), []config.Alertmanager{bad}, Options{ResendDelay: time.Minute})
	require.EqualError(t, err, "alertmanager https://am:9093: unable to read CA cert: unable to read file /does/not/exist: "+
		"open /does/not/exist: no such file or directory")
	_, err = New(newView(), nil, Options{})
	require.EqualError(t, err, "the resend delay must be positive")
}

func TestRunWithoutAnAlertmanagerWaitsToBeEnded(t *testing.T) {
	s, err := New(newView(), nil, Options{ResendDelay: time.Minute})
	require.NoError(t, err)
	ctx, cancel := context.WithCancel(context.Background())
	ended := make(chan error)
	go func() { ended <- s.Run(ctx) }()
	cancel()
	require.NoError(t, <-ended)
}
