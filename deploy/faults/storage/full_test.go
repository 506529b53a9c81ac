package storage_test

import (
	"maps"
	"math/rand/v2"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testlocal"
)

// onSmallDisk is a running fleet of which m0 has drifted and fires, whose state is alone on a small disk.
func onSmallDisk(t *testing.T) *testlocal.Fleet {
	t.Helper()
	disk := mount(t, "-t", "tmpfs", "-o", "size=24m", "drift-test")
	f := testlocal.New(t, 6)
	f.Storage = disk
	f.Start()
	f.Set(0, false)
	f.Fires["m0"] = true
	f.Exporter.CheckNow()
	f.RequireTruth("before the fault")
	return f
}

// change lets machines drift and be repaired at random, as the same change of what must fire, and returns the verdicts of
// before it.
func change(f *testlocal.Fleet, random *rand.Rand) (before map[string]bool) {
	before = maps.Clone(f.Complies)
	for i := range len(before) {
		if random.IntN(2) == 0 {
			continue
		}
		name := testlocal.Name(i)
		f.Set(i, !before[name])
		f.Fires[name] = !f.Complies[name]
	}
	return before
}

// requireOldOrNew wants of each machine the verdict of before, or the one that is true now, and an alert exactly where the
// verdict is that it has drifted.
func requireOldOrNew(t *testing.T, f *testlocal.Fleet, before map[string]bool) {
	t.Helper()
	for name, complies := range f.Verdicts() {
		assert.Contains(t, []bool{before[name], f.Complies[name]}, complies, name)
	}
	alerts := f.Alerts()
	for name := range f.Complies {
		if before[name] == f.Complies[name] {
			assert.Equal(t, !before[name], !alerts[name].IsZero(), "the alert of %s, which did not change", name)
		}
	}
}

func TestFaultOurDiskIsFull(t *testing.T) {
	random := testfaults.Random(t)
	f := onSmallDisk(t)

	idle := testfaults.Pick(1, 5)
	for range idle {
		free := fill(t, f.Storage)
		eventuallyStuck(f, "no space left on device")
		before := change(f, random)
		f.Exporter.Post("/api/v1/runs", "") // it may be refused, or be cut short
		requireOldOrNew(t, f, before)
		free()
		eventuallyReady(f)
		f.Exporter.CheckNow()
		f.RequireTruth("once there is space again")
	}
	testfaults.Survived(t, "our disk full while idle and alerts fire, then space again without a restart", idle)

	during := testfaults.Pick(1, 20)
	for range during {
		before := change(f, random)
		f.Exporter.StartRun()
		time.Sleep(time.Duration(random.IntN(400)) * time.Millisecond) // any moment will do: it is what is tested
		free := fill(t, f.Storage)
		eventuallyStuck(f, "no space left on device")
		requireOldOrNew(t, f, before)
		free()
		eventuallyReady(f)
		f.Exporter.CheckNow()
		f.RequireTruth("once there is space again after a run on a full disk")
	}
	testfaults.Survived(t, "our disk full at a random moment of a run, then space again without a restart", during)

	free := fill(t, f.Storage)
	before := change(f, random)
	f.Exporter.Post("/api/v1/runs", "")
	f.Exporter.Kill()
	requireRefused(t, f, f.Exporter.TryLaunch(anyStatus), "no space left on device")
	free()
	f.Exporter.Launch()
	f.Exporter.Eventually("no run is on", func() bool {
		return strings.Contains(f.Exporter.Get("/api/v1/runs"), `"phase"`) && !strings.Contains(f.Exporter.Get("/api/v1/runs"), `"phase":"running"`)
	})
	requireOldOrNew(t, f, before)
	f.Exporter.CheckNow()
	f.RequireTruth("after a restart")
	testfaults.Survived(t, "our disk full, kill -9, a start that is refused, then space and a start", 1)
	testlocal.RequireNoPanic(t, f.Exporter.Log())
	f.Exporter.Terminate()
}
