package checker

import (
	"context"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Outcome is what one check of one machine gave: a result for each of its packs.
type Outcome struct {
	Machine  string
	Run      string // id of the run; empty for a check outside of runs
	At       time.Time
	Duration time.Duration
	Facts    state.Facts
	// Failure is set if the machine as a whole could not be checked, or if an item could not be observed; every
	// Result then has its own as well where it applies.
	Failure *state.Failure
	Results []state.Result // one for each pack, in the machine's order
}

// Sink takes an outcome and returns once it is stored.
type Sink func(context.Context, Outcome) error
