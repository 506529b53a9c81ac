package run

import (
	"slices"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
)

// checkable returns the machine if it is to be checked: it is in the fleet, enabled, and has packs.
func checkable(f *checker.Fleet, name string) (*config.Machine, bool) {
	m, ok := f.Machine(name)
	if !ok || !m.Enabled || len(m.Packs) == 0 {
		return nil, false
	}
	return m, true
}

// allCheckable names the machines of the fleet that are to be checked, in its order.
func allCheckable(f *checker.Fleet) []string {
	var names []string
	for i := range f.Config.Machines {
		if m := &f.Config.Machines[i]; m.Enabled && len(m.Packs) > 0 {
			names = append(names, m.Name)
		}
	}
	return names
}

// chosen are the machines that were asked for, each once; none means all. Nothing is checked if one of them
// cannot be.
func chosen(f *checker.Fleet, asked []string) ([]string, error) {
	if len(asked) == 0 {
		return allCheckable(f), nil
	}
	for _, name := range asked {
		if _, ok := checkable(f, name); !ok {
			return nil, notChecked(f, name)
		}
	}
	names := slices.Clone(asked)
	slices.Sort(names)
	names = slices.Compact(names)
	return names, nil
}

// stillCheckable leaves out what is not to be checked.
func stillCheckable(f *checker.Fleet, names []string) []string {
	var kept []string
	for _, name := range names {
		if _, ok := checkable(f, name); ok {
			kept = append(kept, name)
		}
	}
	slices.Sort(kept)
	return slices.Compact(kept)
}
