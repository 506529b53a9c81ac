package state

import (
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func items(changes []Change) []int {
	var n []int
	for _, c := range changes {
		n = append(n, c.Verdict.Items)
	}
	return n
}

func TestHistoryHasAnEntryPerChange(t *testing.T) {
	s := open(t, t.TempDir())
	step := 0
	next := func(r *Record) {
		step++
		if r.Verdict != nil {
			r.Verdict.Items = step
		}
		store(t, s, r)
	}
	unknown := compliant(pair)
	unknown.Verdict = nil
	next(unknown)          // 1: no verdict, no entry
	next(compliant(pair))  // 2: the first verdict
	next(compliant(pair))  // 3: no change
	next(drifted(pair, 2)) // 4: another status
	next(drifted(pair, 2)) // 5: the same mismatches
	other := drifted(pair, 2)
	other.Detail.Mismatches[1].Actual = "0755"
	next(other) // 6: as many mismatches, but not the same
	moved := drifted(pair, 2)
	moved.Detail.Mismatches[0], moved.Detail.Mismatches[1] = other.Detail.Mismatches[1], other.Detail.Mismatches[0]
	moved.Detail.Mismatches[0].Source, moved.Detail.Mismatches[0].Diff = "packs/base.yaml:99", "-a\n+b"
	next(moved)           // 7: the same in another order, demanded in another line
	next(compliant(pair)) // 8: another status
	attempt := compliant(pair)
	attempt.Verdict.Items, attempt.Attempt.Status = 8, Unknown
	attempt.Detail.Errors = []ItemError{{Kind: "file", Item: "/x", Error: "denied"}}
	store(t, s, attempt) // errors are no change of the verdict

	changes, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, []int{8, 6, 4, 2}, items(changes), "newest first")
	assert.Equal(t, other.Detail.Mismatches, changes[1].Mismatches)
	assert.Empty(t, changes[0].Mismatches)

	none, err := s.History(t.Context(), Key{"nobody", "base"})
	require.NoError(t, err)
	assert.Empty(t, none)
	_, err = s.History(t.Context(), Key{"no body", "base"})
	require.ErrorContains(t, err, "machine id")
}

func TestHistoryKeepsTheLast64(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for n := 1; n <= 100; n++ {
		store(t, s, crashRecord(pair, n))
	}
	check := func() {
		changes, err := s.History(t.Context(), pair)
		require.NoError(t, err)
		require.Len(t, changes, 64)
		assert.Equal(t, 100, changes[0].Verdict.Items)
		assert.Equal(t, 37, changes[63].Verdict.Items)
	}
	check()
	require.NoError(t, s.Close())
	s = open(t, dir)
	check()
}

func TestHistoryOfWhatWasNeverCommittedIsNotShown(t *testing.T) {
	s := open(t, t.TempDir())
	r2 := replica(t, s)
	store(t, s, crashRecord(pair, 1))
	tries := 0
	err := s.Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
		if tries++; tries == 1 {
			assert.Equal(t, 1, prev.Verdict.Items)
			store(t, r2, crashRecord(pair, 2)) // the other one wins
			r := drifted(pair, 4)
			r.Verdict.Items = 1000
			return r, true
		}
		assert.Equal(t, 2, prev.Verdict.Items)
		return nil, false
	})
	require.NoError(t, err)
	assert.Equal(t, 2, tries)
	full, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, crashRecord(pair, 2).Detail, full.Detail)
	changes, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, []int{2, 1}, items(changes))
	store(t, s, crashRecord(pair, 3))
	changes, err = s.History(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, []int{3, 2, 1}, items(changes), "the lost one lies between them")
	require.Eventually(t, func() bool {
		r, _ := s.View().Record(pair)
		return r.Verdict.Items == 3
	}, eventually, tick)
}

// An attempt without a verdict may have so many errors that mismatches of the last verdict are cut to make room.
func TestAnAttemptWithoutAVerdictIsNoChangeWhateverIsCut(t *testing.T) {
	s := open(t, t.TempDir())
	r := drifted(pair, 300)
	r.Detail = largeDetail(300, 0, 600)
	store(t, s, r)
	require.NoError(t, s.Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
		next, detail := *prev, *prev.Detail
		for i := range 1000 {
			detail.Errors = append(detail.Errors, ItemError{Kind: "file", Item: mismatch(i).Item, Error: "permission denied"})
		}
		next.Attempt.Status, next.Detail = Unknown, &detail
		return &next, true
	}))
	full, err := s.Detail(t.Context(), pair)
	require.NoError(t, err)
	require.NotEqual(t, r.Detail.Mismatches, full.Detail.Mismatches, "they are not cut")
	changes, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, []int{12}, items(changes))
}

func TestCorruptHistoryIsCutThere(t *testing.T) {
	var log logBuffer
	s := openWith(t, Options{Dir: t.TempDir(), Logger: log.logger()})
	store(t, s, crashRecord(pair, 1))
	key, err := encodeKey(pair)
	require.NoError(t, err)
	bad, err := s.buckets.history.kv.PutString(t.Context(), key, "{")
	require.NoError(t, err)
	value, err := encode(historyEntry{Change{Verdict: Verdict{Items: 3}}, bad})
	require.NoError(t, err)
	top, err := s.buckets.history.kv.Put(t.Context(), key, value)
	require.NoError(t, err)
	r := *compliant(pair)
	r.HistoryRevision = top
	raw, err := encode(r)
	require.NoError(t, err)
	_, err = s.buckets.state.kv.Put(t.Context(), key, raw)
	require.NoError(t, err)

	changes, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	assert.Equal(t, []int{3}, items(changes))
	assert.Contains(t, log.String(), "ignoring a corrupt stored change")
}

// What was written last may be lost with the power, as each stream is a file of its own: then links lead to entries that are gone,
// and whose revisions are given to others.
func TestHistoryOfWhichTheEndIsLost(t *testing.T) {
	other := Key{"other", "base"}
	for name, c := range map[string]struct {
		lost  int // changes of the pair, the newest first
		after func(t *testing.T, s *Store)
		want  []int
	}{
		"the last one": {1, func(*testing.T, *Store) {}, []int{3, 2, 1}},
		"the last one, and the next verdicts are the same": {1, func(t *testing.T, s *Store) {
			unknown := crashRecord(pair, 4)
			unknown.Verdict, unknown.Attempt.Status = nil, Unknown
			require.NoError(t, s.Transition(t.Context(), pair, func(prev *Record) (*Record, bool) {
				unknown.Verdict = prev.Verdict
				return unknown, true
			}))
			store(t, s, crashRecord(pair, 4))
			store(t, s, crashRecord(pair, 4))
		}, []int{4, 3, 2, 1}},
		"the last one, and its revision is that of the next": {1, func(t *testing.T, s *Store) {
			store(t, s, crashRecord(pair, 5))
		}, []int{5, 3, 2, 1}},
		"two, and their revisions are those of the next": {2, func(t *testing.T, s *Store) {
			store(t, s, crashRecord(pair, 5))
			store(t, s, crashRecord(pair, 6))
			store(t, s, crashRecord(pair, 7))
		}, []int{7, 6, 5, 2, 1}},
		"two, and their revisions are those of another pair's": {2, func(t *testing.T, s *Store) {
			store(t, s, crashRecord(other, 1))
			store(t, s, crashRecord(other, 2))
			store(t, s, crashRecord(pair, 5))
		}, []int{5, 2, 1}},
		"all of them": {4, func(t *testing.T, s *Store) { store(t, s, crashRecord(pair, 5)) }, []int{5}},
	} {
		t.Run(name, func(t *testing.T) {
			dir := t.TempDir()
			s := open(t, dir)
			blocks := filepath.Join(dir, "jetstream", "$G", "streams", "KV_history", "msgs")
			var sizes []int64
			size := func() int64 {
				info, err := os.Stat(filepath.Join(blocks, "1.blk"))
				require.NoError(t, err)
				return info.Size()
			}
			for n := 1; n <= 4; n++ {
				sizes = append(sizes, size())
				store(t, s, crashRecord(pair, n))
				require.Eventually(t, func() bool { return size() > sizes[n-1] }, time.Minute, time.Millisecond)
			}
			require.NoError(t, s.Close())
			require.NoError(t, os.Truncate(filepath.Join(blocks, "1.blk"), sizes[4-c.lost]))
			require.NoError(t, os.Remove(filepath.Join(blocks, "index.db"))) // is written at the end only
			s = open(t, dir)
			c.after(t, s)
			changes, err := s.History(t.Context(), pair)
			require.NoError(t, err)
			assert.Equal(t, c.want, items(changes))
		})
	}
}
