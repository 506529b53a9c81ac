package fleetbench

import (
	"fmt"
	"strings"
)

// Target is a figure that is not to be exceeded.
type Target struct {
	What  string
	Limit float64
	Got   float64
	Unit  string
}

// Met tells whether it is not exceeded, as precisely as both are shown.
func (t Target) Met() bool { return t.Got < t.Limit+0.005 }

// Targets is a table of them, in Markdown.
func Targets(targets []Target) string {
	var b strings.Builder
	b.WriteString("| target | at most | measured | |\n|---|---|---|---|\n")
	for _, t := range targets {
		met := "met"
		if !t.Met() {
			met = "**missed**"
		}
		fmt.Fprintf(&b, "| %s | %s %s | %s %s | %s |\n", t.What, figure(t.Limit), t.Unit, figure(t.Got), t.Unit, met)
	}
	return b.String()
}

// RealTargets are those of the largest fleet on a real sshd; the first result is the floor.
func RealTargets(results []Result) []Target {
	return ratioTargets(results, "on a real sshd", 1.05, false)
}

// CannedTargets are those of a fleet in another process.
func CannedTargets(results []Result) []Target {
	return ratioTargets(results, "on the played fleet", 1.5, true)
}

func ratioTargets(results []Result, where string, limit float64, cpu bool) []Target {
	var targets []Target
	for _, r := range results[1:] {
		if !isOurs(r) {
			continue
		}
		what := fmt.Sprintf("%s, %d machines %s: ", r.Contestant, r.Machines, where)
		targets = append(targets, Target{What: what + "wall time", Limit: limit, Got: r.Ratio(results[0], WallOf), Unit: "×"})
		if cpu {
			targets = append(targets, Target{What: what + "processor time", Limit: limit, Got: r.Ratio(results[0], CPUOf), Unit: "×"})
		}
	}
	return targets
}

// isOurs tells whether a target applies to a contestant.
func isOurs(r Result) bool { return strings.Contains(r.Contestant, "`") }

// FlatTargets say that what a machine costs does not depend on how many there are: fleets are tables of the same
// contestants, the smallest first.
func FlatTargets(fleets [][]Result) []Target {
	var targets []Target
	if len(fleets) < 2 {
		return nil
	}
	least := fleets[0]
	for i, one := range least {
		if !isOurs(one) {
			continue
		}
		for _, fleet := range fleets[1:] {
			if i >= len(fleet) {
				continue
			}
			perMachine := func(r Result) float64 { return float64(r.CPU()) / float64(r.Machines) }
			targets = append(targets, Target{
				What:  fmt.Sprintf("%s: processor time a machine of %d beside one of %d", one.Contestant, fleet[i].Machines, one.Machines),
				Limit: 1.1, Got: perMachine(fleet[i]) / perMachine(one), Unit: "×",
			})
		}
	}
	return targets
}

// StoredTargets are those of many stored verdicts.
func StoredTargets(s *Stored) []Target {
	ready, run := s.PerPair()
	return []Target{
		{What: fmt.Sprintf("memory of `serve` with %d pairs above an idle one, after a run", s.Pairs), Limit: 6, Got: run / 1024, Unit: "KiB a pair"},
		{What: "the same, after a start", Limit: 6, Got: ready / 1024, Unit: "KiB a pair"},
		{What: fmt.Sprintf("start with %d stored verdicts beside an idle start", s.Pairs), Limit: 20, Got: s.StartRatio(), Unit: "×"},
	}
}
