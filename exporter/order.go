package exporter

import (
	"cmp"
	"math"
	"slices"
	"strings"
	"sync"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// order is what the rows of the fleet page are ordered by.
type order string

const (
	byAttention  order = ""           // what needs attention first; drift that is new before the old
	byMachine    order = "machine"    // by id
	byPack       order = "pack"       // by id
	byMismatches order = "mismatches" // the most first
	bySince      order = "since"      // the verdict that changed last first
	byChecked    order = "checked"    // the last attempt first
)

func orders() []order {
	return []order{byAttention, byMachine, byPack, byMismatches, bySince, byChecked}
}

// parseOrder reads "machine", or "-machine" for the reverse.
func parseOrder(text string) (by order, reverse bool, err error) {
	name, reverse := strings.CutPrefix(text, "-")
	by = order(name)
	if !slices.Contains(orders(), by) || reverse && by == byAttention {
		return "", false, badData("sort %q must be one of machine, pack, mismatches, since and checked, or one of them after a -", shorten(text))
	}
	return by, reverse, nil
}

// arrangement is the indices of all pairs in an order. Pairs that have nothing to compare come last, and those that
// are equal stay in the order of the configuration.
type arrangement struct {
	indices []int32
	valued  int // of them have something to compare
}

// arrange says how to bring the board's pairs into each order. Each is made when it is first asked for.
func (b *board) arrange() map[order]func() arrangement {
	ofVerdict := func(number func(*state.Verdict) int64) func(pair) (sortKey, bool) {
		return func(p pair) (sortKey, bool) {
			if p.record == nil || p.record.Verdict == nil {
				return sortKey{}, false
			}
			return sortKey{number: -number(p.record.Verdict)}, true
		}
	}
	sorted := func(key func(pair) (sortKey, bool)) func() arrangement {
		return sync.OnceValue(func() arrangement { return b.sorted(ascending(len(b.pairs)), key) })
	}
	since := ofVerdict(func(v *state.Verdict) int64 { return v.Since.UnixNano() })
	return map[order]func() arrangement{
		byAttention:  sync.OnceValue(func() arrangement { return b.urgent(since) }),
		byMachine:    sync.OnceValue(func() arrangement { return arrangement{ascending(len(b.pairs)), len(b.pairs)} }),
		byPack:       sorted(func(p pair) (sortKey, bool) { return sortKey{text: p.pack}, true }),
		byMismatches: sorted(ofVerdict(func(v *state.Verdict) int64 { return int64(v.Mismatches) })),
		bySince:      sorted(since),
		byChecked: sorted(func(p pair) (sortKey, bool) {
			if p.record == nil {
				return sortKey{number: math.MaxInt64}, true // so that the reverse begins with those never checked
			}
			return sortKey{number: -p.record.Attempt.At.UnixNano()}, true
		}),
	}
}

// urgent is what needs attention first, and of what drifted the newest first.
func (b *board) urgent(since func(pair) (sortKey, bool)) arrangement {
	byRank := make([][]int32, len(b.shares))
	for i := range b.stands {
		rank := b.rank(i)
		byRank[rank] = append(byRank[rank], int32(i)) //nolint:gosec // see roster
	}
	all := b.sorted(byRank[0], since).indices
	return arrangement{slices.Concat(append([][]int32{all}, byRank[1:]...)...), len(b.pairs)}
}

// sortKey is compared by its number and then by its text.
type sortKey struct {
	number int64
	text   string
}

// sorted sorts these pairs by their keys.
func (b *board) sorted(indices []int32, key func(pair) (sortKey, bool)) arrangement {
	type entry struct {
		sortKey
		index int32
	}
	valued := make([]entry, 0, len(indices))
	var rest []int32
	for _, i := range indices {
		if k, ok := key(b.pairs[i]); ok {
			valued = append(valued, entry{k, i})
		} else {
			rest = append(rest, i)
		}
	}
	slices.SortFunc(valued, func(x, y entry) int {
		if x.number != y.number {
			return cmp.Compare(x.number, y.number)
		}
		return cmp.Or(strings.Compare(x.text, y.text), cmp.Compare(x.index, y.index))
	})
	a := arrangement{make([]int32, 0, len(indices)), len(valued)}
	for _, v := range valued {
		a.indices = append(a.indices, v.index)
	}
	a.indices = append(a.indices, rest...)
	return a
}

// ordered are the indices of all pairs in that order. What has nothing to compare is last in the reverse, too.
func (b *board) ordered(by order, reverse bool) []int32 {
	a := b.orders[by]()
	if !reverse {
		return a.indices
	}
	indices := slices.Clone(a.indices)
	slices.Reverse(indices[:a.valued])
	return indices
}
