package exporter

import (
	"fmt"
	"net/http"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// shownCarriers is how many machines the page of a pack shows itself.
const shownCarriers = 10

// packContent is the page of a pack.
type packContent struct {
	*PackInfo
	Own      int         // items that are not inherited
	Chain    []*PackInfo // the packs that it extends, the nearest first
	Children []*PackInfo // the packs that extend it
	Machines int         // that carry it, disabled ones included
	Stands   []count
	Rows     []row // those of the machines that need attention first
	FleetURL string
	Jumps    []kindJump
	Kinds    []itemGroup
	Hides    bool // values on this page are not shown
	turning
	API string
}

// kindJump leads to the items of a kind.
type kindJump struct {
	Kind string
	N    int // on all pages together
	URL  string
}

// itemGroup is the items of one kind that are on a page.
type itemGroup struct {
	Kind  string
	Items []itemRow
}

// itemRow is an item on the page of a pack.
type itemRow struct {
	*PackItem
	Own    bool
	Anchor string // empty for what is not defined here, and for all but the first of those that begin in one line
	Lines  string // as in "lines 9–12"
}

func (e *Exporter) packPage(w http.ResponseWriter, r *http.Request) {
	asked, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		e.fail(w, r, e.refusePage, err)
		return
	}
	b := e.boards.now()
	x := b.fleet.packs()
	id := r.PathValue("pack")
	p, ok := x.byID[id]
	if !ok {
		e.refusePageWith(w, r, notFound("There is no pack %q.", shorten(id)), pageLink{"All packs", e.links.Packs()})
		return
	}
	c := &packContent{
		PackInfo: p, Chain: x.chain(p), FleetURL: e.packQuery(id, ""), Jumps: x.jumps(e.links, id),
		API: e.links.Path(apiBase) + e.links.packPath(id),
	}
	for _, child := range x.children[id] {
		c.Children = append(c.Children, x.byID[child])
	}
	t := b.census().packs[id]
	c.Own, c.Machines, c.Stands = x.own[id], t.Total, e.stands(id, t)
	_, found := b.find(filter{pack: id}, byAttention, false, 0, shownCarriers)
	for _, pair := range found {
		c.Rows = append(c.Rows, newRow(pair))
	}
	c.turning = turn(asked.Get("page"), len(x.pages[id]), func(page int) string { return e.links.packPage(id, page) })
	c.fill(x)
	e.render(w, r, http.StatusOK, "pack", p.Name, c)
}

// fill takes the items of the page, kind by kind.
func (c *packContent) fill(x *packIndex) {
	anchored := map[int]bool{}
	for _, item := range x.pages[c.ID][c.Page-1] {
		row := itemRow{PackItem: item, Own: item.Pack == c.ID, Lines: lineRange(item)}
		at := x.items[item.Source]
		if row.Own && at.page == c.Page && !anchored[item.Line] {
			anchored[item.Line] = true
			row.Anchor = fmt.Sprintf("L%d", item.Line)
		}
		c.Hides = c.Hides || row.Own && len(item.Hidden) > 0
		if n := len(c.Kinds); n == 0 || c.Kinds[n-1].Kind != item.Kind {
			c.Kinds = append(c.Kinds, itemGroup{Kind: item.Kind})
		}
		last := &c.Kinds[len(c.Kinds)-1]
		last.Items = append(last.Items, row)
	}
}

// lineRange is the lines of an item, as in "line 9" and "lines 9–12".
func lineRange(item *PackItem) string {
	if item.LastLine <= item.Line {
		return fmt.Sprintf("line %d", item.Line)
	}
	return fmt.Sprintf("lines %d–%d", item.Line, item.LastLine)
}

// chain is the packs that a pack extends, the nearest first.
func (x *packIndex) chain(p *PackInfo) []*PackInfo {
	var chain []*PackInfo
	for p = x.byID[p.Extends]; p != nil; p = x.byID[p.Extends] {
		chain = append(chain, p)
	}
	return chain
}

// jumps lead to the kinds of a pack's items, on whatever page each begins.
func (x *packIndex) jumps(l links, id string) []kindJump {
	var jumps []kindJump
	for i, page := range x.pages[id] {
		for _, item := range page {
			if n := len(jumps); n == 0 || jumps[n-1].Kind != item.Kind {
				jumps = append(jumps, kindJump{Kind: item.Kind, URL: l.packPage(id, i+1) + "#kind-" + item.Kind})
			}
			jumps[len(jumps)-1].N++
		}
	}
	return jumps
}

// concerned: runs change how machines stand to a pack that some carry.
func (c *packContent) concerned(*state.Run) bool { return c.Machines > 0 }

// Conditions is when an item applies, as in "os debian or ubuntu, arch x86_64".
func (i *PackItem) Conditions() string {
	var all []string
	for _, c := range i.When {
		all = append(all, c.Name+" "+strings.Join(c.Values, " or "))
	}
	return strings.Join(all, ", ")
}
