package exporter

import (
	"math/bits"
	"slices"
	"sync"
	"sync/atomic"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// board is how every pair of a fleet stands at one moment, arranged for the fleet page, so that a request costs what
// it shows and not what there is. It is immutable.
type board struct {
	*roster
	revision uint64  // of the view
	pairs    []pair  // of roster.places
	stands   []uint8 // of each pair
	counts   [5]int  // pairs that stand so, of standings(); a pair may stand in two ways
	shares   [5]int  // pairs whose most pressing standing it is: together all of them
	orders   map[order]func() arrangement
	census   func() *census
}

// boards keeps the latest board and makes another when the fleet or the state changed.
type boards struct {
	view   View
	fleet  func() *Fleet
	latest atomic.Pointer[board]
	making sync.Mutex // so that several requests at once make one
}

// now is the board of this moment.
func (s *boards) now() *board {
	if b := s.fresh(); b != nil {
		return b
	}
	s.making.Lock()
	defer s.making.Unlock()
	if b := s.fresh(); b != nil {
		return b
	}
	// Asked for before the records: what comes in between makes the next board.
	fleet, revision := s.fleet(), s.view.Revision()
	var r *roster
	if old := s.latest.Load(); old != nil && old.fleet == fleet {
		r = old.roster
	} else {
		r = newRoster(fleet)
	}
	b := newBoard(r, revision, s.view.Records())
	s.latest.Store(b)
	return b
}

func (s *boards) fresh() *board {
	b := s.latest.Load()
	if b == nil || b.fleet != s.fleet() || b.revision != s.view.Revision() {
		return nil
	}
	return b
}

// newBoard puts the records, which are ordered by their keys, in the places of their pairs.
func newBoard(r *roster, revision uint64, records []*state.Record) *board {
	b := &board{roster: r, revision: revision, pairs: make([]pair, len(r.places)), stands: make([]uint8, len(r.places))}
	for _, i := range r.byKey {
		p := pair{machine: &r.machines[r.places[i].machine], pack: r.packs[r.places[i].pack]}
		for len(records) > 0 && before(records[0].Key, p) {
			records = records[1:]
		}
		if len(records) > 0 && records[0].Key == p.key() {
			p.record = ofFleet(p.machine, records[0])
		}
		b.pairs[i] = p
	}
	for i, p := range b.pairs {
		stands := p.stands()
		b.stands[i] = stands
		for rank := range b.counts {
			if stands&(1<<rank) != 0 {
				b.counts[rank]++
			}
		}
		b.shares[b.rank(i)]++
	}
	b.orders = b.arrange()
	b.census = sync.OnceValue(b.takeCensus)
	return b
}

// before tells whether a key comes before that of a pair.
func before(k state.Key, p pair) bool {
	if k.Machine != p.machine.Name {
		return k.Machine < p.machine.Name
	}
	return k.Pack < p.pack
}

// rank is the most pressing standing of a pair: where it belongs in a list that begins with what needs attention. One
// that a state of the future gives no standing that we know is urgent.
func (b *board) rank(i int) int { return bits.TrailingZeros8(b.stands[i]) % 8 }

// find returns how many pairs the filter lets through, and from the one numbered skip on at most most of them.
func (b *board) find(f filter, by order, reverse bool, skip, most int) (total int, found []pair) {
	indices := b.ordered(by, reverse)
	if !f.asks() {
		for _, i := range indices[min(skip, len(indices)):min(skip+most, len(indices))] {
			found = append(found, b.pairs[i])
		}
		return len(indices), found
	}
	admits, _ := b.admits(f)
	for _, i := range indices {
		if !admits(i) {
			continue
		}
		if total >= skip && len(found) < most {
			found = append(found, b.pairs[i])
		}
		total++
	}
	return total, found
}

// admits tells of each pair whether the filter lets it through, and of each machine whether it does so too if the
// machine has no pairs. What is asked of machines and packs is asked once of each, not of each pair.
func (b *board) admits(f filter) (pairs, machines func(i int32) bool) {
	labelled, named := make([]bool, len(b.machines)), b.search(f.text)
	for i := range b.machines {
		labelled[i] = f.hasLabels(&b.machines[i])
	}
	packs, packNamed := make([]bool, len(b.packs)), make([]bool, len(b.packs))
	for i, pack := range b.packs {
		packs[i], packNamed[i] = f.pack == "" || f.pack == pack, f.in(pack)
	}
	status := ^uint8(0)
	if f.status != "" {
		status = 1 << slices.Index(standings(), f.status)
	}
	pairs = func(i int32) bool {
		p := b.places[i]
		return (named[p.machine] || packNamed[p.pack]) && labelled[p.machine] && packs[p.pack] && (f.status == "" || b.stands[i]&status != 0)
	}
	return pairs, func(m int32) bool { return labelled[m] && named[m] && !f.ofPairs() }
}

// asks tells whether the filter keeps anything out.
func (f filter) asks() bool { return f.text != "" || f.ofPairs() || len(f.labels) > 0 }
