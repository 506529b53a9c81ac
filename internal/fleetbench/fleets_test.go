package fleetbench

import (
	"fmt"
	"slices"
	"testing"
)

// TestFleets has all contestants take turns on each fleet. `make test` runs it with a few machines, `make bench` in full.
func TestFleets(t *testing.T) {
	s, p := readSettings(t), build(t)
	if len(s.canned) > 0 {
		t.Run("canned", func(t *testing.T) { cannedFleets(t, s, p) })
	}
}

func cannedFleets(t *testing.T, s settings, p programs) {
	c := startCanned(t, p, 1)
	for _, n := range s.canned {
		f := c.fleet(t, n, 1)
		var entrants []entrant
		for _, one := range []contestant{floor, check} {
			if s.takesPart(one.name) {
				entrants = append(entrants, entrant{one.name, func(t testing.TB) Usage { return one.run(t, p, f) }})
			}
		}
		fmt.Println(Table(takeTurns(t, n, s.roundsOf(n), entrants)))
	}
	fmt.Println(c.end())
}

// entrant is a contestant on one fleet, or a way in which it can be started.
type entrant struct {
	name    string
	measure func(t testing.TB) Usage
}

// takeTurns measures all of them in each round, beginning with another one each time, so that whatever else the computer
// does hits all alike.
func takeTurns(t testing.TB, machines, rounds int, entrants []entrant) []Result {
	t.Helper()
	results := make([]Result, len(entrants))
	for i, e := range entrants {
		results[i] = Result{Contestant: e.name, Machines: machines}
	}
	for round := range rounds {
		order := make([]int, len(entrants))
		for i := range order {
			order[i] = (i + round) % len(entrants)
		}
		for _, i := range order {
			results[i].Rounds = append(results[i].Rounds, entrants[i].measure(t))
			t.Logf("%d machines, round %d: %s %v", machines, round+1, entrants[i].name, results[i].Rounds[round])
		}
	}
	return slices.Clip(results)
}
