package main

import (
	"errors"
	"fmt"
	"slices"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
)

// selection narrows a fleet to what `check` was asked for: the named machines, or all that are enabled, and
// one pack, or all. A machine that was named but must not be checked is an error, never silently left out.
func selection(fleet *checker.Fleet, names []string, pack string) (*checker.Fleet, []string, error) {
	if pack != "" && fleet.Packs[pack] == nil {
		return nil, nil, fmt.Errorf("no pack is called %q", pack)
	}
	for _, name := range names {
		m, ok := fleet.Machine(name)
		switch {
		case !ok:
			return nil, nil, fmt.Errorf("no machine is called %q", name)
		case !m.Enabled:
			return nil, nil, fmt.Errorf("drift detection is disabled for machine %q", name)
		case pack != "" && !slices.Contains(m.Packs, pack):
			return nil, nil, fmt.Errorf("machine %q does not carry pack %q", name, pack)
		case len(m.Packs) == 0:
			return nil, nil, fmt.Errorf("machine %q carries no pack", name)
		}
	}
	narrowed := *fleet.Config
	narrowed.Machines = nil
	var chosen []string
	for _, m := range fleet.Config.Machines {
		if pack != "" {
			m.Packs = slices.DeleteFunc(slices.Clone(m.Packs), func(p string) bool { return p != pack })
			m.Waivers = slices.DeleteFunc(slices.Clone(m.Waivers), func(w config.Waiver) bool { return w.Pack != pack })
		}
		narrowed.Machines = append(narrowed.Machines, m)
		wanted := len(names) == 0 || slices.Contains(names, m.Name)
		if wanted && m.Enabled && len(m.Packs) > 0 {
			chosen = append(chosen, m.Name)
		}
	}
	if len(chosen) == 0 { // else a check of nothing would pass for one of everything
		return nil, nil, errors.New("there is nothing to check: no machine with drift detection enabled carries " + packOr(pack))
	}
	result, problems := checker.NewFleet(&narrowed, fleet.Packs)
	if problems.Fatal() {
		return nil, nil, fmt.Errorf("%w: %s", errInvalid, problems[0])
	}
	return result, chosen, nil
}

func packOr(pack string) string {
	if pack == "" {
		return "a pack"
	}
	return fmt.Sprintf("pack %q", pack)
}
