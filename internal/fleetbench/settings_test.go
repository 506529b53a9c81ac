package fleetbench

import (
	"os"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// settings say what is measured. Without any in the environment it is just enough to see that all of it works.
type settings struct {
	sshd, canned []int // sizes of fleets
	rounds       int   // 0: as many as fit the size
	contestants  []string
	ansible      int    // machines for Ansible, at most
	stored       int    // machines of which verdicts are stored; 0: that is not measured
	whole        bool   // all that there is
	strict       bool   // missed targets are failures
	command      string // that measures the same again
}

const (
	// sshdAtMost and cannedAtLeast are the sizes of fleets on a real sshd and in a process that plays them.
	sshdAtMost    = 1000
	cannedAtLeast = 1000
	// sshdOnce and cannedOnce are from where on one round is enough, and takes long.
	sshdOnce   = 1000
	cannedOnce = 50_000
	// storedMachines, with three packs each, make the 30,000 verdicts of the process that is started again.
	storedMachines = 10_000
)

// wholeFleets are the sizes of all of it.
const wholeFleets = "100 1000 10000 50000"

// readSettings reads BENCH_FLEETS (sizes: up to 1,000 machines are on a real sshd, from 1,000 on they are played),
// BENCH_CONTESTANTS, BENCH_ROUNDS and BENCH_STRICT.
func readSettings(t testing.TB) settings {
	t.Helper()
	s := settings{sshd: []int{3}, canned: []int{20}, rounds: 1, stored: 10, ansible: 1, contestants: words("BENCH_CONTESTANTS"), command: "make bench"}
	s.strict = os.Getenv("BENCH_STRICT") != ""
	if sizes := words("BENCH_FLEETS"); len(sizes) > 0 {
		s.sshd, s.canned, s.rounds, s.stored, s.ansible = nil, nil, 0, 0, 5
		s.whole = strings.Join(sizes, " ") == wholeFleets && len(s.contestants) == 0
		if s.whole {
			s.ansible = ansibleMachines
		} else {
			s.command += " BENCH_FLEETS='" + strings.Join(sizes, " ") + "'"
		}
		for _, text := range sizes {
			n, err := strconv.Atoi(text)
			require.NoError(t, err, "BENCH_FLEETS")
			require.Positive(t, n, "BENCH_FLEETS")
			require.Less(t, n, MaxMachines, "BENCH_FLEETS")
			if n <= sshdAtMost {
				s.sshd = append(s.sshd, n)
			}
			if n >= cannedAtLeast {
				s.canned = append(s.canned, n)
			}
			if n == storedMachines && s.takesPart("serve") {
				s.stored = n
			}
		}
	}
	if text := os.Getenv("BENCH_ROUNDS"); text != "" {
		var err error
		s.rounds, err = strconv.Atoi(text)
		require.NoError(t, err, "BENCH_ROUNDS")
		require.Positive(t, s.rounds, "BENCH_ROUNDS")
	}
	return s
}

// words are those of a variable, between blanks or commas.
func words(variable string) []string {
	return strings.FieldsFunc(os.Getenv(variable), func(r rune) bool { return r == ' ' || r == ',' })
}

// takesPart tells whether a contestant is wanted.
func (s settings) takesPart(name string) bool {
	return len(s.contestants) == 0 || slices.Contains(s.contestants, name)
}

// roundsOf is how often contestants take turns on a fleet: three times on one that is smaller than once, since figures of small
// ones vary more.
func (s settings) roundsOf(machines, once int) int {
	switch {
	case s.rounds > 0:
		return s.rounds
	case machines < once:
		return 3
	}
	return 1
}
