package exporter

import (
	"cmp"
	"maps"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// roster is what the fleet page needs of a fleet whatever the state: every pair, and the texts that find it. It is
// made once of each fleet.
type roster struct {
	fleet    *Fleet
	machines []config.Machine
	text     string   // what a search finds machines by, one after the other
	ends     []int    // of each machine's part of the text
	packs    []string // every pack that a machine carries
	places   []place  // every pair, by machine and then as the configuration lists its packs
	byKey    []int32  // the places in the order of their keys, which is that of the view's records
	bare     int      // enabled machines without packs
	labels   []labelChoice
	index    *labelIndex
}

// place is where a pair stands in a fleet.
type place struct {
	machine int32 // of roster.machines
	pack    int32 // of roster.packs
}

func newRoster(fleet *Fleet) *roster {
	r := &roster{fleet: fleet, machines: fleet.machines()}
	var text strings.Builder
	packs := map[string]int32{}
	for i := range r.machines {
		m := &r.machines[i]
		text.WriteString(searchText(m))
		r.ends = append(r.ends, text.Len())
		if m.Enabled && len(m.Packs) == 0 {
			r.bare++
		}
		for j, pack := range m.Packs {
			if slices.Contains(m.Packs[:j], pack) {
				continue
			}
			n, known := packs[pack]
			if !known {
				n = int32(len(r.packs)) //nolint:gosec // no fleet has 2³¹ of anything
				packs[pack], r.packs = n, append(r.packs, pack)
			}
			r.places = append(r.places, place{int32(i), n}) //nolint:gosec // as above
		}
	}
	r.text = text.String()
	r.byKey = ascending(len(r.places))
	slices.SortFunc(r.byKey, func(a, b int32) int {
		p, q := r.places[a], r.places[b]
		return cmp.Or(strings.Compare(r.machines[p.machine].Name, r.machines[q.machine].Name), strings.Compare(r.packs[p.pack], r.packs[q.pack]))
	})
	r.index = r.indexLabels()
	r.labels = labelChoices(r.index.counts)
	return r
}

// search tells of each machine whether a text, in lower case, is found in what names it.
func (r *roster) search(text string) []bool {
	found := make([]bool, len(r.machines))
	if strings.Contains(text, "\n") {
		return found // in no name
	}
	for m, from := 0, 0; m < len(found); {
		at := strings.Index(r.text[from:], text)
		if at < 0 {
			break
		}
		for at += from; r.ends[m] <= at; {
			m++
		}
		// Lines end in the text of their machine, so that what is found does not reach into the next one.
		found[m], from = true, r.ends[m]
		m++
	}
	return found
}

// searchText is everything that a search looks at in a machine, lower-cased, each on a line of its own.
func searchText(m *config.Machine) string {
	lines := []string{m.Name, m.DisplayName, m.Address}
	lines = append(lines, m.FurtherAddresses...)
	for name, value := range m.Labels {
		lines = append(lines, name+"="+value)
	}
	return strings.ToLower(strings.Join(lines, "\n") + "\n")
}

// ascending is 0, 1, 2, …
func ascending(n int) []int32 {
	all := make([]int32, n)
	for i := range all {
		all[i] = int32(i) //nolint:gosec // as above
	}
	return all
}

// labelChoice is a label that machines have, to choose machines by.
type labelChoice struct {
	Text     string // name=value
	Machines int
}

// What the fleet page offers to choose from, so that labels that are different on each machine do not fill it.
const (
	maxLabelChoices = 100
	maxChoiceLength = 80
)

// labelChoices are the labels that most machines have, in the order of their texts. What looks different from what it
// is, or is too long to read, is not offered.
func labelChoices(machines map[label]int) []labelChoice {
	counts := map[string]int{}
	for l, n := range machines {
		if text := l.name + "=" + l.value; len(text) <= maxChoiceLength && visible(text) == text {
			counts[text] += n
		}
	}
	byText := func(a, b labelChoice) int { return strings.Compare(a.Text, b.Text) }
	var all []labelChoice
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		all = append(all, labelChoice{text, counts[text]})
	}
	if len(all) <= maxLabelChoices {
		return all
	}
	slices.SortStableFunc(all, func(a, b labelChoice) int { return cmp.Compare(b.Machines, a.Machines) })
	all = all[:maxLabelChoices]
	slices.SortFunc(all, byText)
	return all
}
