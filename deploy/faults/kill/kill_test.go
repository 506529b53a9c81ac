// Package kill_test kills the exporter, at any moment, and compares what is known afterwards with the truth.
package kill_test

import (
	"maps"
	"math/rand/v2"
	"slices"
	"testing"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testtruth"
)

// machines are enough for a run to last while the exporter dies at some moment of it, with two packs each.
const machines = 12

// killing is a world whose exporter is killed again and again.
type killing struct {
	*testtruth.World
	t      *testing.T
	random *rand.Rand

	entered int64          // connections before this run
	news    int            // posts with news before this run
	phases  map[string]int // kills, by where they hit
	resumed int            // kills after which a run was resumed
}

func start(t *testing.T) *killing {
	t.Helper()
	k := &killing{t: t, random: testfaults.Random(t), phases: map[string]int{}}
	k.World = testtruth.New(t, testtruth.Options{
		Machines: machines, Packs: []string{"base", "app"}, Concurrency: 2,
		IsScript: checker.IsScript, NonceOf: checker.Introduction,
		Prepare: func(all []*testtruth.Machine) { // what differs at first sight is no drift
			all[0].Files.Base, all[1].Files.App, all[2].Reach = 1, 2, testtruth.Refuses
		},
	})
	k.Compare()
	k.CompareHistory()
	return k
}

func (k *killing) kills() int {
	sum := 0
	for _, n := range k.phases {
		sum += n
	}
	return sum
}

// change lets some machines drift, be repaired, go away, come back, or become unreadable. There is news in each run: one
// machine that can be checked drifts or is repaired.
func (k *killing) change() {
	for i, m := range k.Machines {
		if i == len(k.Machines)-1 {
			m.Files.Base = 2 - m.Files.Base
			break
		}
		switch k.random.IntN(9) {
		case 0, 1:
			m.Files.Base = k.random.IntN(4)
		case 2:
			m.Files.App = k.random.IntN(4)
		case 3:
			m.Files.Base, m.Files.App, m.Files.Blind, m.Reach = 0, 0, false, testtruth.Up
		case 4:
			m.Files.Blind = !m.Files.Blind
		case 5:
			if m.Reach == testtruth.Up {
				m.Reach = testtruth.Down(k.random.IntN(3))
			} else {
				m.Reach = testtruth.Up
			}
		}
	}
	k.entered, k.news = k.Entered(), k.Proxy.News()
}

// strike is kill -9. It notes where it hit; what it is called is for where no run is told of.
func (k *killing) strike(where string) {
	k.t.Helper()
	if where == "" {
		where = k.where()
	}
	k.Kill()
	k.phases[where]++
}

// where is how far the run has come, as far as one can see from outside.
func (k *killing) where() string {
	entered, sessions := k.Entered()-k.entered, k.Sessions()
	switch {
	case k.Proxy.Open() > 0 && sessions > 0:
		return "while machines were checked and a post of alerts was on its way"
	case k.Proxy.Open() > 0:
		return "while a post of alerts was on its way"
	case sessions > 0 && k.Proxy.News() > k.news:
		return "while machines were checked, after the first post of alerts"
	case sessions > 0:
		return "while machines were checked, before the first post of alerts"
	case entered == 0:
		return "before the first machine was dialled"
	case k.Proxy.News() > k.news:
		return "between checks or after the last, after the first post of alerts"
	default:
		return "between checks or after the last, before the first post of alerts"
	}
}

// revive starts it again and holds that the interrupted run ends and that everything is as if it had not been.
func (k *killing) revive(id string) {
	k.t.Helper()
	k.Launch()
	k.compareAll(id)
}

func (k *killing) compareAll(id string) {
	k.t.Helper()
	k.WaitForRun(id)
	if k.Resumed() {
		k.resumed++
	}
	k.Compare()
	k.CompareHistory()
}

// report prints where the kills hit.
func (k *killing) report() {
	for _, phase := range slices.Sorted(maps.Keys(k.phases)) {
		k.t.Logf("killed %3d times %s", k.phases[phase], phase)
	}
	began, ended := k.Model.Episodes()
	k.t.Logf("%d kills, %d of which interrupted a run that was resumed; %d runs, %d alerts began, %d ended",
		k.kills(), k.resumed, len(k.Model.Runs), began, ended)
}

// TestFaultKillAtAnyMoment kills the exporter at moments of all kinds, each as often as every other.
func TestFaultKillAtAnyMoment(t *testing.T) {
	k := start(t)
	moments := []func(*killing){
		(*killing).atRandomTime, (*killing).onceDialled, (*killing).asNewsArrives, (*killing).onceNewsIsAccepted,
		(*killing).asARunIsAskedFor, (*killing).whileStarting, (*killing).whileStopping, (*killing).whileReloading,
	}
	for goal := testfaults.Pick(len(moments), 200); k.kills() < goal; {
		for _, i := range k.random.Perm(len(moments)) {
			k.change()
			moments[i](k)
			if k.kills()%25 == 0 {
				t.Logf("%d kills so far", k.kills())
			}
			if k.kills() >= goal {
				break
			}
		}
	}
	k.report()
	testfaults.Survived(t, "kill -9 of the exporter, with alerts in flight", k.kills())
}
