package exporter

import (
	"maps"
	"slices"
	"sort"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// census is how many of a board stand in which way.
type census struct {
	machines machineCounts
	pairs    standingCounts
	packs    map[string]standingCounts // pairs, by pack
}

func (b *board) takeCensus() *census {
	c := &census{packs: map[string]standingCounts{}}
	c.machines.Total, c.machines.WithoutPacks = len(b.machines), b.bare
	c.pairs.Total = len(b.pairs)
	for rank, s := range standings() {
		*c.pairs.of(s) = b.counts[rank]
	}
	last, seen := int32(-1), map[standing]bool{}
	for i, p := range b.pairs {
		t := c.packs[p.pack]
		t.add(p)
		c.packs[p.pack] = t
		if m := b.places[i].machine; m != last {
			last = m
			clear(seen)
		}
		for _, s := range standings() {
			if p.is(s) && !seen[s] {
				seen[s] = true
				*c.machines.of(s)++
			}
		}
	}
	return c
}

// labelIndex is the labels of a roster's machines.
type labelIndex struct {
	names  []string
	values map[string][]string // of a label
	counts map[label]int       // machines
}

func (r *roster) indexLabels() *labelIndex {
	x := &labelIndex{values: map[string][]string{}, counts: map[label]int{}}
	for i := range r.machines {
		for name, value := range r.machines[i].Labels {
			x.counts[label{name, value}]++
		}
	}
	for l := range x.counts {
		x.values[l.name] = append(x.values[l.name], l.value)
	}
	x.names = slices.Sorted(maps.Keys(x.values))
	for _, values := range x.values {
		slices.Sort(values)
	}
	return x
}

// matched is a machine with those of its pairs that a filter lets through.
type matched struct {
	machine *config.Machine
	pairs   []pair
}

// machinesAfter returns how many machines the filter lets through, a page of them by name, and whether there are
// more. A machine without pairs that fit is only among them where nothing is asked of pairs.
func (b *board) machinesAfter(f filter, p paging) (total int, page []matched, more bool) {
	first := sort.Search(len(b.machines), func(i int) bool { return b.machines[i].Name > p.after })
	if !f.asks() {
		last := min(first+p.limit, len(b.machines))
		for i := first; i < last; i++ {
			page = append(page, matched{&b.machines[i], b.pairsOf(i)})
		}
		return len(b.machines), page, last < len(b.machines)
	}
	admits, bare := b.admits(f)
	next := 0 // place
	for i := range b.machines {
		m, fits := matched{machine: &b.machines[i]}, bare(int32(i)) //nolint:gosec // see roster
		for ; next < len(b.places) && int(b.places[next].machine) == i; next++ {
			if admits(int32(next)) { //nolint:gosec // see roster
				m.pairs, fits = append(m.pairs, b.pairs[next]), true
			}
		}
		switch {
		case !fits:
			continue
		case i >= first && len(page) < p.limit:
			page = append(page, m)
		case i >= first:
			more = true
		}
		total++
	}
	return total, page, more
}

// pairsOf are the pairs of a machine.
func (b *board) pairsOf(machine int) []pair {
	begin := sort.Search(len(b.places), func(i int) bool { return int(b.places[i].machine) >= machine })
	end := begin
	for end < len(b.places) && int(b.places[end].machine) == machine {
		end++
	}
	return b.pairs[begin:end]
}
