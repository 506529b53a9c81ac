package exporter

import (
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// rowsPerPage keeps the page of a large fleet quick to send and to read.
const rowsPerPage = 100

// fleetContent is the fleet page.
type fleetContent struct {
	fleetTotals
	fleetFilter
	Columns []column
	Rows    []row
	Paging  pager
	Run     *lastRun // nil: none has ended yet
}

// row is a pair in a table.
type row struct {
	Machine  *config.Machine
	Pack     string
	Standing standing // the most pressing one
	Verdict  *state.Verdict
	Attempt  *state.Attempt // nil: never attempted
	Recent   state.Checks
	Failed   bool // the last attempt gave no verdict
	Firing   bool
}

func newRow(p pair) row {
	r := row{Machine: p.machine, Pack: p.pack, Standing: standings()[p.rank()]}
	if p.record != nil {
		r.Verdict, r.Attempt, r.Recent = p.record.Verdict, &p.record.Attempt, p.record.Recent.Checks()
		r.Failed, r.Firing = p.is(standingUnknown), p.record.Alert.Firing()
	}
	return r
}

// fleetQuery is what the fleet page is asked.
type fleetQuery struct {
	filter
	by      order
	reverse bool
	page    int        // from 1, perhaps past the last one
	asked   url.Values // what it was read from
}

// maxPage is more than any fleet has, and far from where the number of its first row overflows.
const maxPage = 1_000_000

// maxFleetQuery bounds what the fleet page is asked: nearly every link on it repeats that.
const maxFleetQuery = 2048

func parseFleetQuery(raw string) (q fleetQuery, err error) {
	if len(raw) > maxFleetQuery {
		return q, badData("the query is longer than %d characters", maxFleetQuery)
	}
	if q.asked, err = parseQuery(raw); err != nil {
		return q, err
	}
	if q.filter, err = parseFilter(q.asked); err != nil {
		return q, err
	}
	if q.by, q.reverse, err = parseOrder(q.asked.Get("sort")); err != nil {
		return q, err
	}
	q.page, _ = strconv.Atoi(q.asked.Get("page")) // what is no number is the first page
	q.page = min(max(q.page, 1), maxPage)
	return q, nil
}

// address is the fleet page as it was asked for, with one parameter set to these values. Whatever changes, it begins
// at the first page.
func (e *Exporter) address(q fleetQuery, name string, values ...string) string {
	v := url.Values{}
	for _, kept := range []string{"q", "pack", "status", "label", "sort"} {
		wanted := q.asked[kept]
		if kept != "label" {
			wanted = wanted[:min(1, len(wanted))] // of these the first counts
		}
		if kept != name {
			v[kept] = slices.DeleteFunc(slices.Clone(wanted), func(s string) bool { return s == "" })
		}
	}
	v[name] = slices.DeleteFunc(values, func(s string) bool { return s == "" })
	if query := v.Encode(); query != "" {
		return e.links.Fleet() + "?" + query
	}
	return e.links.Fleet()
}

func (e *Exporter) fleetPage(w http.ResponseWriter, r *http.Request) {
	q, err := parseFleetQuery(r.URL.RawQuery)
	if err != nil {
		e.fail(w, r, e.refusePage, err)
		return
	}
	b := e.boards.now()
	c := &fleetContent{fleetTotals: e.fleetTotals(b, q), fleetFilter: e.fleetFilter(b, q), Columns: e.columns(q), Run: e.lastRun()}
	total, found := b.find(q.filter, q.by, q.reverse, (q.page-1)*rowsPerPage, rowsPerPage)
	if pages := rowPages(total); q.page > pages { // the nearest that there is
		q.page = pages
		total, found = b.find(q.filter, q.by, q.reverse, (q.page-1)*rowsPerPage, rowsPerPage)
	}
	for _, p := range found {
		c.Rows = append(c.Rows, newRow(p))
	}
	c.Paging = e.pager(q, total)
	e.render(w, r, http.StatusOK, "fleet", "Fleet", c)
}

// column is the head of a column.
type column struct {
	Text   string
	Sorted string // aria-sort: ascending, descending, or empty if the rows are in another order
	URL    string // sorts by it, a second time in reverse; empty: it cannot
	Number bool
}

func (e *Exporter) columns(q fleetQuery) []column {
	head := func(text string, by order, natural, reversed string) column {
		c := column{Text: text, URL: e.address(q, "sort", string(by)), Number: by == byMismatches}
		if q.by != by {
			return c
		}
		if c.Sorted = natural; q.reverse {
			c.Sorted = reversed
		} else {
			c.URL = e.address(q, "sort", "-"+string(by))
		}
		return c
	}
	const up, down = "ascending", "descending"
	return []column{
		head("Machine", byMachine, up, down), head("Pack", byPack, up, down), {Text: "Verdict"},
		head("Mismatches", byMismatches, down, up), head("Since", bySince, down, up),
		head("Last check", byChecked, down, up), {Text: "Recent"},
	}
}

// pager is which rows of all are shown, and the ways to the others.
type pager struct {
	Total, From, To         int // rows, from 1
	Page, Pages             int
	First, Prev, Next, Last string // empty: this is it
}

func rowPages(total int) int { return max(1, (total+rowsPerPage-1)/rowsPerPage) }

func (e *Exporter) pager(q fleetQuery, total int) pager {
	p := pager{Total: total, Page: q.page, Pages: rowPages(total)}
	p.From, p.To = min(total, (p.Page-1)*rowsPerPage+1), min(total, p.Page*rowsPerPage)
	turn := func(to int) string { return e.address(q, "page", strconv.Itoa(to)) }
	if p.Page > 1 {
		p.First, p.Prev = e.address(q, "page"), turn(p.Page-1)
	}
	if p.Page < p.Pages {
		p.Next, p.Last = turn(p.Page+1), turn(p.Pages)
	}
	return p
}

// lastRun is the run that ended last, with ways to the rows that its counts mean.
type lastRun struct {
	state.Run
	Took      time.Duration
	Newest    string // rows, the last attempt first
	Unknown   string // rows whose last attempt gave no verdict
	Oldest    string // rows, those that were not tried for longest first
	Triggered string // why it was started, in words
}

func (e *Exporter) lastRun() *lastRun {
	run, ok := e.opts.View.LastRun()
	if !ok {
		return nil
	}
	all := fleetQuery{}
	return &lastRun{
		Run: run, Took: run.EndedAt.Sub(run.StartedAt), Newest: e.address(all, "sort", string(byChecked)),
		Unknown: e.address(all, "status", string(standingUnknown)), Oldest: e.address(all, "sort", "-"+string(byChecked)),
		Triggered: triggerWords(run.Trigger),
	}
}

func triggerWords(t state.Trigger) string {
	switch t {
	case state.TriggerSchedule:
		return "scheduled"
	case state.TriggerCatchUp:
		return "catching up on a missed one"
	case state.TriggerNew:
		return "of new pairs"
	case state.TriggerAPI:
		return "asked for"
	default:
		return words(t)
	}
}
