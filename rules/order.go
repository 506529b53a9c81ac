package rules

import (
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// maxAhead is how far in the future the stored run may lie and still count as a run that took place.
const maxAhead = time.Hour

// stale tells whether a result must be dropped because what is stored is as new or newer:
//   - it is of the stored attempt's run (a message delivered twice) or of an earlier one. Runs are compared as
//     instants; a stored run that is none counts as earlier, a result's as stale, since it cannot be placed;
//   - it was observed before the pair left the fleet: a check that was under way must not bring the pair back.
//
// If the clock was ahead for a while, what was stored then lies in the future and would block every result until that
// future has come. So a stored instant more than an hour ahead of now blocks nothing but its own repetition.
func stale(prev *state.Record, r state.Result, now time.Time) bool {
	run, err := time.Parse(time.RFC3339Nano, r.Run)
	if err != nil {
		return true
	}
	if prev == nil {
		return false
	}
	if !prev.Retired.IsZero() && !r.At.After(prev.Retired) && !ahead(prev.Retired, now) {
		return true
	}
	stored, err := time.Parse(time.RFC3339Nano, prev.Attempt.Run)
	if err != nil {
		return false
	}
	return run.Equal(stored) || run.Before(stored) && !ahead(stored, now)
}

func ahead(t, now time.Time) bool { return t.After(now.Add(maxAhead)) }
