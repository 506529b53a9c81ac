// Package oracle_test compares the checker's verdicts, item by item, with those of judges that share no code with it:
// stat, sha256sum, dpkg, rpm, sysctl and Ansible in check mode. What is judged are scratch machines and demands that are
// made at random. `make test` runs a sample, the same one each time; `make test-oracle` runs all, anew each time.
package oracle_test

import (
	"hash/fnv"
	"math/rand/v2"
	"os"
	"strconv"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// size is how many cases a test has.
type size struct{ sample, full int }

// plan is every test's number of cases, which it must not fall short of.
var plan = map[string]size{
	"files":         {sample: 40, full: 540},
	"dpkg versions": {sample: 20, full: 300},
	"dpkg states":   {sample: 10, full: 80},
	"rpm versions":  {sample: 20, full: 200},
	"sysctl":        {sample: 15, full: 120},
	"ansible files": {sample: 5, full: 100},
	"ansible apt":   {sample: 0, full: 12}, // seconds each
}

func TestTheWholePlanIsOverAThousandCases(t *testing.T) {
	sum := 0
	for _, s := range plan {
		sum += s.full
	}
	assert.Greater(t, sum, 1000)
}

// full tells whether all cases are wanted, and not a sample.
func full() bool { return os.Getenv("DRIFT_ORACLE") == "full" }

// planned is the number of cases that a test has to judge.
func planned(t testing.TB, name string) int {
	require.Contains(t, plan, name)
	if full() {
		return plan[name].full
	}
	if plan[name].sample == 0 {
		t.Skip("too slow for a sample: make test-oracle runs it")
	}
	return plan[name].sample
}

// chance is a test's source of random numbers. The same seed, size and machine give the same cases.
type chance struct {
	*rand.Rand
	seed uint64
}

// newChance takes the seed from DRIFT_ORACLE_SEED. Without it a sample is always the same, so that it fails for whoever
// broke something; and all cases are new ones.
func newChance(t testing.TB) chance {
	seed := uint64(1)
	if text := os.Getenv("DRIFT_ORACLE_SEED"); text != "" {
		var err error
		seed, err = strconv.ParseUint(text, 10, 64)
		require.NoError(t, err, "DRIFT_ORACLE_SEED")
	} else if full() {
		seed = uint64(time.Now().UnixNano())
	}
	name := fnv.New64a()
	_, _ = name.Write([]byte(t.Name()))
	t.Logf("seed %d (to repeat: DRIFT_ORACLE_SEED=%[1]d)", seed)
	return chance{rand.New(rand.NewPCG(seed, name.Sum64())), seed}
}

// in is true with a probability of percent.
func (c chance) in(percent int) bool { return c.IntN(100) < percent }

// of picks one.
func of[T any](c chance, from ...T) T { return from[c.IntN(len(from))] }
