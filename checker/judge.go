package checker

import (
	"time"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// judge makes the results of an outcome from its observations, one for each pack of the machine.
func judge(out *Outcome, f *Fleet, m *config.Machine, items map[string][]*observation) {
	var failed []state.ItemError
	total := 0
	for _, id := range m.Packs {
		r := unknown(out, m, id)
		r.Items = len(items[id])
		if p, ok := f.Packs[id]; ok {
			r.PackDigest, r.Definitions = f.digests.of(p, m.Vars)
		}
		waivers := activeWaivers(m, id, out.At)
		r.WaiverExpires = earliest(waivers)
		if r.Failure == nil {
			sumUp(&r, items[id], waivers)
			failed = append(failed, r.Errors...)
			total += r.Items
		}
		out.Results = append(out.Results, r)
	}
	if len(failed) > 0 {
		out.Failure = unreadable(failed, total)
	}
}

// unknown is the result of a pack of which nothing is known yet but the failure of its machine, if there is one.
func unknown(out *Outcome, m *config.Machine, packID string) state.Result {
	return state.Result{
		Key: state.Key{Machine: m.Name, Pack: packID}, Run: out.Run, At: out.At, Duration: out.Duration,
		Status: state.Unknown, Failure: out.Failure,
	}
}

// unjudged makes the results of an outcome that cannot be judged.
func unjudged(out *Outcome, m *config.Machine) {
	out.Results = nil
	for _, id := range m.Packs {
		out.Results = append(out.Results, unknown(out, m, id))
	}
}

// sumUp fills in what the observations of a pack came to.
func sumUp(r *state.Result, items []*observation, waivers map[string]config.Waiver) {
	for _, item := range flattened(items) {
		if failed := item.itemError(); failed != nil {
			r.Errors = append(r.Errors, *failed)
		}
		for _, mismatch := range item.mismatches {
			if waiver, waived := waiverOf(waivers, mismatch); waived {
				mismatch.Waiver = waiver.Reason
				r.Waived = append(r.Waived, mismatch)
			} else {
				r.Mismatches = append(r.Mismatches, mismatch)
			}
		}
	}
	switch {
	case len(r.Errors) > 0:
		r.Failure = unreadable(r.Errors, r.Items)
	case len(r.Mismatches) > 0:
		r.Status = state.Drifted
	default:
		r.Status = state.Compliant
	}
}

// flattened has what an item stands for in its place.
func flattened(items []*observation) []*observation {
	var out []*observation
	for _, item := range items {
		if out = append(out, item); len(item.expanded) > 0 {
			out = append(out[:len(out)-1], item.expanded...)
		}
	}
	return out
}

// waiverOf finds the waiver of a mismatch: of what differs, or of the item in the pack that it is one of.
func waiverOf(waivers map[string]config.Waiver, m state.Mismatch) (config.Waiver, bool) {
	if waiver, ok := waivers[state.ItemID(m.Kind, m.Item)]; ok {
		return waiver, true
	}
	waiver, ok := waivers[m.ID()]
	return waiver, ok
}

// activeWaivers are the waivers of a pair that have not expired, by state.ItemID.
func activeWaivers(m *config.Machine, packID string, now time.Time) map[string]config.Waiver {
	active := map[string]config.Waiver{}
	for _, w := range m.Waivers {
		if w.Pack == packID && (w.Expires.IsZero() || now.Before(w.Expires)) {
			active[state.ItemID(w.Kind, shown(w.Item))] = w
		}
	}
	return active
}

// earliest is when the first of them expires; zero if none does.
func earliest(waivers map[string]config.Waiver) time.Time {
	var first time.Time
	for _, w := range waivers {
		if !w.Expires.IsZero() && (first.IsZero() || w.Expires.Before(first)) {
			first = w.Expires
		}
	}
	return first
}
