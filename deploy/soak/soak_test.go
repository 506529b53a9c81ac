// Package soak_test lets the exporter work for long over a fleet that drifts and heals, while its configuration changes and what
// is around it restarts. At the end it must use no more than before, and Alertmanager must have told the truth.
package soak_test

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testtruth"
)

// machines carry two or three packs each.
const machines = 60

// soak is a world in its month, and what has happened in it.
type soak struct {
	*testtruth.World
	t        *testing.T
	random   *rand.Rand
	measured []resources
	did      map[string]int
}

// asked is how many runs are wanted: the sample that `make test` takes, or what `make soak` asks for.
func asked(t *testing.T) int {
	t.Helper()
	text := os.Getenv("DRIFT_SOAK_RUNS")
	if text == "" {
		return 6
	}
	runs, err := strconv.Atoi(text)
	require.NoError(t, err, "DRIFT_SOAK_RUNS")
	return runs
}

// TestSoakOfAMonth has a run every few seconds. With restarts in the first quarter only, so that what one process uses can be
// compared over the rest.
func TestSoakOfAMonth(t *testing.T) {
	runs := asked(t)
	s := &soak{t: t, random: testfaults.Random(t), did: map[string]int{}}
	s.World = testtruth.New(t, testtruth.Options{
		Machines: machines, Packs: testtruth.AllPacks, Concurrency: 8, Remember: true, Unraced: runs >= flatFrom,
		IsScript: checker.IsScript, NonceOf: checker.Introduction,
		Prepare: func(all []*testtruth.Machine) {
			for i, m := range all {
				if i%3 == 0 {
					m.Packs = []string{"base", "web"}
				}
				m.Removed = i >= machines-5 // are yet to come
			}
		},
	})
	s.Compare()
	begun, logged := time.Now(), time.Now()
	for i := range runs {
		s.live()
		s.disturb(i, runs)
		s.Compare()
		s.CompareHistory(s.somePairs(3)...)
		s.measure()
		if time.Since(logged) > time.Minute {
			t.Logf("%d runs after %s: %+v", i+1, time.Since(begun).Round(time.Second), s.measured[i])
			logged = time.Now()
		}
	}
	s.CompareHistory()
	began, ended := s.Model.Episodes()
	t.Logf("%d runs in %s, %d checks of machines; %d alerts began, %d ended, each told of as it was; histories hold %d changes in %d bytes of store",
		len(s.Model.Runs), time.Since(begun).Round(time.Second), s.checks(), began, ended, s.Model.Changes(), s.stored())
	t.Logf("what happened, and how often: %v", s.did)
	s.compareQuarters(t)
	testfaults.Survived(t, "a compressed month of drifts, repairs, reloads and restarts, in runs", runs)
}

func (s *soak) checks() (sum int) {
	for _, r := range s.Model.Runs {
		sum += r.Total
	}
	return sum
}

// somePairs are pairs of the fleet by chance.
func (s *soak) somePairs(count int) (keys []string) {
	all := s.Model.Active()
	for range count {
		keys = append(keys, all[s.random.IntN(len(all))])
	}
	return keys
}
