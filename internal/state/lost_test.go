package state

import (
	"context"
	"encoding/json"
	"log/slog"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// recheck stores the next attempt at a pair, by a judge that does not look at the Detail, and returns what that was
// given.
func recheck(tb testing.TB, s *Store, r *Record, n int) *Record {
	tb.Helper()
	var given *Record
	next := *r
	next.Attempt.Run = RunID(t0.AddDate(0, 0, n))
	require.NoError(tb, s.Transition(context.Background(), r.Key, func(prev *Record) (*Record, bool) {
		given = prev
		return &next, true
	}, DetailIf(func(*Record) bool { return false })))
	return given
}

func TestADetailThatIsNotNeededIsNotGiven(t *testing.T) {
	s := open(t, t.TempDir())
	store(t, s, drifted(pair, 2))
	given := recheck(t, s, drifted(pair, 2), 1)
	assert.Nil(t, given.Detail)
	assert.Equal(t, 2, given.Verdict.Mismatches)
}

func TestADetailThatStaysIsWrittenOnce(t *testing.T) {
	s := open(t, t.TempDir())
	store(t, s, drifted(pair, 2))
	first, _ := s.View().Record(pair)
	for n := 1; n < 4; n++ {
		recheck(t, s, drifted(pair, 2), n)
		record, _ := s.View().Record(pair)
		assert.Equal(t, first.DetailRevision, record.DetailRevision)
		assert.Equal(t, first.DetailDigest, record.DetailDigest)
		assert.Equal(t, RunID(t0.AddDate(0, 0, n)), record.Attempt.Run)
	}
	last, err := s.buckets.detail.head(t.Context(), s.view.clock)
	require.NoError(t, err)
	assert.Equal(t, first.DetailRevision, last.revision)
}

func TestAnotherDetailIsWrittenAndItsChangeKeptWithoutBeingAskedFor(t *testing.T) {
	s := open(t, t.TempDir())
	store(t, s, drifted(pair, 2))
	recheck(t, s, drifted(pair, 3), 1)
	record, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, drifted(pair, 3).Detail, record.Detail)
	changes, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	require.Len(t, changes, 2)
	assert.Len(t, changes[0].Mismatches, 3)
}

// What was stored before there were digests gets one, and stays as it is.
func TestADetailWithoutADigestGetsIt(t *testing.T) {
	s := open(t, t.TempDir())
	store(t, s, drifted(pair, 2))
	old, _ := s.View().Record(pair)
	without := *old
	without.DetailDigest = Digest{}
	putRaw(t, s, &without)

	recheck(t, s, drifted(pair, 2), 1)
	record, _ := s.View().Record(pair)
	assert.Equal(t, old.DetailDigest, record.DetailDigest)
	assert.Equal(t, old.DetailRevision, record.DetailRevision)
}

// putRaw stores a state entry past the store, as another process would, and waits until the view shows it.
func putRaw(t *testing.T, s *Store, r *Record) {
	t.Helper()
	value, err := encode(r)
	require.NoError(t, err)
	key, err := encodeKey(r.Key)
	require.NoError(t, err)
	revision, err := s.buckets.state.kv.Put(t.Context(), key, value)
	require.NoError(t, err)
	require.Eventually(t, func() bool { _, shown := s.view.records.find(r.Key); return shown == revision }, eventually, tick)
}

// A power cut may take the detail and leave the state entry that points to it.
func TestADetailThatWasLostWithThePowerIsWrittenAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	store(t, s, drifted(pair, 2))
	shown, _ := s.View().Record(pair)
	lost := *shown
	lost.DetailRevision = 1000
	putRaw(t, s, &lost)
	require.NoError(t, s.Close())

	s = openWith(t, Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	recheck(t, s, drifted(pair, 2), 1)
	record, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, drifted(pair, 2).Detail, record.Detail)
	assert.False(t, s.lost.has(pair))
	changes, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	assert.Len(t, changes, 1, "it is the same as before")
}

// After the loss there may be attempts without a verdict first, which have errors to store, and none of what it was that differed.
func TestAVerdictWhoseDetailWasLostIsNoChangeOnceItIsFoundAgain(t *testing.T) {
	for name, c := range map[string]struct{ found, changes int }{"the same": {2, 1}, "another": {3, 2}} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir())
			store(t, s, drifted(pair, 2))
			shown, _ := s.View().Record(pair)
			lost := *shown
			lost.DetailRevision = 1000
			putRaw(t, s, &lost)
			require.NoError(t, s.Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
				next := *prev
				next.Attempt = Attempt{Status: Unknown, At: t0, Run: RunID(t0.AddDate(0, 0, 1))}
				next.Detail = &Detail{Mismatches: prev.Detail.Mismatches, Errors: []ItemError{{Item: "/etc/x", Error: "no"}}, Cut: prev.Detail.Cut}
				return &next, true
			}))
			recheck(t, s, drifted(pair, c.found), 2)
			changes, err := s.History(t.Context(), pair)
			require.NoError(t, err)
			assert.Len(t, changes, c.changes)
		})
	}
}

func TestADetailThatWasSeenToBeGoneIsWrittenAgain(t *testing.T) {
	s := open(t, t.TempDir())
	store(t, s, drifted(pair, 2))
	record, _ := s.View().Record(pair)
	require.NoError(t, s.buckets.detail.purge(t.Context(), "web1=example=com.base", record.DetailRevision))
	recheck(t, s, drifted(pair, 2), 1)
	read, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	require.True(t, read.Detail.Cut, "nobody could know")

	recheck(t, s, drifted(pair, 2), 2)
	read, err = s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, drifted(pair, 2).Detail, read.Detail)
}

// A judge is given what is stored, whatever the view still shows.
func TestAViewThatLagsCostsAnotherRoundAndNothingElse(t *testing.T) {
	for name, judge := range map[string]func(prev *Record) (*Record, bool){
		"a change": func(prev *Record) (*Record, bool) {
			next := *prev
			next.Verdict = &Verdict{Status: Drifted, At: t0, Since: t0, Items: prev.Verdict.Items + 1}
			return &next, true
		},
		"no change": func(prev *Record) (*Record, bool) { return prev, true },
		"left":      func(*Record) (*Record, bool) { return nil, false },
	} {
		t.Run(name, func(t *testing.T) {
			s := open(t, t.TempDir())
			store(t, s, drifted(pair, 1))
			old, revision := s.view.records.find(pair)
			newer := drifted(pair, 1)
			newer.Verdict.Items = 40
			store(t, s, newer)
			_, now := s.view.records.find(pair)
			require.Eventually(t, func() bool { return s.view.records.known().revision >= now }, eventually, tick)
			s.view.mu.Lock()
			s.view.records.table.rows[pair] = &row[Key, Record]{key: pair, revision: revision, value: old} // it lags
			s.view.mu.Unlock()

			var seen []int
			require.NoError(t, s.Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
				seen = append(seen, prev.Verdict.Items)
				return judge(prev)
			}))
			assert.Equal(t, []int{12, 40}, seen)
		})
	}
}

func TestACorruptDigestCostsNoVerdict(t *testing.T) {
	for _, text := range []string{`"?"`, `""`, `"AAAA"`} {
		var r Record
		require.NoError(t, json.Unmarshal([]byte(`{"machine":"web1","detail_digest":`+text+`}`), &r))
		assert.Zero(t, r.DetailDigest)
		assert.Equal(t, "web1", r.Machine)
	}
}
