package rules

import (
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// cause says what made a compliant pair drift; before is the detail of the compliant verdict. The pack or an expired
// waiver is named only if it alone explains every mismatch. Whatever is in doubt is the machine's: an operator who is
// sent to the machine needlessly has lost less than one who is told that it did not change when it did.
func cause(before *state.Detail, r state.Result) state.Cause {
	if before == nil || len(before.Definitions) == 0 || len(r.Mismatches) == 0 {
		return state.CauseMachineChanged
	}
	packs, waivers := 0, 0
	for _, m := range r.Mismatches {
		switch {
		case redefined(before.Definitions, r.Definitions, m.ID()):
			packs++
		case wasWaived(before.Waived, m):
			waivers++
		}
	}
	switch len(r.Mismatches) {
	case packs:
		return state.CausePackChanged
	case waivers:
		return state.CauseWaiverExpired
	default:
		return state.CauseMachineChanged
	}
}

// redefined tells whether the pack demands something else of the item than before, or demands it newly.
func redefined(before, now map[string]string, id string) bool {
	definition, known := now[id]
	return known && definition != before[id]
}

func wasWaived(waived []state.Mismatch, m state.Mismatch) bool {
	for _, w := range waived {
		if w.Type == m.Type && w.ID() == m.ID() && w.Item == m.Item {
			return true
		}
	}
	return false
}

// resolvedReason says why a drifted pair is compliant; before is the detail of the drifted verdict. If an item that
// differed still differs, but is waived, the pair is compliant only because of that.
func resolvedReason(before *state.Detail, r state.Result) state.ResolvedReason {
	if before == nil {
		return state.ResolvedCompliant
	}
	differed := make(map[string]bool, len(before.Mismatches))
	for _, m := range before.Mismatches {
		differed[state.ItemID(m.Kind, m.Item)] = true
	}
	for _, w := range r.Waived {
		if differed[state.ItemID(w.Kind, w.Item)] {
			return state.ResolvedWaived
		}
	}
	return state.ResolvedCompliant
}
