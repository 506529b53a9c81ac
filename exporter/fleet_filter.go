package exporter

import (
	"fmt"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
)

// fleetTotals is how the whole fleet stands, whatever the filter.
type fleetTotals struct {
	Machines int
	Pairs    int
	Bare     int // enabled machines without packs
	Counts   []count
	Bar      []share
	BarWords string
}

// count is how many pairs stand in one way.
type count struct {
	Standing standing
	N        int
	URL      string // the pairs that it counts
	Active   bool
}

// share is a part of the bar, which is barWidth wide.
type share struct {
	Standing standing
	X, Width int
}

const barWidth = 1000

func (e *Exporter) fleetTotals(b *board, q fleetQuery) fleetTotals {
	t := fleetTotals{Machines: len(b.machines), Pairs: len(b.pairs), Bare: b.bare}
	var words []string
	end := 0
	for rank, s := range standings() {
		// A second click on a count takes its filter off again.
		c := count{Standing: s, N: b.counts[rank], Active: q.status == s, URL: e.address(q, "status", string(s))}
		if c.Active {
			c.URL = e.address(q, "status")
		}
		t.Counts = append(t.Counts, c)
		if n := b.shares[rank]; n > 0 {
			// What there is can be seen, however few of many.
			width := max(4, n*barWidth/len(b.pairs))
			t.Bar = append(t.Bar, share{s, end, width})
			end += width
			words = append(words, fmt.Sprintf("%d %s", n, called(s)))
		}
	}
	t.BarWords = "Of " + plaintext.Count(t.Pairs, "pair") + " " + strings.Join(words, ", ")
	return t
}

// BarWidth is how wide all parts of the bar are together.
func (t fleetTotals) BarWidth() int {
	if len(t.Bar) == 0 {
		return barWidth
	}
	last := t.Bar[len(t.Bar)-1]
	return last.X + last.Width
}

// called is how a standing is called on pages.
func called(s standing) string {
	if s == standingNever {
		return "never checked"
	}
	return string(s)
}

// fleetFilter is the filter of the fleet page as it is set, and what it can be set to.
type fleetFilter struct {
	Query, Status, Pack, Sort string
	Sorts                     []choice
	Packs                     []PackInfo
	Labels                    []chip   // that are asked for
	Choices                   []choice // labels that can be asked for
	Suggested                 bool     // there are more labels than choices
	Filtered                  bool
	All                       string // the page without the filter
}

// chip is a label that the filter asks for.
type chip struct{ Text, Without string }

// choice is something to choose in the form.
type choice struct {
	Value, Text string
	Chosen      bool
}

// maxListed is how many labels a list is good for; more are suggested while typing.
const maxListed = 40

func (e *Exporter) fleetFilter(b *board, q fleetQuery) fleetFilter {
	f := fleetFilter{
		Query: q.asked.Get("q"), Status: string(q.status), Pack: q.pack, Sort: q.asked.Get("sort"),
		Filtered: q.asks(), All: e.address(fleetQuery{asked: map[string][]string{"sort": q.asked["sort"]}}, "page"),
	}
	if b.fleet != nil {
		f.Packs = b.fleet.Packs
	}
	var asked []string
	for _, l := range q.labels {
		asked = append(asked, l.name+"="+l.value)
	}
	for i, text := range asked {
		f.Labels = append(f.Labels, chip{text, e.address(q, "label", slices.Concat(asked[:i], asked[i+1:])...)})
	}
	for _, c := range b.labels {
		if !slices.Contains(asked, c.Text) {
			f.Choices = append(f.Choices, choice{Value: c.Text, Text: fmt.Sprintf("%s (%d)", c.Text, c.Machines)})
		}
	}
	f.Suggested = len(b.labels) > maxListed
	f.Sorts = sortChoices(f.Sort)
	return f
}

func sortChoices(chosen string) []choice {
	all := []choice{
		{Value: "", Text: "what needs attention"}, {Value: "machine", Text: "machine"}, {Value: "pack", Text: "pack"},
		{Value: "mismatches", Text: "most mismatches"}, {Value: "since", Text: "newest verdict"}, {Value: "-since", Text: "oldest verdict"},
		{Value: "checked", Text: "last checked"}, {Value: "-checked", Text: "not checked for longest"},
	}
	if !slices.ContainsFunc(all, func(c choice) bool { return c.Value == chosen }) {
		all = append(all, choice{Value: chosen, Text: strings.TrimPrefix(chosen, "-") + ", the other way round"})
	}
	for i := range all {
		all[i].Chosen = all[i].Value == chosen
	}
	return all
}
