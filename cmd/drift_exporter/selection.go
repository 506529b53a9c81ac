package main

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
)

// query is what `check` was asked for. Empty means all.
type query struct {
	machines []string // names or globs, any of which
	limits   []string // all of which
	packs    []string // any of which
}

// selection narrows a fleet to what was asked for, and returns the names of the machines to check, in the fleet's
// order. What was asked for and cannot be checked is an error, never silently left out: a check of nothing, or of
// less, would pass for one of everything.
func selection(fleet *checker.Fleet, q query) (*checker.Fleet, []string, error) {
	for _, pack := range q.packs {
		if fleet.Packs[pack] == nil {
			return nil, nil, unknownPack(pack, fleet.Packs)
		}
	}
	admits, err := choice(fleet, q)
	if err != nil {
		return nil, nil, err
	}
	narrowed := *fleet.Config
	narrowed.Machines = make([]config.Machine, len(fleet.Config.Machines))
	var chosen []string
	carried := map[string]bool{}
	for i, m := range fleet.Config.Machines {
		m = withPacks(m, q.packs)
		narrowed.Machines[i] = m
		if !m.Enabled || len(m.Packs) == 0 || !admits(&m) {
			continue
		}
		chosen = append(chosen, m.Name)
		for _, pack := range m.Packs {
			carried[pack] = true
		}
	}
	if err := nothingMissing(q, chosen, carried); err != nil {
		return nil, nil, err
	}
	result, problems := checker.NewFleet(&narrowed, fleet.Packs)
	if problems.Fatal() {
		return nil, nil, fmt.Errorf("%w: %s", errInvalid, problems[0])
	}
	return result, chosen, nil
}

// choice reads the query's patterns, and returns what tells whether a machine was asked for.
func choice(fleet *checker.Fleet, q query) (func(*config.Machine) bool, error) {
	var all []limit
	if len(q.machines) > 0 {
		var named limit
		for _, text := range q.machines {
			name, glob, err := parseName(text)
			if err != nil {
				return nil, err
			}
			named = append(named, pattern{text: text, name: name, glob: glob})
		}
		all = append(all, named)
	}
	for _, text := range q.limits {
		l, err := parseLimit(text)
		if err != nil {
			return nil, err
		}
		all = append(all, l)
	}
	for _, l := range all {
		for _, p := range l {
			if err := checkAsked(fleet, p, q.packs); err != nil {
				return nil, err
			}
		}
	}
	return func(m *config.Machine) bool {
		return !slices.ContainsFunc(all, func(l limit) bool { return !l.admits(m) })
	}, nil
}

// checkAsked refuses a pattern that is a mistake, and a machine asked for by its name that would not be checked.
func checkAsked(fleet *checker.Fleet, p pattern, packs []string) error {
	if err := checkPattern(p, fleet.Config.Machines); err != nil {
		if p.name != "" && strings.ContainsAny(p.name, "=!~") {
			return fmt.Errorf("%w; labels are given as --limit", err)
		}
		return err
	}
	m, found := fleet.Machine(p.name)
	if !found || p.not {
		return nil
	}
	switch {
	case !m.Enabled:
		return fmt.Errorf("drift detection is disabled for machine %q", m.Name)
	case len(m.Packs) == 0:
		return fmt.Errorf("machine %q carries no pack", m.Name)
	case len(withPacks(*m, packs).Packs) == 0:
		return fmt.Errorf("machine %q does not carry %s", m.Name, packOr(packs))
	}
	return nil
}

// withPacks is a machine with no other packs than these, or with all of its own if there are none of these.
func withPacks(m config.Machine, packs []string) config.Machine {
	if len(packs) > 0 {
		m.Packs = slices.DeleteFunc(slices.Clone(m.Packs), func(p string) bool { return !slices.Contains(packs, p) })
		m.Waivers = slices.DeleteFunc(slices.Clone(m.Waivers), func(w config.Waiver) bool { return !slices.Contains(packs, w.Pack) })
	}
	return m
}

// nothingMissing tells whether machines were chosen, and every pack that was asked for is carried by one of them.
func nothingMissing(q query, chosen []string, carried map[string]bool) error {
	asked := "enabled"
	if len(q.machines)+len(q.limits) > 0 {
		asked = "enabled that was asked for"
	}
	if len(chosen) == 0 {
		return errors.New("there is nothing to check: no machine with drift detection " + asked + " carries " + packOr(q.packs))
	}
	for _, pack := range q.packs {
		if !carried[pack] {
			return fmt.Errorf("no machine with drift detection %s carries pack %q", asked, pack)
		}
	}
	return nil
}

func packOr(packs []string) string {
	switch len(packs) {
	case 0:
		return "a pack"
	case 1:
		return fmt.Sprintf("pack %q", packs[0])
	}
	return "any of the packs " + strings.Join(packs, ", ")
}
