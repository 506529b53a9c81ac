package config

import (
	"fmt"
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// waivers reads the machine's waivers.
func (s scope) waivers(raw rawMachine, packs []string, zone *time.Location) []Waiver {
	var out []Waiver
	lines := map[Waiver]int{}
	for _, r := range raw.Waivers {
		if r.Line == 0 {
			continue // not a mapping, which is reported
		}
		own := s
		own.line = r.Line
		if r.Item.Value != "" {
			own.subject += fmt.Sprintf("waiver for %q: ", r.Item.Value)
		} else {
			own.subject += "waiver: "
		}
		w := own.waiver(r, zone)
		excused := Waiver{Pack: w.Pack, Kind: w.Kind, Item: w.Item}
		if first, twice := lines[excused]; twice && w.Item != "" {
			own.errorf(r.Line, "the same item is waived twice, first in line %d", first)
		}
		if w.Pack != "" && !slices.Contains(packs, w.Pack) {
			own.warnf(r.Pack.Line, "this machine does not have the pack %q: the waiver has no effect", w.Pack)
		}
		lines[excused] = r.Line
		out = append(out, w)
	}
	return out
}

func (s scope) waiver(raw rawWaiver, zone *time.Location) Waiver {
	for _, field := range []struct {
		name  string
		value yamlfile.Scalar
	}{{"pack", raw.Pack}, {"kind", raw.Kind}, {"item", raw.Item}, {"reason", raw.Reason}} {
		if field.value.Value == "" {
			s.errorf(field.value.Line, "%s is missing", field.name)
		}
		s.oneLine(field.value, field.name)
	}
	w := Waiver{Pack: raw.Pack.Value, Kind: raw.Kind.Value, Item: raw.Item.Value, Reason: raw.Reason.Value}
	if raw.Expires.Set {
		w.Expires = s.endOfDay(raw.Expires, zone)
	}
	return w
}

// endOfDay reads a date and returns the midnight that ends it.
func (s scope) endOfDay(v yamlfile.Scalar, zone *time.Location) time.Time {
	day, err := time.Parse(time.DateOnly, v.Value)
	if err != nil {
		s.errorf(v.Line, "expires must be a date such as 2026-03-01, the last day of the waiver, not %q", v.Value)
		return time.Time{}
	}
	return time.Date(day.Year(), day.Month(), day.Day()+1, 0, 0, 0, 0, zone)
}
