package checker

import (
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// doubtfulConditions warns of conditions that most likely hold nowhere, and never for the reason that was meant. An item
// that packs inherit is meant for the machines of all of them.
func (f *Fleet) doubtfulConditions() yamlfile.Problems {
	type place struct{ source, when string } // one line may hold several items
	whens, vars := map[place]*pack.When{}, map[place]map[string]any{}
	for i := range f.Config.Machines {
		for _, id := range f.Config.Machines[i].Packs {
			if f.Packs[id] == nil {
				continue
			}
			for _, entry := range f.Packs[id].Entries {
				if entry.When == nil {
					continue
				}
				at := place{entry.Source, entry.When.String()}
				if whens[at] == nil {
					whens[at], vars[at] = entry.When, map[string]any{}
				}
				maps.Copy(vars[at], f.Config.Machines[i].Vars)
			}
		}
	}
	var problems yamlfile.Problems
	for at, when := range whens {
		for _, doubt := range slices.Concat(unknownVars(when, sortedKeys(vars[at])), oddValues(when)) {
			problems = append(problems, yamlfile.Problem{File: at.source, Message: doubt, Warning: true})
		}
	}
	return problems
}

func unknownVars(when *pack.When, known []string) []string {
	var doubts []string
	for _, name := range when.VarNames() {
		if !slices.Contains(known, name) {
			doubts = append(doubts, fmt.Sprintf("when: no machine that carries this pack has a var %q%s", name, yamlfile.Suggest(name, known)))
		}
	}
	return doubts
}

func oddValues(when *pack.When) []string {
	var doubts []string
	for _, value := range when.Values("package_manager") {
		if known := packageManagers(); !slices.Contains(known, value) {
			doubts = append(doubts, fmt.Sprintf("when: no machine has the package manager %q: it is one of %s", value, strings.Join(known, ", ")))
		}
	}
	for _, fact := range []string{"os", "version"} {
		for _, value := range when.Values(fact) {
			if strings.ContainsAny(value, "<>=!~*") {
				doubts = append(doubts, fmt.Sprintf("when: %s %q is compared as it is written: list the values that are meant", fact, value))
			}
		}
	}
	return doubts
}
