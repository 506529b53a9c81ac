// Package testfaults is what the tests of faults share: how much of the matrix is run, the seed of what is random, and
// the lines that docs/reliability.md is written from. It is for tests only.
package testfaults

import (
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"
)

// Full tells whether the whole matrix was asked for (`make test-faults`), not the sample that `make test` takes.
func Full() bool { return os.Getenv("DRIFT_FAULTS") == "full" }

// Pick is sample in `make test` and full in `make test-faults`: how many of a row's faults are tried.
func Pick(sample, full int) int {
	if Full() {
		return full
	}
	return sample
}

// Random is a source that a failed test can be repeated with: its seed is logged, and DRIFT_SEED sets it.
func Random(t testing.TB) *rand.Rand {
	t.Helper()
	seed := uint64(time.Now().UnixNano())
	if given := os.Getenv("DRIFT_SEED"); given != "" {
		var err error
		if seed, err = strconv.ParseUint(given, 10, 64); err != nil {
			t.Fatalf("DRIFT_SEED=%q is no seed: %v", given, err)
		}
	}
	t.Logf("seed %d (DRIFT_SEED=%[1]d repeats it)", seed)
	return rand.New(rand.NewPCG(seed, 0))
}

// Survived says, once all assertions about it have passed, how often a fault was injected. Nothing is said for a test
// that failed.
func Survived(t testing.TB, fault string, times int) {
	t.Helper()
	if !t.Failed() {
		t.Logf("survived: %s: %d", fault, times)
	}
}
