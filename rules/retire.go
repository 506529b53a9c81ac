package rules

import (
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Retire takes a pair out of the fleet: because it was removed from the configuration, or because its machine was
// disabled. A firing alert ends. It returns false if there is no record, or the pair is retired already.
//
// The record itself stays until every Alertmanager has heard of the end; see Forget. If the pair comes back, its next
// verdict is a first one.
func Retire(prev *state.Record, why state.ResolvedReason, validUntil, now time.Time) (*state.Record, bool) {
	if prev == nil || !prev.Retired.IsZero() && !prev.Alert.Firing() {
		return nil, false
	}
	next := *prev
	if next.Retired.IsZero() {
		next.Retired = milliseconds(now)
	}
	if next.Alert.Firing() {
		ended := resolved(*next.Alert, why, now, validUntil)
		next.Alert = &ended
	}
	prune(&next, now)
	return &next, true
}

// Forget deletes the record of a retired pair, by returning nil and true, once nothing is left to tell of it. It
// returns false if that is not so yet, or the pair is not retired.
func Forget(prev *state.Record, now time.Time) (*state.Record, bool) {
	if prev == nil || prev.Retired.IsZero() {
		return nil, false
	}
	rest := *prev
	prune(&rest, now)
	return nil, rest.Alert == nil && len(rest.Resolving) == 0
}
