package exporter

import (
	"context"
	"net/http"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// pairList is a page of pairs, in the order that was asked for: the rows of the fleet page.
type pairList struct {
	Pairs     []pairRow `json:"pairs"`
	Total     int       `json:"total"`
	NextToken string    `json:"next_token,omitempty"`
}

// pairRow is a pair in a list of those of all machines.
type pairRow struct {
	Machine     string   `json:"machine"`
	DisplayName string   `json:"display_name"`
	Standing    standing `json:"standing"` // the most pressing one
	pairSummary
}

func (e *Exporter) apiPairList(_ context.Context, r *http.Request) (any, error) {
	f, err := parseFilter(r.Form)
	if err != nil {
		return nil, err
	}
	page, err := parsePaging(r.Form)
	if err != nil {
		return nil, err
	}
	by, reverse, err := parseOrder(r.Form.Get("sort"))
	if err != nil {
		return nil, err
	}
	b := e.boards.now()
	total, rows, more, err := b.following(f, b.ordered(by, reverse), page)
	if err != nil {
		return nil, err
	}
	list := pairList{Pairs: make([]pairRow, 0, len(rows)), Total: total}
	for _, i := range rows {
		p := b.pairs[i]
		list.Pairs = append(list.Pairs, pairRow{p.machine.Name, p.machine.DisplayName, standings()[b.rank(int(i))], e.summary(p)})
	}
	if more {
		list.NextToken = b.pairs[rows[len(rows)-1]].key().String()
	}
	return list, nil
}

// following returns how many pairs the filter lets through, a page of them in the order of the indices, and whether
// there are more. The page begins after the pair that its token names, wherever that is in the order by now.
func (b *board) following(f filter, indices []int32, p paging) (total int, page []int32, more bool, err error) {
	from := 0
	if p.after != "" {
		i, ok := b.place(p.after)
		if !ok {
			return 0, nil, false, badData("next_token %q must be that of an earlier page, and its pair still be there: begin with the first page", shorten(p.after))
		}
		from = slices.Index(indices, i) + 1
	}
	if !f.asks() {
		page = indices[from:min(from+p.limit, len(indices))]
		return len(indices), page, from+p.limit < len(indices), nil
	}
	admits, _ := b.admits(f)
	for place, i := range indices {
		switch {
		case !admits(i):
			continue
		case place >= from && len(page) < p.limit:
			page = append(page, i)
		case place >= from:
			more = true
		}
		total++
	}
	return total, page, more, nil
}

// place is the index of a pair by its token, "machine/pack".
func (b *board) place(token string) (int32, bool) {
	name, pack, _ := strings.Cut(token, "/")
	k := state.Key{Machine: name, Pack: pack}
	i, ok := slices.BinarySearchFunc(b.byKey, k, func(i int32, k state.Key) int {
		if own := b.pairs[i].key(); own == k {
			return 0
		} else if before(k, b.pairs[i]) {
			return 1
		}
		return -1
	})
	if !ok {
		return 0, false
	}
	return b.byKey[i], true
}
