package fleetbench

import (
	"slices"
	"time"
)

// Result is what a contestant has used on a fleet, in each round.
type Result struct {
	Contestant string
	Machines   int
	Rounds     []Usage
}

// Wall is how long a round took.
func (r Result) Wall() time.Duration {
	return time.Duration(median(r.Rounds, func(u Usage) float64 { return float64(u.Wall) }))
}

// CPU is the processor time of a round.
func (r Result) CPU() time.Duration {
	return time.Duration(median(r.Rounds, func(u Usage) float64 { return float64(u.CPU) }))
}

// Memory is the most of any round, in bytes.
func (r Result) Memory() int64 {
	most := int64(0)
	for _, u := range r.Rounds {
		most = max(most, u.Memory)
	}
	return most
}

// Ratio is how many times as much of something a contestant used for a machine as another one did: in the middle of the
// rounds, each of which both of them were in at about the same time.
func (r Result) Ratio(to Result, of func(Usage) float64) float64 {
	type pair struct{ one, other Usage }
	var pairs []pair
	for i := range min(len(r.Rounds), len(to.Rounds)) {
		pairs = append(pairs, pair{r.Rounds[i], to.Rounds[i]})
	}
	return median(pairs, func(p pair) float64 {
		return of(p.one) / float64(r.Machines) / (of(p.other) / float64(to.Machines))
	})
}

// WallOf and CPUOf are what ratios are made of.
func WallOf(u Usage) float64 { return float64(u.Wall) }

// CPUOf is the processor time.
func CPUOf(u Usage) float64 { return float64(u.CPU) }

// median is the middle of some figures, or of the two in the middle the smaller one; 0 of none.
func median[T any](all []T, of func(T) float64) float64 {
	var figures []float64
	for _, one := range all {
		figures = append(figures, of(one))
	}
	if len(figures) == 0 {
		return 0
	}
	slices.Sort(figures)
	return figures[(len(figures)-1)/2]
}
