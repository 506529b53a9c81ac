package exporter

import (
	"cmp"
	"slices"
	"strings"
	"unicode/utf8"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// mismatchList is mismatches as the diff view shows them.
type mismatchList struct {
	ID      string // of the headings of its groups, which are numbered
	Groups  []kindGroup
	Stored  int // with those that the page has no room for
	LeftOut int
}

// kindGroup is the mismatches of one kind of item.
type kindGroup struct {
	Kind  string
	Count int
	First []mismatchView
	More  []mismatchView // folded
}

// mismatchView is a mismatch with what makes it easy to read.
type mismatchView struct {
	state.Mismatch
	Was, Is value // expected, actual
	Drawn   *diffView
	Hashes  bool           // the values are, so that the diff tells more
	Waived  *config.Waiver // nil: not, or not any longer
}

// value is an expected or actual value. A long one is folded below its beginning.
type value struct {
	Parts []part
	Long  bool
	Start string
}

// The bounds of a page's mismatches.
const (
	maxMismatches = 500 // of a page
	maxWaived     = 100 // of a page; and as many that were only seen
	foldKindAfter = 20  // of a kind
	maxValue      = 240 // bytes of a value that are shown at once
	maxValueLines = 6
)

// mismatchPage lays out the mismatches of one page, within its bounds.
type mismatchPage struct {
	machine *config.Machine
	pack    string
	split   bool
	diffs   *diffBudget
}

func newMismatchPage(m *config.Machine, pack string, split bool) *mismatchPage {
	return &mismatchPage{m, pack, split, newDiffBudget()}
}

// list groups mismatches by kind, both kinds and items in alphabetical order. Where there are more than there is
// room for, each kind gets its share.
func (p *mismatchPage) list(id string, all []state.Mismatch, room int) mismatchList {
	list := mismatchList{ID: id, Stored: len(all)}
	kinds := byKind(all)
	for i, kind := range kinds {
		shown := kind[:min(len(kind), room/(len(kinds)-i))]
		room -= len(shown)
		list.LeftOut += len(kind) - len(shown)
		views := make([]mismatchView, 0, len(shown))
		for _, m := range shown {
			views = append(views, p.view(m))
		}
		g := kindGroup{Kind: kind[0].Kind, Count: len(kind), First: views}
		if len(views) >= foldKindAfter+foldAtLeast {
			g.First, g.More = views[:foldKindAfter], views[foldKindAfter:]
		}
		list.Groups = append(list.Groups, g)
	}
	return list
}

// byKind sorts mismatches and parts those of each kind. They have no diffs of what is sensitive.
func byKind(all []state.Mismatch) [][]state.Mismatch {
	sorted := shown(all) // a copy
	slices.SortStableFunc(sorted, func(a, b state.Mismatch) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Item, b.Item))
	})
	var kinds [][]state.Mismatch
	for start := 0; start < len(sorted); {
		end := start
		for end < len(sorted) && sorted[end].Kind == sorted[start].Kind {
			end++
		}
		kinds = append(kinds, sorted[start:end])
		start = end
	}
	return kinds
}

func (p *mismatchPage) view(m state.Mismatch) mismatchView {
	v := mismatchView{Mismatch: m}
	v.Was, v.Is = p.values(m)
	if m.Diff != "" {
		v.Drawn = p.diffs.view(m.Diff, p.split)
		v.Hashes = isHash(m.Expected) && isHash(m.Actual)
	}
	if m.Waiver != "" {
		v.Waived = p.waiver(m)
	}
	return v
}

// waiver is what excuses a mismatch, as far as the configuration of now has it.
func (p *mismatchPage) waiver(m state.Mismatch) *config.Waiver {
	for _, item := range []string{m.Item, m.Of} {
		for i, w := range p.machine.Waivers {
			if w.Pack == p.pack && w.Kind == m.Kind && w.Item == item && w.Reason == m.Waiver {
				return &p.machine.Waivers[i]
			}
		}
	}
	return nil
}

// values marks what differs between the values of a mismatch, if they have anything in common.
func (p *mismatchPage) values(m state.Mismatch) (was, is value) {
	before, after := []piece{{text: m.Expected}}, []piece{{text: m.Actual}}
	if p.diffs.pairs > 0 && !isHash(m.Expected) && !strings.Contains(m.Expected+m.Actual, "\n") {
		p.diffs.pairs--
		before, after = intraline(m.Expected, m.Actual)
	}
	return p.value(m.Expected, before), p.value(m.Actual, after)
}

func isHash(s string) bool { return strings.HasPrefix(s, "sha256:") }

func (p *mismatchPage) value(text string, all []piece) value {
	if text == "" {
		return value{}
	}
	v := value{Parts: p.diffs.signed("", all)}
	if len(text) > maxValue || strings.Count(text, "\n") >= maxValueLines {
		v.Long, v.Start = true, visible(beginning(text))
	}
	return v
}

// shownOfHash is how much of a hash tells it from another at a look: "sha256:" and 12 digits, as container images have it.
const shownOfHash = len("sha256:") + 12

// short is a value in a list: its beginning, if it is long.
func short(s string) string {
	if isHash(s) && len(s) > shownOfHash {
		return visible(s[:shownOfHash]) + "…"
	}
	if start := beginning(s); start != s {
		return visible(start) + "…"
	}
	return visible(s)
}

// beginning is the start of the first line of a long text.
func beginning(s string) string {
	s, _, _ = strings.Cut(s, "\n")
	n := min(len(s), 80)
	for n > 0 && n < len(s) && !utf8.RuneStart(s[n]) {
		n--
	}
	return s[:n]
}
