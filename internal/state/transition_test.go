package state

import (
	"context"
	"math/rand/v2"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTransitionStoresWhatNextReturns(t *testing.T) {
	s := open(t, t.TempDir())
	want := drifted(pair, 3)
	require.NoError(t, s.Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
		assert.Nil(t, prev, "the pair is new")
		return want, true
	}))

	shown, ok := s.View().Record(pair)
	require.True(t, ok, "the view shows it at once")
	assert.Equal(t, want.Verdict, shown.Verdict)
	assert.Equal(t, want.Attempt, shown.Attempt)
	assert.Nil(t, shown.Detail)

	full, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, want.Detail, full.Detail)

	require.NoError(t, s.Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
		if assert.NotNil(t, prev) {
			assert.Equal(t, want.Detail, prev.Detail, "prev has its detail")
		}
		return nil, false
	}))
	still, _ := s.View().Record(pair)
	assert.Same(t, shown, still, "left as it is")
}

func TestTransitionSharesNothingWithTheView(t *testing.T) {
	s := open(t, t.TempDir())
	r := drifted(pair, 1)
	r.Alert = &Alert{Labels: map[string]string{"machine": "web1"}}
	store(t, s, r)
	r.Alert.Labels["machine"] = "changed"
	r.Verdict.Items = 99
	shown, _ := s.View().Record(pair)
	assert.Equal(t, "web1", shown.Alert.Labels["machine"])
	assert.Equal(t, 12, shown.Verdict.Items)
}

func TestTransitionRefusesABadKeyAndAForeignRecord(t *testing.T) {
	s := open(t, t.TempDir())
	err := s.Transition(t.Context(), Key{"web 1", "base"}, func(*Record) (*Record, bool) {
		t.Error("next was asked")
		return nil, false
	})
	require.ErrorContains(t, err, `machine id "web 1" does not match`)
	err = s.Transition(t.Context(), pair, func(*Record) (*Record, bool) { return drifted(Key{"db1", "base"}, 0), true })
	require.ErrorContains(t, err, "next returned a record of db1/base")
	assert.Empty(t, s.View().Records())
}

func TestTransitionEndsWithItsContext(t *testing.T) {
	s := open(t, t.TempDir())
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	err := s.Transition(ctx, pair, func(*Record) (*Record, bool) { return drifted(pair, 0), true })
	require.ErrorIs(t, err, context.Canceled)
}

func TestTransitionKeepsAnUnchangedDetail(t *testing.T) {
	s := open(t, t.TempDir())
	store(t, s, drifted(pair, 3))
	first, _ := s.View().Record(pair)

	again := drifted(pair, 3)
	again.Verdict.At = t0.Add(24 * time.Hour)
	store(t, s, again)
	second, _ := s.View().Record(pair)
	assert.Equal(t, first.DetailRevision, second.DetailRevision, "an equal detail is not written again")

	noDetail := drifted(pair, 3)
	noDetail.Detail = nil
	noDetail.DetailRevision = 4711
	store(t, s, noDetail)
	full, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, again.Detail, full.Detail, "a nil detail leaves the stored one")

	store(t, s, drifted(pair, 2))
	third, _ := s.View().Record(pair)
	assert.Greater(t, third.DetailRevision, second.DetailRevision)
}

func TestTransitionWritesNothingIfNothingChanged(t *testing.T) {
	s := open(t, t.TempDir())
	store(t, s, drifted(pair, 3))
	before, err := s.buckets.state.head(t.Context(), s.view.clock)
	require.NoError(t, err)
	store(t, s, drifted(pair, 3))
	after, err := s.buckets.state.head(t.Context(), s.view.clock)
	require.NoError(t, err)
	assert.Equal(t, before.revision, after.revision)
}

func TestTransitionHappensExactlyOnceEach(t *testing.T) {
	t.Run("in one process", func(t *testing.T) {
		s := open(t, t.TempDir())
		requireExactlyOnceEach(t, s)
	})
	t.Run("with replicas", func(t *testing.T) {
		s := open(t, t.TempDir())
		requireExactlyOnceEach(t, s, replica(t, s), replica(t, s), replica(t, s))
	})
}

// requireExactlyOnceEach lets 32 goroutines, spread over stores of the same state, count a pair's items up.
func requireExactlyOnceEach(t *testing.T, stores ...*Store) {
	t.Helper()
	const writers, each = 32, 8
	var calls atomic.Int64
	var wg sync.WaitGroup
	for w := range writers {
		wg.Go(func() {
			for range each {
				err := stores[w%len(stores)].Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
					calls.Add(1)
					n := 0
					if prev != nil {
						n = prev.Verdict.Items
						assert.Len(t, prev.Detail.Definitions, n, "the detail is the one of its state")
					}
					r := compliant(pair)
					r.Verdict.Items = n + 1
					r.Detail.Definitions = map[string]string{}
					for i := range n + 1 {
						r.Detail.Definitions[ItemID("file", mismatch(i).Item)] = "hash"
					}
					return r, true
				})
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	for _, s := range stores {
		require.Eventually(t, func() bool {
			r, ok := s.View().Record(pair)
			return ok && r.Verdict.Items == writers*each
		}, eventually, tick)
	}
	t.Logf("%d transitions took %d calls", writers*each, calls.Load())
}

func TestForgottenPairLeavesNothing(t *testing.T) {
	s := openWith(t, Options{Dir: t.TempDir(), markerTTL: time.Second})
	other := Key{"web1.example.com", "base2"}
	store(t, s, drifted(other, 1))
	for range 3 {
		store(t, s, drifted(pair, 3))
		store(t, s, compliant(pair))
		forget(t, s, pair)
		_, ok := s.View().Record(pair)
		require.False(t, ok)
	}
	_, err := s.Detail(t.Context(), pair)
	require.ErrorIs(t, err, ErrNotFound)
	changes, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	assert.Empty(t, changes)

	for _, b := range []*bucket{s.buckets.detail, s.buckets.history} {
		keys, err := b.keys(t.Context())
		require.NoError(t, err)
		assert.Equal(t, []string{"web1=example=com.base2"}, keys, b.name)
	}
	require.Eventually(t, func() bool {
		keys, err := s.buckets.state.keys(t.Context())
		return err == nil && len(keys) == 1
	}, eventually, 50*time.Millisecond, "the marker expires")
	full, err := s.Detail(t.Context(), other)
	require.NoError(t, err)
	assert.Len(t, full.Detail.Mismatches, 1, "a neighbour keeps what it has")
	forget(t, s, pair) // once more does no harm
}

func TestCorruptEntryCountsAsAbsent(t *testing.T) {
	for name, value := range map[string]string{
		"no JSON": "{", "empty": "", "another type": "[1]", "another pair": `{"machine":"db1","pack":"base"}`,
	} {
		t.Run(name, func(t *testing.T) {
			var log logBuffer
			dir := t.TempDir()
			s := openWith(t, Options{Dir: dir, Logger: log.logger()})
			store(t, s, drifted(Key{"db1", "base"}, 1))
			store(t, s, drifted(pair, 1))
			_, err := s.buckets.state.kv.PutString(t.Context(), "web1=example=com.base", value)
			require.NoError(t, err)
			require.Eventually(t, func() bool { return len(s.View().Records()) == 1 }, eventually, tick)
			require.NoError(t, s.Close())
			assert.Contains(t, log.String(), "ignoring what is corrupt in a stored entry")

			s = open(t, dir)
			require.Len(t, s.View().Records(), 1)
			_, err = s.Detail(t.Context(), pair)
			require.ErrorIs(t, err, ErrNotFound)
			require.NoError(t, s.Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
				assert.Nil(t, prev)
				return drifted(pair, 2), true
			}))
			full, err := s.Detail(t.Context(), pair)
			require.NoError(t, err)
			assert.Len(t, full.Detail.Mismatches, 2)
		})
	}
}

func TestViewShowsEveryOwnWriteAtOnce(t *testing.T) {
	s := open(t, t.TempDir())
	keys := []Key{{"a", "p"}, {"b", "p"}, {"c", "p"}}
	var wg sync.WaitGroup
	for w := range keys {
		k := keys[w]
		random := rand.New(rand.NewPCG(1, uint64(w)))
		wg.Go(func() {
			for i := range 200 {
				if random.IntN(4) == 0 {
					forget(t, s, k)
					_, ok := s.View().Record(k)
					assert.False(t, ok, "%s is shown after it was forgotten", k)
					continue
				}
				r := compliant(k)
				r.Verdict.Items = i + 1
				store(t, s, r)
				shown, ok := s.View().Record(k)
				if assert.True(t, ok) {
					assert.Equal(t, i+1, shown.Verdict.Items)
				}
			}
		})
	}
	wg.Wait()
}
