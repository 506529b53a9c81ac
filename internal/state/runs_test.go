package state

import (
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestRunIsClaimedOnce(t *testing.T) {
	s := open(t, t.TempDir())
	r2 := replica(t, s)
	var claimed atomic.Int64
	var wg sync.WaitGroup
	for i := range 16 {
		from := []*Store{s, r2}[i%2]
		wg.Go(func() {
			err := from.CreateRun(t.Context(), Run{ID: testRun, Phase: RunEnqueuing, Total: i})
			if err == nil {
				claimed.Add(1)
				return
			}
			assert.ErrorIs(t, err, ErrExists)
		})
	}
	wg.Wait()
	assert.EqualValues(t, 1, claimed.Load())
	require.ErrorContains(t, s.CreateRun(t.Context(), Run{ID: "run1"}), "is not an instant")
}

func TestUpdateRunCountsEachOnce(t *testing.T) {
	s := open(t, t.TempDir())
	r2 := replica(t, s)
	require.NoError(t, s.CreateRun(t.Context(), Run{ID: testRun, Phase: RunRunning, Total: 64, Machines: []string{"a"}}))
	var wg sync.WaitGroup
	for i := range 16 {
		from := []*Store{s, r2}[i%2]
		wg.Go(func() {
			for range 4 {
				_, err := from.UpdateRun(t.Context(), testRun, func(r *Run) bool { r.Checked++; return true })
				assert.NoError(t, err)
			}
		})
	}
	wg.Wait()
	r, err := s.Run(t.Context(), testRun)
	require.NoError(t, err)
	assert.Equal(t, Run{ID: testRun, Phase: RunRunning, Total: 64, Checked: 64, Machines: []string{"a"}}, r)

	r, err = s.UpdateRun(t.Context(), testRun, func(r *Run) bool { r.Phase = RunDone; return true })
	require.NoError(t, err)
	assert.True(t, r.Ended())
	last, ok := s.View().LastRun()
	require.True(t, ok, "the view shows it at once")
	assert.Equal(t, r, last)

	r, err = s.UpdateRun(t.Context(), testRun, func(r *Run) bool { r.Checked = 0; return false })
	require.NoError(t, err)
	assert.Equal(t, 64, r.Checked, "left as it was")
}

func TestRunThatIsNotStored(t *testing.T) {
	s := open(t, t.TempDir())
	for _, id := range []string{testRun, "run1", "", "a b"} {
		_, err := s.Run(t.Context(), id)
		require.ErrorIs(t, err, ErrNotFound)
		_, err = s.UpdateRun(t.Context(), id, func(*Run) bool { t.Error("asked"); return true })
		require.ErrorIs(t, err, ErrNotFound)
	}
}

func TestCorruptRunCanBeClaimed(t *testing.T) {
	s := open(t, t.TempDir())
	key, err := encodeRun(testRun)
	require.NoError(t, err)
	_, err = s.buckets.runs.kv.PutString(t.Context(), key, "{")
	require.NoError(t, err)
	_, err = s.Run(t.Context(), testRun)
	require.ErrorIs(t, err, ErrNotFound)
	require.NoError(t, s.CreateRun(t.Context(), Run{ID: testRun, Phase: RunDone}))
	r, err := s.Run(t.Context(), testRun)
	require.NoError(t, err)
	assert.Equal(t, RunDone, r.Phase)
}

func TestTheNewestRunOfTheScheduleIsKept(t *testing.T) {
	s := open(t, t.TempDir())
	first, newest := RunID(t0.AddDate(0, 0, -2)), RunID(t0.AddDate(0, 0, -1))
	require.NoError(t, s.CreateRun(t.Context(), Run{ID: first, Trigger: TriggerSchedule, Phase: RunDone}))
	require.NoError(t, s.CreateRun(t.Context(), Run{ID: newest, Trigger: TriggerCatchUp, Phase: RunDone}))
	for i := range maxRuns + 10 {
		require.NoError(t, s.CreateRun(t.Context(), Run{ID: RunID(t0.Add(time.Duration(i) * time.Minute)), Trigger: TriggerAPI, Phase: RunDone}))
	}
	runs, err := s.Runs(t.Context())
	require.NoError(t, err)
	require.Len(t, runs, maxRuns)
	assert.Equal(t, newest, runs[maxRuns-1].ID)
}

func TestOldRunsThatHaveEndedAreDeleted(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	for i := range maxRuns + 10 {
		r := Run{ID: RunID(t0.Truncate(time.Hour).Add(time.Duration(i) * 24 * time.Hour)), Phase: RunDone}
		if i == 3 {
			r.Phase = RunRunning
		}
		require.NoError(t, s.CreateRun(t.Context(), r))
	}
	check := func() {
		runs, err := s.Runs(t.Context())
		require.NoError(t, err)
		require.Len(t, runs, maxRuns)
		for i := 1; i < len(runs); i++ {
			assert.Equal(t, 1, CompareRunIDs(runs[i-1].ID, runs[i].ID), "newest first")
		}
		assert.Equal(t, "2026-02-01T06:00:00Z", runs[maxRuns-1].ID, "one that has not ended stays")
		assert.Equal(t, "2026-02-09T06:00:00Z", runs[maxRuns-2].ID)
		_, err = s.Run(t.Context(), "2026-01-29T06:00:00Z")
		require.ErrorIs(t, err, ErrNotFound)
	}
	check()
	require.NoError(t, s.Close())
	s = open(t, dir)
	check()
}
