package checker

import (
	"fmt"
	"slices"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// carriedTwice warns of machines that carry a pack and one that it extends: each mismatch of that is one of both, with
// an alert for each. There is one warning for two such packs, however many machines carry them.
func (f *Fleet) carriedTwice() yamlfile.Problems {
	type related struct{ pack, ancestor string }
	first, machines := map[related]int{}, map[related]int{}
	for i := range f.Config.Machines {
		m := &f.Config.Machines[i]
		if !m.Enabled || len(m.Packs) < 2 {
			continue
		}
		for _, id := range m.Packs {
			for p := f.Packs[id]; p != nil && p.Extends != ""; p = f.Packs[p.Extends] {
				if both := (related{id, p.Extends}); slices.Contains(m.Packs, p.Extends) {
					if machines[both]++; machines[both] == 1 {
						first[both] = i
					}
				}
			}
		}
	}
	var problems yamlfile.Problems
	for both, i := range first {
		m := &f.Config.Machines[i]
		problems = append(problems, yamlfile.Problem{
			File: m.File, Line: packLine(m, both.pack), Warning: true,
			Message: fmt.Sprintf("machine %q%s: pack %q extends %q: what %q demands is checked and reported twice",
				m.Name, andMore(machines[both]-1), both.pack, both.ancestor, both.ancestor),
		})
	}
	return problems
}

func andMore(n int) string {
	if n == 0 {
		return ""
	}
	return fmt.Sprintf(" and %d more", n)
}

// packLine is where a machine names a pack; without that, where the machine is.
func packLine(m *config.Machine, id string) int {
	if i := slices.Index(m.Packs, id); i >= 0 && i < len(m.PackLines) {
		return m.PackLines[i]
	}
	return m.Line
}
