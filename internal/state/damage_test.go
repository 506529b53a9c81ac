package state

import (
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testfaults"
)

// A bit that a disk returns otherwise, in a store that was closed well: what has it is lost, and so is what follows in its file, where
// what was stored before may show again. Whatever is shown was stored so, the start ends, and all can be stored anew.
func TestFaultABitOfAMessageIsAnother(t *testing.T) {
	const pairs = 6
	key := func(n int) Key { return Key{Machine: fmt.Sprintf("web%d", n), Pack: "base"} }
	whole := t.TempDir()
	s := open(t, whole)
	for n := range pairs {
		store(t, s, drifted(key(n), 1))
		store(t, s, drifted(key(n), 2))
		require.NoError(t, s.CreateRun(t.Context(), Run{ID: RunID(t0.AddDate(0, 0, n)), Trigger: TriggerSchedule, Phase: RunDone}))
	}
	require.NoError(t, s.Close())

	tried, lost := 0, 0
	for _, bucket := range []string{"state", "detail", "history", "runs"} {
		file := filepath.Join("jetstream", "$G", "streams", "KV_"+bucket, "msgs", "1.blk")
		text, err := os.ReadFile(filepath.Join(whole, file))
		require.NoError(t, err)
		places := testfaults.Pick(6, 60)
		for place := range places {
			at := (2*place + 1) * len(text) / (2 * places)
			t.Run(fmt.Sprintf("%s byte %d", bucket, at), func(t *testing.T) {
				dir := filepath.Join(t.TempDir(), "state")
				require.NoError(t, os.CopyFS(dir, os.DirFS(whole)))
				other := append([]byte{}, text...)
				other[at] ^= 1 << (place % 8)
				require.NoError(t, os.WriteFile(filepath.Join(dir, file), other, 0o600))

				s := openWith(t, Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
				for n := range pairs {
					lost += requireStoredOrNothing(t, s, drifted(key(n), 2))
				}
				assert.Subset(t, runIDs(pairs), shownRuns(s))
				for n := range pairs {
					store(t, s, drifted(key(n), 3))
					record, err := s.Detail(t.Context(), key(n))
					require.NoError(t, err)
					assert.Equal(t, drifted(key(n), 3).Detail, record.Detail)
				}
			})
			tried++
		}
	}
	assert.Positive(t, lost, "something was damaged")
	testfaults.Survived(t, "a bit of a stored message flipped", tried)
}

// requireStoredOrNothing holds that a pair is as it was stored, now or before, as far as it is known. It returns how much is lost.
func requireStoredOrNothing(t *testing.T, s *Store, want *Record) (lost int) {
	t.Helper()
	shown, ok := s.View().Record(want.Key)
	if !ok {
		return 1
	}
	if shown.Verdict.Mismatches < want.Verdict.Mismatches {
		lost, want = 1, drifted(want.Key, 1) // as it was before
	}
	assert.Equal(t, want.Verdict, shown.Verdict)
	read, err := s.Detail(t.Context(), want.Key)
	require.NoError(t, err)
	if read.Detail.Cut {
		lost++
	} else {
		assert.Equal(t, want.Detail, read.Detail)
	}
	changes, err := s.History(t.Context(), want.Key)
	require.NoError(t, err)
	for _, c := range changes {
		assert.Len(t, c.Mismatches, c.Verdict.Mismatches)
	}
	return lost + 2 - len(changes)
}

func runIDs(n int) (ids []string) {
	for i := range n {
		ids = append(ids, RunID(t0.AddDate(0, 0, i)))
	}
	return ids
}

func shownRuns(s *Store) []string {
	ids := []string{}
	for _, r := range s.View().Runs() {
		ids = append(ids, r.ID)
	}
	return ids
}

// All files are read anew at each start. What was removed stays so, and a revision names one entry for ever: the next one is another
// even if the latest entries are gone.
func TestWhatWasRemovedStaysSoWhenAllIsReadAnew(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	middle, latest := Key{Machine: "web2", Pack: "base"}, Key{Machine: "web3", Pack: "base"}
	store(t, s, drifted(middle, 1))
	store(t, s, drifted(pair, 1))
	store(t, s, drifted(latest, 1))
	_, last := s.view.records.find(latest)
	forget(t, s, middle)
	forget(t, s, latest)
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(5)))
	for _, d := range pull(t, s, 3) {
		require.NoError(t, d.Ack(t.Context()))
	}
	require.NoError(t, s.Close())

	s = open(t, dir)
	require.Len(t, s.View().Records(), 1)
	for _, k := range []Key{middle, latest} {
		store(t, s, drifted(k, 2))
		changes, err := s.History(t.Context(), k)
		require.NoError(t, err)
		assert.Len(t, changes, 1, "what there was of %s is gone", k)
	}
	_, next := s.view.records.find(middle)
	assert.Greater(t, next, last)
	requirePending(t, s, 2)
}
