package kill_test

import (
	"testing"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testtruth"
)

// synced is how old what is stored must be to be on the disk for sure: the store syncs each second.
const synced = 1500 * time.Millisecond

// TestFaultKillWithThePower plays losses of power in the middle of runs: the exporter is killed, and of the last second and a half
// of what it has written each file keeps a random part. Once it has checked its machines again nothing is wrong.
func TestFaultKillWithThePower(t *testing.T) {
	k := start(t)
	lost, times := int64(0), testfaults.Pick(2, 40)
	for range times {
		k.change()
		before := k.rest()
		k.BeginDoomed()
		k.pass(synced)
		k.strike("")
		lost += k.CutPower(before, k.random)
		k.Launch()
		k.Recover()
	}
	k.report()
	t.Logf("%d bytes were lost", lost)
	testfaults.Survived(t, "a loss of power during a run, with what was not synced lost in part", times)
}

// rest waits until nothing was written for as long as what is written stays unsynced.
func (k *killing) rest() testtruth.Stored {
	stored, since := k.Stored(), time.Now()
	k.Eventually("the store is at rest", func() bool {
		now := k.Stored()
		for path, size := range now {
			if stored[path] != size {
				stored, since = now, time.Now()
				return false
			}
		}
		return time.Since(since) > synced
	})
	return stored
}
