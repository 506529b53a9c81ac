package storage_test

import (
	"fmt"
	"maps"
	"math/rand/v2"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testlocal"
)

// The state of a fleet that is damaged over and over: m1 was compliant and drifted, so that it fires; m2 had drifted when
// it was first checked, so that it does not; the others comply.
type damaged struct {
	*testlocal.Fleet
	kept  []string // copies of the state: of a process that was stopped, and of one that was killed
	since time.Time
}

func newDamaged(t *testing.T) *damaged {
	t.Helper()
	d := &damaged{Fleet: testlocal.New(t, 4)}
	d.Set(2, false)
	d.Start()
	d.Exporter.CheckNow()
	d.Set(1, false)
	d.Fires["m1"] = true
	d.Exporter.CheckNow()
	d.Exporter.CheckNow()
	d.RequireTruth("before the fault")
	d.since = d.Alerts()["m1"]
	for i, end := range []func(){d.Exporter.Kill, d.Exporter.Terminate} {
		if i > 0 {
			d.Exporter.Launch()
		}
		end()
		kept := filepath.Join(t.TempDir(), "state")
		require.NoError(t, os.CopyFS(kept, os.DirFS(d.Storage)))
		d.kept = append(d.kept, kept)
	}
	return d
}

// putBack makes a copy of the state the one that the exporter starts on.
func (d *damaged) putBack(t *testing.T, kept string) {
	t.Helper()
	require.NoError(t, os.RemoveAll(d.Storage))
	require.NoError(t, os.CopyFS(d.Storage, os.DirFS(kept)))
}

// try damages a copy of the state, starts the exporter on it and compares what it says with the truth. It tells whether it
// started at all.
func (d *damaged) try(t *testing.T, what, kept string, harm func(dir string)) (started bool) {
	t.Helper()
	d.putBack(t, kept)
	harm(d.Storage)
	err := d.Exporter.TryLaunch(anyStatus)
	if err != nil {
		requireRefused(t, d.Fleet, err)
		return false
	}
	defer d.Exporter.Kill()
	d.Exporter.Eventually(what+": ready", func() bool { status, _ := d.Exporter.TryGet("/-/ready"); return status == 200 })
	d.Exporter.Eventually(what+": each has a verdict, and all are true", func() bool {
		got := d.Verdicts()
		for name, complies := range got {
			if complies != d.Complies[name] { // an older verdict, of before the last was lost: it must be said, and made good at once
				d.Exporter.Eventually(what+": it says that it lost the last verdict of "+name, func() bool {
					return strings.Contains(d.Exporter.Log(), `msg="the state lost what it had last of a pair, which is checked again now" machine=`+name)
				})
			}
		}
		return maps.Equal(got, d.Complies)
	})
	d.Exporter.CheckNow()
	d.Set(0, false)
	d.Fires["m0"] = true
	d.Exporter.CheckNow()
	d.compare(t, what+": m0 has drifted")
	d.Set(0, true)
	d.Fires["m0"] = false
	d.Exporter.CheckNow()
	d.compare(t, what+": m0 was repaired")
	testlocal.RequireNoPanic(t, d.Exporter.Log())
	return true
}

// compare is RequireTruth, but that what was lost is not known to fire, and fires all the same.
func (d *damaged) compare(t *testing.T, when string) {
	t.Helper()
	require.Equal(t, d.Complies, d.Verdicts(), "%s\n%s", when, d.Exporter.Log())
	d.RequireAlerts(when)
	assert.True(t, d.Alerts()["m1"].Equal(d.since), "%s: the alert of m1 is another", when)
}

func TestFaultOurStateIsDamaged(t *testing.T) {
	random := testfaults.Random(t)
	d := newDamaged(t)
	tried, refused := map[string]int{}, 0
	one := func(kept, file string, harm damage) {
		what := fmt.Sprintf("%s %s (%s)", strings.TrimPrefix(file, "jetstream/$G/streams/"), harm.name, filepath.Base(filepath.Dir(kept)))
		t.Log(what)
		if !d.try(t, what, kept, func(dir string) { harm.do(t, random, filepath.Join(dir, file)) }) {
			refused++
		}
		tried[harm.name]++
	}
	if testfaults.Full() { // each file, in every way
		for n, file := range filesOf(t, d.kept[0]) {
			for i, harm := range damages {
				kept := d.kept[(n+i)%len(d.kept)]
				if _, err := os.Stat(filepath.Join(kept, file)); err == nil {
					one(kept, file, harm)
				}
			}
		}
	}
	one(d.kept[0], verdicts, halved)
	for range testfaults.Pick(3, 20) {
		kept := pick(random, d.kept)
		one(kept, pick(random, filesOf(t, kept)), pick(random, damages))
	}
	for name, times := range tried {
		testfaults.Survived(t, "a file of our state "+name, times)
	}
	several := testfaults.Pick(1, 20)
	for range several {
		kept := pick(random, d.kept)
		started := d.try(t, "several files", kept, func(dir string) {
			for _, file := range filesOf(t, dir) {
				if random.IntN(3) == 0 {
					harm := pick(random, damages)
					t.Log(harm.name, file)
					harm.do(t, random, filepath.Join(dir, file))
				}
			}
		})
		if !started {
			refused++
		}
	}
	testfaults.Survived(t, "a third of the files of our state damaged at random", several)
	t.Logf("%d starts were refused", refused)
}

// The file with the pairs' records is empty, and Alertmanager has forgotten everything: the history tells what fires and what does not.
func TestFaultOurVerdictsAreLost(t *testing.T) {
	d := newDamaged(t)
	for _, kept := range d.kept {
		d.Alertmanager.Restart(true)
		d.putBack(t, kept)
		require.NoError(t, os.Truncate(filepath.Join(d.Storage, verdicts), 0))
		require.NoError(t, d.Exporter.TryLaunch(anyStatus))
		d.RequireTruth("the records of the pairs are lost")
		for name := range d.Complies {
			assert.Contains(t, d.Exporter.Log(), `msg="the record of a pair is missing, it is as the history says until the next check" machine=`+name)
		}
		assert.True(t, d.Alerts()["m1"].Equal(d.since), "the alert of m1 is another")
		for n, complies := range map[int]bool{0: false, 1: true, 2: true} { // m2 never fired
			d.Set(n, complies)
			d.Fires[testlocal.Name(n)] = !complies
		}
		d.Exporter.CheckNow()
		d.RequireTruth("all have changed")
		for n, complies := range map[int]bool{0: true, 1: false, 2: false} {
			d.Set(n, complies)
		}
		d.Fires = map[string]bool{"m1": true}
		d.Exporter.Kill()
	}
	testfaults.Survived(t, "the file of the verdicts emptied", len(d.kept))
}

// halved leaves of the pairs' records those of before m1 drifted: it complied then.
var halved = damage{"cut in half", func(t *testing.T, _ *rand.Rand, file string) {
	require.NoError(t, os.Truncate(file, int64(len(read(t, file))/2)))
}}

// verdicts is the file with the pairs' records.
const verdicts = "jetstream/$G/streams/KV_state/msgs/1.blk"

func pick[T any](random *rand.Rand, list []T) T { return list[random.IntN(len(list))] }
