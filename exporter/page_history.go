package exporter

import (
	"context"
	"net/http"
	"net/url"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// historyContent is the page of how a pair has stood.
type historyContent struct {
	Machine *config.Machine
	Pack    PackInfo
	Recent  state.Checks
	Changes []changeView
	Full    bool // older changes are no longer stored
	// Problem says why there are no changes although there may be some.
	Problem  string
	From, To []checkOption // the checks to compare, the newest first
	Compared *comparedView
	Pair     string
	API      string
}

// changeView is a change of the verdict, or of what differs, with what it changed.
type changeView struct {
	state.Verdict
	First   bool // there is none before it
	Before  state.Status
	Lists   []itemList
	Compare string // the address of the whole comparison with the change before
}

// checkOption is a check that can be chosen in the form.
type checkOption struct {
	Value, Text string
	Selected    bool
}

// itemList is what appeared, went, changed or stayed, as much as there is room for.
type itemList struct {
	Name    string // one of these words
	Waived  bool   // of what went: some of it may only be waived
	Items   []itemChange
	Count   int
	LeftOut int
}

// itemChange is an item at two checks, of which one may not have found it to differ.
type itemChange struct {
	Now state.Mismatch
	Was *state.Mismatch // of one that changed
}

// The bounds of the lists in the changes of the page and in its comparison. In the store an entry has at most 16 KiB.
const (
	maxChangeItems   = 5
	maxComparedItems = 200
)

// historyKept is how many changes of a pair are stored.
const historyKept = 64

func (e *Exporter) historyPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	k, m, ok := e.pairOfPage(w, r)
	if !ok {
		return
	}
	c := &historyContent{
		Machine: m, Pack: e.packOf(k), Pair: e.links.Pair(k.Machine, k.Pack),
		API: e.links.Path("/api/v1") + e.links.pairPath(k) + "/history",
	}
	status := http.StatusOK
	if m.Enabled {
		if record := current(e.opts.View, m, k.Pack); record != nil {
			c.Recent = record.Recent.Checks()
		}
		var err error
		if status, err = e.readHistory(ctx, r, c, k); err != nil {
			e.refusePageWith(w, r, asHTTP(err), pageLink{"The history without a comparison", e.links.History(k.Machine, k.Pack)})
			return
		}
	}
	e.render(w, r, status, "history", "History · "+m.DisplayName+" · "+c.Pack.Name, c)
}

// concerned tells whether the run checks the pair.
func (c *historyContent) concerned(run *state.Run) bool { return checks(run, c.Machine) }

// readHistory fills in what the store has. Its error is that of who asked; what the store cannot give the page says,
// with the status that is returned.
func (e *Exporter) readHistory(ctx context.Context, r *http.Request, c *historyContent, k state.Key) (status int, err error) {
	changes, err := e.history(ctx, k)
	if err != nil {
		e.opts.Logger.ErrorContext(ctx, "reading the history failed", "machine", k.Machine, "pack", k.Pack, "err", err)
		status, c.Problem = e.problem(err)
		return status, nil
	}
	c.Full = len(changes) >= historyKept
	self := e.links.History(k.Machine, k.Pack)
	for i := range changes {
		c.Changes = append(c.Changes, viewChange(changes, i, self))
	}
	return http.StatusOK, c.compare(r.URL.Query(), changes)
}

// viewChange is the i-th of the changes, compared with the one before it.
func viewChange(changes []state.Change, i int, self string) changeView {
	v := changeView{Verdict: changes[i].Verdict, First: i+1 == len(changes)}
	var before *state.Change
	if !v.First {
		before = &changes[i+1]
		v.Before = before.Verdict.Status
		v.Compare = self + "?" + url.Values{"from": {checkStamp(before.Verdict.At)}, "to": {checkStamp(v.At)}}.Encode() + "#compared"
	}
	c := compareChanges(before, &changes[i])
	if v.First { // it did not appear then: nothing is known of before
		v.Lists = listItems(maxChangeItems, namedItems{"differed", asItems(c.Appeared), false})
	} else {
		v.Lists = listItems(maxChangeItems, itemsOf(c, before, &changes[i])[:3]...)
	}
	return v
}

// checkStamp is the time of a check in an address: to the millisecond, which is how it is found again.
func checkStamp(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.000Z07:00")
}

// namedItems is a list before it is cut.
type namedItems struct {
	name   string
	items  []itemChange
	waived bool
}

// itemsOf is the lists of a comparison, what stayed the last. Of what was waived only the number is stored.
func itemsOf(c comparison, from, to *state.Change) []namedItems {
	changed := make([]itemChange, 0, len(c.Changed))
	for _, ch := range c.Changed {
		changed = append(changed, itemChange{Now: ch.To, Was: &ch.From})
	}
	waived := from != nil && to != nil && to.Verdict.Waived > from.Verdict.Waived
	return []namedItems{
		{"appeared", asItems(c.Appeared), false}, {"went", asItems(c.Went), waived}, {"changed", changed, false}, {"stayed", asItems(c.Stayed), false},
	}
}

func asItems(all []state.Mismatch) []itemChange {
	items := make([]itemChange, 0, len(all))
	for _, m := range all {
		items = append(items, itemChange{Now: m})
	}
	return items
}

// listItems cuts the lists that are not empty to what a page has room for.
func listItems(most int, lists ...namedItems) []itemList {
	var out []itemList
	for _, l := range lists {
		if n := len(l.items); n > 0 {
			shown := min(n, most)
			out = append(out, itemList{l.name, l.waived, l.items[:shown], n, n - shown})
		}
	}
	return out
}
