package exporter

import (
	"iter"
	"slices"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// pair is one pack that a configured machine carries, with what the state knows of it.
type pair struct {
	machine *config.Machine
	pack    string
	// record is nil if there is nothing to tell: never attempted, or drift detection is disabled.
	record *state.Record
}

// standing is how a pair stands, as filters and counts name it. A pair whose last attempt failed is both
// unknown and what its last verdict says, just as the gauges show it.
type standing string

const (
	standingDrifted   standing = "drifted"   // by the last verdict
	standingUnknown   standing = "unknown"   // the last attempt gave no verdict
	standingNever     standing = "never"     // never attempted
	standingCompliant standing = "compliant" // by the last verdict
	standingDisabled  standing = "disabled"  // drift_detection_enabled: false
)

// standings lists every standing, what needs attention first.
func standings() []standing {
	return []standing{standingDrifted, standingUnknown, standingNever, standingCompliant, standingDisabled}
}

func (p pair) key() state.Key { return state.Key{Machine: p.machine.Name, Pack: p.pack} }

// is tells whether the pair stands so.
func (p pair) is(s standing) bool {
	switch s {
	case standingDisabled:
		return !p.machine.Enabled
	case standingNever:
		return p.machine.Enabled && p.record == nil
	case standingUnknown:
		return p.record != nil && !judged(p.record.Attempt.Status)
	default:
		return p.verdict() == state.Status(s)
	}
}

// stands is every standing of the pair, a bit each in the order of standings: what is says, for many pairs at once.
func (p pair) stands() uint8 {
	const drifted, unknown, never, compliant, disabled = 1, 2, 4, 8, 16
	switch {
	case !p.machine.Enabled:
		return disabled
	case p.record == nil:
		return never
	}
	var all uint8
	switch p.verdict() {
	case state.Drifted:
		all |= drifted
	case state.Compliant:
		all |= compliant
	}
	if !judged(p.record.Attempt.Status) {
		all |= unknown
	}
	return all
}

// rank is the first standing that fits: where the pair belongs in a list that begins with what needs attention.
func (p pair) rank() int {
	all := standings()
	return max(0, slices.IndexFunc(all, p.is))
}

// verdict is the status of the last verdict, empty if there is none.
func (p pair) verdict() state.Status {
	if p.record == nil || p.record.Verdict == nil {
		return ""
	}
	return p.record.Verdict.Status
}

// judged tells whether an attempt of that status gave a verdict. Anything but the two verdicts did not.
func judged(s state.Status) bool { return s == state.Compliant || s == state.Drifted }

// pairs yields every pair of the machine once.
func pairs(v View, m *config.Machine) iter.Seq[pair] {
	return func(yield func(pair) bool) {
		for i, name := range m.Packs {
			if slices.Contains(m.Packs[:i], name) { // a doubled series would spoil a whole scrape
				continue
			}
			p := pair{machine: m, pack: name}
			p.record = current(v, m, name)
			if !yield(p) {
				return
			}
		}
	}
}

// current returns the record of a pair as long as the pair belongs to the fleet. The record of one that was
// taken out and put back is of its former life until the next check: it counts as none.
func current(v View, m *config.Machine, pack string) *state.Record {
	if !m.Enabled {
		return nil
	}
	r, ok := v.Record(state.Key{Machine: m.Name, Pack: pack})
	if !ok {
		return nil
	}
	return ofFleet(m, r)
}

// ofFleet is the record of a pair of the machine, or nil where it counts as none.
func ofFleet(m *config.Machine, r *state.Record) *state.Record {
	if !m.Enabled || !r.Retired.IsZero() {
		return nil
	}
	return r
}

// checked tells whether the machine is one that runs check: enabled, with at least one pack.
func checked(m *config.Machine) bool { return m.Enabled && len(m.Packs) > 0 }
