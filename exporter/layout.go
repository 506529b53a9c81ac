package exporter

import (
	"cmp"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// layout has the labels of every series that a fleet may have, in the order in which series are shown. It is
// made once for a fleet: what results change are values.
type layout struct {
	fleet     *Fleet
	machines  []*machineLayout // those that runs check, by name
	byAddress []*machineLayout // the same, in the order of drift_machine_info
	labels    *family          // drift_machine_labels, which follows from the fleet alone
	shared    labelPool
}

type machineLayout struct {
	machine *config.Machine
	labels  *labelSet
	packs   []packLayout
	info    *labelSet // of drift_machine_info, for the operating system of last time
	os      string
}

type packLayout struct {
	name    string
	labels  *labelSet
	failing *labelSet // of drift_consecutive_failures, for the reason of last time; nil before
}

func newLayout(fleet *Fleet) *layout {
	shared := labelPool{}
	l := &layout{fleet: fleet, shared: shared}
	var described []sample
	machines := fleet.machines()
	for i := range machines {
		m := &machines[i]
		if !checked(m) {
			continue
		}
		name := newLabel(labelMachine, m.Name)
		at := &machineLayout{machine: m, labels: newLabelSet(name)}
		for _, pack := range slices.Compact(slices.Sorted(slices.Values(m.Packs))) { // a doubled series would spoil a whole scrape
			at.packs = append(at.packs, packLayout{name: pack, labels: newLabelSet(name, shared.label("pack", pack))})
		}
		l.machines = append(l.machines, at)
		described = append(described, sample{machineLabels(m, name, shared), 1})
	}
	slices.SortFunc(l.machines, func(a, b *machineLayout) int { return strings.Compare(a.machine.Name, b.machine.Name) })
	l.byAddress = slices.Clone(l.machines)
	slices.SortStableFunc(l.byAddress, func(a, b *machineLayout) int {
		return strings.Compare(labelValue(a.machine.Address), labelValue(b.machine.Address))
	})
	slices.SortFunc(described, func(a, b sample) int { return a.labels.compare(b.labels) })
	l.labels = &family{labelsName, labelsHelp, described}
	return l
}

// families returns the gauges of this moment, without those that have no series, sorted by name. It is not safe
// for concurrent use.
func (l *layout) families(v View) []*family {
	failing := &family{name: failuresName, help: failuresHelp}
	duration := &family{name: durationName, help: durationHelp}
	info := &family{name: infoName, help: infoHelp}
	gauges := pairGauges()
	all := []*family{failing, duration, info, l.labels}
	for _, g := range gauges {
		all = append(all, &family{name: g.name, help: g.help})
	}
	ofPairs := all[len(all)-len(gauges):]
	for _, m := range l.machines {
		os := ""
		if seen, ok := v.Machine(m.machine.Name); ok && seen.HasOutcome() {
			os = seen.Facts.OS
			duration.samples = append(duration.samples, sample{m.labels, seen.Duration.Seconds()})
		}
		m.describe(os)
		for i := range m.packs {
			p := &m.packs[i]
			record := current(v, m.machine, p.name)
			if record == nil {
				continue
			}
			for j, g := range gauges {
				if value, ok := g.value(record); ok {
					ofPairs[j].samples = append(ofPairs[j].samples, sample{p.labels, value})
				}
			}
			if n := failuresInARow(record); n > 0 {
				p.fail(record.Attempt.Reason, l.shared)
				failing.samples = append(failing.samples, sample{p.failing, float64(n)})
			}
		}
	}
	for _, m := range l.byAddress {
		info.samples = append(info.samples, sample{m.info, 1})
	}
	all = slices.DeleteFunc(all, func(f *family) bool { return len(f.samples) == 0 })
	slices.SortFunc(all, func(a, b *family) int { return cmp.Compare(a.name, b.name) })
	return all
}

// describe makes the labels of drift_machine_info, unless they are those of last time.
func (m *machineLayout) describe(os string) {
	if m.info != nil && m.os == os {
		return
	}
	m.os = os
	m.info = newLabelSet(newLabel("address", m.machine.Address), m.labels.pairs[0],
		newLabel("os", os), newLabel("transport", string(m.machine.Transport)))
}

// fail makes the labels of drift_consecutive_failures, unless they are those of last time. An attempt that says
// neither a verdict nor a reason is a mistake of ours.
func (p *packLayout) fail(reason state.Reason, shared labelPool) {
	why := shared.label("reason", string(cmp.Or(reason, state.ReasonInternal)))
	if p.failing == nil || p.failing.pairs[2] != why {
		p.failing = newLabelSet(p.labels.pairs[0], p.labels.pairs[1], why)
	}
}
