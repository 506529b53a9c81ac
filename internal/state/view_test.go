package state

import (
	"fmt"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestViewIsOrderedAndSurvivesReopening(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	var want []Key
	for _, machine := range []string{"a", "a.b", "a1", "b"} {
		for _, pack := range []string{"base", "web"} {
			want = append(want, Key{machine, pack})
		}
	}
	for i := range want { // not in order
		store(t, s, drifted(want[(i*5)%len(want)], i%3))
	}
	require.NoError(t, putMachine(t.Context(), s, Machine{Name: "b", Run: "2026-01-29T06:00:00Z"}))
	require.NoError(t, putMachine(t.Context(), s, Machine{Name: "a.b", Run: "2026-01-29T06:00:00Z"}))
	require.NoError(t, s.CreateRun(t.Context(), Run{ID: "2026-01-29T06:00:00Z", Phase: RunDone}))

	check := func(v *View) {
		t.Helper()
		assert.True(t, v.Live())
		var got []Key
		for _, r := range v.Records() {
			got = append(got, r.Key)
		}
		assert.Equal(t, want, got)
		machines := v.Machines()
		require.Len(t, machines, 2)
		assert.Equal(t, "a.b", machines[0].Name)
		m, ok := v.Machine("b")
		require.True(t, ok)
		assert.Same(t, machines[1], m)
		assert.Len(t, v.Runs(), 1)
	}
	check(s.View())
	before := s.View().Records()
	require.NoError(t, s.Close())
	assert.False(t, s.View().Live(), "closed")

	s = open(t, dir)
	check(s.View())
	assert.Equal(t, before, s.View().Records())
}

func TestViewAlerts(t *testing.T) {
	s := open(t, t.TempDir())
	for i := range 20 {
		store(t, s, drifted(Key{fmt.Sprintf("m%02d", i), "base"}, 1))
	}
	require.Empty(t, s.View().Alerts())

	firing := drifted(Key{"m11", "base"}, 1)
	firing.Alert = &Alert{StartsAt: t0}
	store(t, s, firing)
	resolving := drifted(Key{"m07", "base"}, 1)
	resolving.Resolving = []Alert{{StartsAt: t0, ResolvedAt: t0}}
	store(t, s, resolving)

	alerts := s.View().Alerts()
	require.Len(t, alerts, 2)
	assert.Equal(t, "m07", alerts[0].Machine)
	assert.Equal(t, "m11", alerts[1].Machine)

	store(t, s, drifted(firing.Key, 1))
	forget(t, s, resolving.Key)
	assert.Empty(t, s.View().Alerts())
}

func TestViewChanged(t *testing.T) {
	s := open(t, t.TempDir())
	writes := map[string]func(){
		"a record":           func() { store(t, s, drifted(pair, 1)) },
		"a forgotten record": func() { forget(t, s, pair) },
		"a machine": func() {
			assert.NoError(t, putMachine(t.Context(), s, Machine{Name: "m", Run: "2026-01-29T06:00:00Z"}))
		},
		"a run": func() { assert.NoError(t, s.CreateRun(t.Context(), Run{ID: "2026-01-29T06:00:00Z"})) },
	}
	for _, name := range []string{"a record", "a forgotten record", "a machine", "a run"} {
		changed := s.View().Changed()
		assert.Equal(t, changed, s.View().Changed(), "nothing happened")
		select {
		case <-changed:
			t.Fatal("closed before anything happened")
		default:
		}
		revision := s.View().Revision()
		assert.Equal(t, revision, s.View().Revision(), "nothing happened")
		writes[name]()
		assert.NotEqual(t, revision, s.View().Revision(), name)
		select {
		case <-changed:
		default:
			t.Errorf("%s is no change", name)
		}
	}
}

// A waiter that asks for the channel first, and reads then, misses nothing, while writers write and the watcher
// delivers all of it again.
func TestViewNeverGoesBackwardsUnderConcurrentWriters(t *testing.T) {
	s := open(t, t.TempDir())
	r2 := replica(t, s)
	const writers, each = 4, 100
	var done atomic.Bool
	var readers sync.WaitGroup
	for _, v := range []*View{s.View(), r2.View()} {
		readers.Go(func() {
			last := map[Key]int{}
			for {
				finished := done.Load()
				changed := v.Changed()
				for _, r := range v.Records() {
					if r.Verdict.Items < last[r.Key] {
						t.Errorf("%s went back from %d to %d", r.Key, last[r.Key], r.Verdict.Items)
					}
					last[r.Key] = r.Verdict.Items
				}
				if finished && last[Key{"m0", "base"}]+last[Key{"m1", "base"}] == writers*each {
					return
				}
				select {
				case <-changed:
				case <-time.After(eventually):
					t.Error("no change any more, and not all was seen")
					return
				}
			}
		})
	}
	var wg sync.WaitGroup
	for w := range writers {
		k := Key{fmt.Sprintf("m%d", w%2), "base"}
		from := []*Store{s, r2}[w/2]
		wg.Go(func() {
			for range each {
				err := from.Transition(t.Context(), k, func(prev *Record) (*Record, bool) {
					r := compliant(k)
					r.Verdict.Items = 1
					if prev != nil {
						r.Verdict.Items = prev.Verdict.Items + 1
					}
					return r, true
				})
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	done.Store(true)
	store(t, s, compliant(Key{"last", "base"})) // wakes readers that saw everything before done was set
	readers.Wait()
}

func TestViewIsNotLiveWhileCutOffAndCatchesUp(t *testing.T) {
	s := openWith(t, Options{Dir: t.TempDir(), markerTTL: time.Second})
	r2 := replica(t, s)
	gone, kept := Key{"gone", "base"}, Key{"kept", "base"}
	store(t, s, drifted(gone, 1))
	store(t, s, drifted(kept, 1))
	require.Eventually(t, func() bool { return len(r2.View().Records()) == 2 }, eventually, tick)

	// Cut off: what the connection's own handler does when it is lost, without its coming back at once.
	var connected atomic.Bool
	r2.view.connected = connected.Load
	r2.cancel()
	r2.wg.Wait()
	r2.view.cut()
	assert.False(t, r2.View().Live())

	forget(t, s, gone)
	store(t, s, drifted(kept, 3))
	store(t, s, drifted(Key{"new", "base"}, 1))
	require.Eventually(t, func() bool {
		keys, err := s.buckets.state.keys(t.Context())
		return err == nil && len(keys) == 2
	}, eventually, 50*time.Millisecond, "the marker expires before it was seen")
	assert.Len(t, r2.View().Records(), 2, "cut off")

	connected.Store(true)
	assert.False(t, r2.View().Live(), "connected, but not replayed")
	r2.follow()
	require.Eventually(t, r2.View().Live, eventually, tick)
	_, ok := r2.View().Record(gone)
	assert.False(t, ok, "what nothing told of is found gone")
	k, _ := r2.View().Record(kept)
	assert.Equal(t, 3, k.Verdict.Mismatches)
	assert.Len(t, r2.View().Records(), 2)
}

func TestViewComesBackAfterALostConnection(t *testing.T) {
	s := open(t, t.TempDir())
	store(t, s, drifted(pair, 1))
	generation, stale := s.view.current()
	require.NoError(t, s.nc.ForceReconnect())
	select {
	case <-stale:
	case <-time.After(eventually):
		t.Fatal("the loss went unnoticed")
	}
	require.Eventually(t, s.View().Live, eventually, tick)
	now, _ := s.view.current()
	assert.Greater(t, now, generation)
	store(t, s, drifted(pair, 2))
	r, _ := s.View().Record(pair)
	assert.Equal(t, 2, r.Verdict.Mismatches)
}

func TestReplayOfALostConnectionDoesNotMakeLive(t *testing.T) {
	v := newView(&buckets{}, func() bool { return true }, Options{}.withDefaults())
	generation, _ := v.current()
	finish := func(generation uint64) {
		v.records.finishReplay(generation, nil, head{asked: time.Now()})
		v.machines.finishReplay(generation, nil, head{asked: time.Now()})
		v.runs.finishReplay(generation, nil, head{asked: time.Now()})
	}
	assert.False(t, v.Live())
	finish(generation)
	assert.True(t, v.Live())
	v.cut()
	assert.False(t, v.Live())
	finish(generation)
	assert.False(t, v.Live(), "what was replayed is of before the loss")
	finish(generation + 1)
	assert.True(t, v.Live())
	changed := v.Changed()
	v.machines.setLive(false)
	assert.False(t, v.Live(), "one that no longer follows is enough")
	select {
	case <-changed:
	default:
		t.Error("that is a change")
	}
}

func TestViewRuns(t *testing.T) {
	s := open(t, t.TempDir())
	_, ok := s.View().LastRun()
	assert.False(t, ok)
	_, ok = s.View().CurrentRun()
	assert.False(t, ok)
	for id, r := range map[string]Run{
		"2026-01-27T06:00:00Z":   {Phase: RunDone, EndedAt: t0.Add(-time.Hour)},
		"2026-01-28T06:00:00Z":   {Phase: RunFailed, EndedAt: t0},
		"2026-01-29T06:00:00Z":   {Phase: RunRunning},
		"2026-01-29T06:00:00.5Z": {Phase: RunEnqueuing},
		"2026-01-28T07:00:00Z":   {Phase: RunDone, EndedAt: t0.Add(-time.Minute)},
	} {
		r.ID = id
		require.NoError(t, s.CreateRun(t.Context(), r))
	}
	last, ok := s.View().LastRun()
	require.True(t, ok)
	assert.Equal(t, "2026-01-28T06:00:00Z", last.ID, "the one that ended last")
	current, ok := s.View().CurrentRun()
	require.True(t, ok)
	assert.Equal(t, "2026-01-29T06:00:00.5Z", current.ID)
}
