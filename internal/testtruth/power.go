package testtruth

import (
	"io/fs"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Stored is the size of each file that the store writes its messages to, by path.
type Stored map[string]int64

// Stored is what is stored now. It may be called while the exporter writes.
func (w *World) Stored() Stored {
	sizes := Stored{}
	_ = filepath.WalkDir(w.Storage, func(path string, entry fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".blk") {
			return nil // gone meanwhile
		}
		if info, err := entry.Info(); err == nil {
			sizes[path] = info.Size()
		}
		return nil
	})
	return sizes
}

// CutPower plays, on the files of an exporter that was killed, that the machine went down with it: of what was written since
// synced was looked at, each file keeps a part only, and the rest is gone, or is zeros. It returns how many bytes that were.
// What it cannot play is that blocks within the file reach the disk in another order.
func (w *World) CutPower(synced Stored, random *rand.Rand) (lost int64) {
	w.t.Helper()
	for path, size := range w.Stored() {
		since := size - synced[path]
		if since <= 0 {
			continue // also a file that was written anew, and shorter
		}
		kept := synced[path] + random.Int64N(since+1)
		require.NoError(w.t, os.Truncate(path, kept))
		if random.IntN(2) == 0 {
			require.NoError(w.t, os.Truncate(path, size)) // with zeros
		}
		lost += size - kept
	}
	return lost
}

// BeginDoomed is Begin of a run whose results are going to be lost with the power.
func (w *World) BeginDoomed() {
	w.t.Helper()
	w.Settle()
	w.StartRun()
}

// Recover waits until the runs that are still known have ended, has all machines checked, and compares the truth with what is
// known then. What the lost run did may show in when alerts began and in which run changes were seen, and what ended in it may
// have fired and ended once more.
func (w *World) Recover() {
	w.t.Helper()
	w.Eventually("runs that are known have ended", func() bool {
		return !slices.ContainsFunc(w.runs(), func(r runShown) bool { return r.Phase != "done" && r.Phase != "failed" })
	})
	before := map[string]Truth{}
	for key, p := range w.Model.Pairs {
		before[key] = *p
	}
	w.Check()
	w.relearnRuns()
	w.compareState()
	told := map[string]time.Time{}
	for _, a := range w.Alertmanager.Alerts() {
		told[a.Labels["machine"]+"/"+a.Labels["pack"]] = time.Time(*a.StartsAt)
	}
	for key, p := range w.Model.Pairs {
		switch was := before[key]; {
		case len(p.Episodes) > len(was.Episodes): // a new one: its start may have been told before
			e := p.episode()
			e.Lost = true
			if at, ok := told[key]; ok && at.Before(e.StartsAt) {
				e.Told = at
			}
		case was.alertNow && !p.alertNow:
			p.episode().Relapses++
		}
		if n := len(p.Changes); n > len(before[key].Changes) {
			p.Changes[n-1].Run = w.lastChangeRun(key)
		}
	}
	w.CompareHistory()
	w.CompareAlerts()
}

// relearnRuns holds that all runs but the lost one are known as they were, and each a single time. There may be more of machines
// whose last check was lost, which are checked again at once.
func (w *World) relearnRuns() {
	w.t.Helper()
	shown := map[string]runShown{}
	for _, r := range w.runs() {
		require.NotContains(w.t, shown, r.ID)
		shown[r.ID] = r
	}
	for _, c := range w.Model.kept() {
		r := shown[c.ID]
		got := Counts{r.ID, r.Total, r.Checked, r.Failed}
		require.Equal(w.t, c, got, "%s", w.Log())
		delete(shown, c.ID)
	}
	if len(w.Model.Runs) < runsKept {
		asked := maps.Clone(shown)
		maps.DeleteFunc(asked, func(_ string, r runShown) bool { return r.Trigger == "new" })
		assert.LessOrEqual(w.t, len(asked), 1, "%v is more than the lost run", shown)
	}
	for _, id := range slices.SortedFunc(maps.Keys(shown), strings.Compare) { // as far as they are known
		c := Counts{id, shown[id].Total, shown[id].Checked, shown[id].Failed}
		at := slices.IndexFunc(w.Model.Runs, func(r Counts) bool { return r.ID > id })
		if at > 0 {
			w.Model.Runs = slices.Insert(w.Model.Runs, at, c)
		}
	}
}
