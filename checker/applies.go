package checker

import (
	"errors"
	"fmt"
	"slices"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// errApplies is an item of which nobody can tell whether the machine has to have it. Its text holds nothing of either.
var errApplies = errors.New("does not say what applies")

// applicable are the items of a pack that apply to a machine. One of which the machine does not say enough to tell,
// and two of the same identity, are errors and not left out.
func applicable(items []*observation, facts *Facts) []*observation {
	known := map[string]string{
		"arch": facts.Arch, "init": facts.Init, "os": facts.OS, "package_manager": facts.PackageManager, "version": facts.Version,
	}
	out := make([]*observation, 0, len(items))
	before := make(map[string]*observation, len(items))
	for _, o := range items {
		applies, err := o.entry.When.Applies(known, facts.Vars)
		if err != nil {
			o.err = fmt.Errorf("%w: %w", errApplies, err)
		} else if !applies {
			continue
		}
		o.said = facts
		id := state.ItemID(o.entry.Kind, o.entry.Item.Identity())
		if other := before[id]; other != nil && err == nil && other.err == nil {
			o.err = fmt.Errorf("%w: the one at %s applies as well: no machine may satisfy the when of both", errApplies, other.entry.Source)
		}
		if err == nil {
			before[id] = o
		}
		out = append(out, o)
	}
	return slices.Clip(out)
}
