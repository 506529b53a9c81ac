package main

import (
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// row is one item of a pack that does not comply, is waived or could not be observed. All but the diff is printable.
type row struct {
	what   string // a mismatch's type, "waived" or "error"
	style  style
	item   string   // kind and name
	detail string   // on the same line, if there is room,
	below  []string // and otherwise below it
	source string
	diff   string
}

// rowsOf makes the rows of a pack: what counts first. Where diffs are wanted, a hash says why it has none, if that is
// known.
func rowsOf(result state.Result, diffs bool) []row {
	var rows []row
	for _, m := range result.Mismatches {
		expected, actual := value(m.Expected), value(m.Actual)
		r := row{
			what: m.Type, style: red, item: m.Kind + " " + printable(m.Item), source: printable(m.Source), diff: m.Diff,
			detail: "expected " + expected + ", actual " + actual,
			below:  []string{"expected " + expected, "actual   " + actual},
		}
		if diffs && m.Sensitive && plaintext.ShortSum(m.Expected) != m.Expected {
			const why = "(sensitive: no content shown)"
			r.detail, r.below = r.detail+" "+why, append(r.below, why)
		}
		rows = append(rows, r)
	}
	for _, e := range result.Errors {
		text := printable(e.Error)
		rows = append(rows, row{
			what: "error", style: yellow, item: e.Kind + " " + printable(e.Item), source: printable(e.Source),
			detail: text, below: []string{text},
		})
	}
	for _, m := range result.Waived {
		expected, actual, why := value(m.Expected), value(m.Actual), " ("+printable(m.Waiver)+")"
		rows = append(rows, row{
			what: "waived", style: cyan, item: m.Kind + " " + printable(m.Item), source: printable(m.Source),
			detail: m.Type + ", expected " + expected + ", actual " + actual + why,
			below:  []string{m.Type + why, "expected " + expected, "actual   " + actual},
		})
	}
	return rows
}

// rows prints the rows of a pack as a table. A row that is too wide for it has its values below each other, where
// they are compared more easily.
func (t *textReport) rows(rows []row) {
	var whats, items, sources []string
	for _, r := range rows {
		whats, items, sources = append(whats, r.what), append(items, r.item), append(sources, r.source)
	}
	what, item, source := columnOf(whats...), columnOf(items...), columnOf(sources...)
	const indent, gap = 4, 2
	room := t.width - indent - what - gap - item - gap - gap - source
	fits := func(r row) bool {
		return !t.hasDiff(r) && columns(r.detail) <= room &&
			columns(r.item) <= item && columns(r.source) <= source
	}
	detail := 0 // as wide as the widest that fits, even if that is wider than other columns may be
	for _, r := range rows {
		if fits(r) && r.source != "" {
			detail = max(detail, columns(r.detail))
		}
	}
	for _, r := range rows {
		t.printf("    %s  ", t.paint(r.style, r.what)+pad("", what-len(r.what)))
		switch {
		case fits(r) && r.source == "":
			t.printf("%s  %s\n", pad(r.item, item), r.detail)
		case fits(r):
			t.printf("%s  %s  %s\n", pad(r.item, item), pad(r.detail, detail), t.paint(faint, r.source))
		default:
			t.tall(r)
		}
	}
}

// tall prints the rest of a row that has more than one line.
func (t *textReport) tall(r row) {
	t.printf("%s", r.item)
	if r.source != "" {
		t.printf("  %s", t.paint(faint, r.source))
	}
	t.printf("\n")
	if t.hasDiff(r) { // it says more than the hashes
		t.diff(r.diff)
		return
	}
	for _, line := range r.below {
		t.printf("      %s\n", line)
	}
}

// hasDiff tells whether a row's diff is to be printed.
func (t *textReport) hasDiff(r row) bool { return t.diffs && r.diff != "" }

// diff prints a unified diff. Its heading ends with the first hunk: a line of content may look like one of it.
func (t *textReport) diff(diff string) {
	heading := true
	for line := range strings.Lines(diff) {
		how := plain
		heading = heading && !strings.HasPrefix(line, "@@")
		switch {
		case heading:
			how = bold
		case strings.HasPrefix(line, "@@"):
			how = cyan
		case strings.HasPrefix(line, "-"):
			how = red
		case strings.HasPrefix(line, "+"):
			how = green
		}
		t.printf("      %s\n", t.paint(how, printable(strings.TrimSuffix(line, "\n"))))
	}
}

// value is an expected or actual value; of a hash the beginning is enough to tell two apart.
func value(s string) string {
	if s == "" {
		return `""`
	}
	return printable(plaintext.ShortSum(s))
}
