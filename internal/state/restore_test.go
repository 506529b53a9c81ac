package state

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// asked is a remake that notes what it was asked, and answers with what there is.
func asked(records map[Key]*Record) (remake func(Key, []Change) *Record, changes map[Key][]int) {
	changes = map[Key][]int{}
	return func(k Key, all []Change) *Record {
		changes[k] = []int{}
		for _, c := range all {
			changes[k] = append(changes[k], len(c.Mismatches))
		}
		return records[k]
	}, changes
}

func TestRestoreBringsBackWhatWasLost(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	left, removed, whole := Key{"web2", "base"}, Key{"web3", "base"}, Key{"web4", "base"}
	for _, k := range []Key{pair, left, removed} {
		store(t, s, drifted(k, 1))
		store(t, s, drifted(k, 2))
	}
	forget(t, s, removed)
	require.NoError(t, s.Close())
	require.NoError(t, os.Truncate(filepath.Join(dir, "jetstream", "$G", "streams", "KV_state", "msgs", "1.blk"), 0))

	s = open(t, dir)
	require.Empty(t, s.View().Records())
	store(t, s, drifted(whole, 3))
	again := drifted(pair, 2)
	again.Verdict.Items = 1 // to be told from what was stored
	remake, changes := asked(map[Key]*Record{pair: again})
	require.NoError(t, s.Restore(t.Context(), remake))
	assert.Equal(t, map[Key][]int{pair: {2, 1}, left: {2, 1}}, changes)

	for range 2 { // what is brought back is stored, and what is not is gone
		remake, changes = asked(nil)
		require.NoError(t, s.Restore(t.Context(), remake))
		assert.Empty(t, changes)
		require.Len(t, s.View().Records(), 2)
		read, err := s.Detail(t.Context(), pair)
		require.NoError(t, err)
		assert.Equal(t, again.Detail, read.Detail)
		assert.Equal(t, again.Verdict, read.Verdict)
		history, err := s.History(t.Context(), pair)
		require.NoError(t, err)
		assert.Len(t, history, 2, "it is no change")
		keys, err := s.buckets.history.keys(t.Context())
		require.NoError(t, err)
		assert.Len(t, keys, 2)
		require.NoError(t, s.Close())
		s = open(t, dir)
	}
	store(t, s, drifted(pair, 4))
	history, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	assert.Len(t, history, 3)
}

func TestRestoreDoesNotBringBackWhatWasRemoved(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	store(t, s, drifted(pair, 1))
	key, err := encodeKey(pair)
	require.NoError(t, err)
	change, err := s.buckets.history.kv.Get(t.Context(), key)
	require.NoError(t, err)
	forget(t, s, pair)
	_, err = s.buckets.history.kv.Put(t.Context(), key, change.Value()) // as if the process had died in between
	require.NoError(t, err)
	require.NoError(t, s.Close())

	s = open(t, dir)
	remake, changes := asked(map[Key]*Record{pair: drifted(pair, 1)})
	require.NoError(t, s.Restore(t.Context(), remake))
	assert.Empty(t, changes)
	assert.Empty(t, s.View().Records())
	keys, err := s.buckets.history.keys(t.Context())
	require.NoError(t, err)
	assert.Empty(t, keys)
}

func TestRestoreWritesOverWhatIsCorrupt(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	store(t, s, drifted(pair, 1))
	key, err := encodeKey(pair)
	require.NoError(t, err)
	_, err = s.buckets.state.kv.Put(t.Context(), key, []byte("no record"))
	require.NoError(t, err)
	require.NoError(t, s.Close())

	s = openWith(t, Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	remake, changes := asked(map[Key]*Record{pair: drifted(pair, 1)})
	require.NoError(t, s.Restore(t.Context(), remake))
	assert.Equal(t, map[Key][]int{pair: {1}}, changes)
	assert.Len(t, s.View().Records(), 1)
}

// A pair that fired, left the fleet and is back has no alert: whoever reads its history must be able to tell.
func TestHistoryTellsThatAPairCameBack(t *testing.T) {
	s := open(t, t.TempDir())
	fired := drifted(pair, 1)
	fired.Verdict.Cause = CauseMachineChanged
	store(t, s, fired)
	retired := *fired
	retired.Retired = t0
	store(t, s, &retired)
	back := drifted(pair, 1)
	back.Attempt.Run = "2026-01-30T06:00:00Z"
	store(t, s, back)
	changes, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	require.Len(t, changes, 2)
	assert.Equal(t, []Cause{"", CauseMachineChanged}, []Cause{changes[0].Verdict.Cause, changes[1].Verdict.Cause})
}
