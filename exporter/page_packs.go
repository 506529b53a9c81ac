package exporter

import (
	"net/http"
	"net/url"
	"strconv"
)

// packsPerPage bounds the list of packs.
const packsPerPage = 200

// packsContent is the list of packs.
type packsContent struct {
	Rows  []packRow
	Total int
	turning
	API string
}

// packRow is a pack in the list, below the pack that it extends.
type packRow struct {
	*PackInfo
	Depth    int // how many it extends, up to maxDepth
	Own      int // items that are not inherited
	Machines int // that carry it and are checked
	Disabled int // that carry it and are not
	Stands   []count
	URL      string // of these machines
}

// maxDepth is how far the list is indented.
const maxDepth = 5

// turning leads from one page of a list to its neighbours.
type turning struct {
	Page  int // from 1
	Pages int
	Prev  string // empty on the first page
	Next  string // empty on the last page
}

// turn is the turning of a page that was asked for; one that does not exist is the nearest that does.
func turn(asked string, pages int, link func(page int) string) turning {
	page, _ := strconv.Atoi(asked) // what is no number is the first page
	t := turning{Page: min(max(page, 1), max(pages, 1)), Pages: max(pages, 1)}
	if t.Page > 1 {
		t.Prev = link(t.Page - 1)
	}
	if t.Page < t.Pages {
		t.Next = link(t.Page + 1)
	}
	return t
}

func (e *Exporter) packsPage(w http.ResponseWriter, r *http.Request) {
	asked, err := parseQuery(r.URL.RawQuery)
	if err != nil {
		e.fail(w, r, e.refusePage, err)
		return
	}
	b := e.boards.now()
	rows := b.fleet.packs().tree()
	c := &packsContent{Total: len(rows), API: e.links.Path(apiBase + "/packs")}
	c.turning = turn(asked.Get("page"), (len(rows)+packsPerPage-1)/packsPerPage, func(page int) string {
		return e.links.Packs() + "?page=" + strconv.Itoa(page)
	})
	c.Rows = rows[(c.Page-1)*packsPerPage : min(c.Page*packsPerPage, len(rows))]
	tallies := b.census().packs
	for i := range c.Rows {
		row := &c.Rows[i]
		t := tallies[row.ID]
		row.Stands, row.Machines, row.Disabled = e.stands(row.ID, t), t.Total-t.Disabled, t.Disabled
		row.URL = e.packQuery(row.ID, "")
	}
	e.render(w, r, http.StatusOK, "packs", "Packs", c)
}

// tree lists the packs, each behind the one that it extends.
func (x *packIndex) tree() []packRow {
	var rows []packRow
	var add func(id string, depth int)
	add = func(id string, depth int) {
		p := x.byID[id]
		rows = append(rows, packRow{PackInfo: p, Depth: min(depth, maxDepth), Own: x.own[id]})
		for _, child := range x.children[id] {
			add(child, depth+1)
		}
	}
	for _, id := range x.roots {
		add(id, 0)
	}
	return rows
}

// add counts a pair.
func (c *standingCounts) add(p pair) {
	c.Total++
	for _, s := range standings() {
		if p.is(s) {
			*c.of(s)++
		}
	}
}

// stands is the counts of a pack with what they lead to. Those that count nothing are there too.
func (e *Exporter) stands(pack string, t standingCounts) []count {
	var counts []count
	for _, s := range standings() {
		counts = append(counts, count{Standing: s, N: *t.of(s), URL: e.packQuery(pack, s)})
	}
	return counts
}

// packQuery is the fleet page of the machines that carry a pack, and stand so to it.
func (e *Exporter) packQuery(pack string, s standing) string {
	return e.address(fleetQuery{asked: url.Values{"pack": {pack}}}, "status", string(s))
}
