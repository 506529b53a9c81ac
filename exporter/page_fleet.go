package exporter

import (
	"net/http"
	"net/url"
	"strconv"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// rowsPerPage keeps the page of a large fleet quick to send and to read.
const rowsPerPage = 100

// fleetContent is the fleet page.
type fleetContent struct {
	Machines int
	Pairs    int
	Counts   []count
	Bare     int // enabled machines without packs
	Query    string
	Status   string
	Pack     string
	Packs    []PackInfo
	Filtered bool
	Rows     []row
	Total    int // rows on all pages
	Page     int // from 1
	Pages    int
	Prev     string // empty on the first page
	Next     string // empty on the last page
}

// count is how many pairs stand in one way.
type count struct {
	Standing standing
	N        int
	URL      string // the pairs that it counts
	Active   bool
}

// row is a pair in a table.
type row struct {
	Machine  *config.Machine
	Pack     string
	Standing standing // the most pressing one
	Verdict  *state.Verdict
	Attempt  *state.Attempt // nil: never attempted
	Failed   bool           // the last attempt gave no verdict
	Firing   bool
}

func newRow(p pair) row {
	r := row{Machine: p.machine, Pack: p.pack, Standing: standings()[p.rank()]}
	if p.record != nil {
		r.Verdict, r.Attempt = p.record.Verdict, &p.record.Attempt
		r.Failed, r.Firing = p.is(standingUnknown), p.record.Alert.Firing()
	}
	return r
}

func (e *Exporter) fleetPage(w http.ResponseWriter, r *http.Request) {
	asked, err := parseQuery(r.URL.RawQuery)
	f := filter{}
	if err == nil {
		f, err = parseFilter(asked)
	}
	if err != nil {
		e.fail(w, r, e.refusePage, err)
		return
	}
	c := &fleetContent{Query: asked.Get("q"), Status: string(f.status), Pack: f.pack, Filtered: f.text != "" || f.ofPairs() || len(f.labels) > 0}
	if fleet := e.opts.Fleet(); fleet != nil {
		c.Packs = fleet.Packs
	}
	counts, found := e.sift(c, f)
	for _, s := range standings() {
		// A second click on a count takes its filter off again.
		active, status := f.status == s, string(s)
		if active {
			status = ""
		}
		c.Counts = append(c.Counts, count{Standing: s, N: counts[s], URL: e.fleetQuery(asked, "status", status), Active: active})
	}
	page, _ := strconv.Atoi(asked.Get("page")) // what is no number is the first page
	e.turnTo(c, asked, found, page)
	e.render(w, r, http.StatusOK, "fleet", "Fleet", c)
}

// sift counts every pair of the fleet, and finds those that the filter lets through, what needs attention first.
func (e *Exporter) sift(c *fleetContent, f filter) (counts map[standing]int, found []pair) {
	counts = map[standing]int{}
	byRank := make([][]pair, len(standings()))
	machines := e.opts.Fleet().machines()
	c.Machines = len(machines)
	for i := range machines {
		m := &machines[i]
		if m.Enabled && len(m.Packs) == 0 {
			c.Bare++
		}
		for p := range pairs(e.opts.View, m) {
			c.Pairs++
			for _, s := range standings() {
				if p.is(s) {
					counts[s]++
				}
			}
		}
		matching, _ := e.matching(m, f)
		for _, p := range matching {
			rank := p.rank()
			byRank[rank] = append(byRank[rank], p)
		}
	}
	for _, ps := range byRank {
		found = append(found, ps...)
	}
	return counts, found
}

// turnTo picks the rows of a page; one that does not exist is the nearest that does.
func (e *Exporter) turnTo(c *fleetContent, asked url.Values, found []pair, page int) {
	c.Total = len(found)
	c.Pages = max(1, (len(found)+rowsPerPage-1)/rowsPerPage)
	c.Page = min(max(page, 1), c.Pages)
	for _, p := range found[(c.Page-1)*rowsPerPage : min(c.Page*rowsPerPage, len(found))] {
		c.Rows = append(c.Rows, newRow(p))
	}
	if c.Page > 1 {
		c.Prev = e.fleetQuery(asked, "page", strconv.Itoa(c.Page-1))
	}
	if c.Page < c.Pages {
		c.Next = e.fleetQuery(asked, "page", strconv.Itoa(c.Page+1))
	}
}

// fleetQuery is the fleet page with the filters that were asked for and one of them set anew. Another filter
// begins at the first page.
func (e *Exporter) fleetQuery(asked url.Values, name, value string) string {
	v := url.Values{}
	for _, kept := range []string{"q", "pack", "status", "label"} {
		for _, s := range asked[kept] {
			if s != "" && kept != name {
				v.Add(kept, s)
			}
		}
	}
	if value != "" {
		v.Set(name, value)
	}
	if len(v) == 0 {
		return e.links.Fleet()
	}
	return e.links.Fleet() + "?" + v.Encode()
}
