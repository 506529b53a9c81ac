package exporter

import (
	"regexp"
	"strconv"
	"strings"
)

// diffLine is a line of a unified diff: head, hunk, del, add, same or note, with its numbers in the expected and
// the actual text (0: not in it).
type diffLine struct {
	Class    string
	Old, New int
	Parts    []part // with the sign of the line; together they are the line, made visible
	text     string // as it is stored
}

// diffView is a diff as a page shows it, either by lines or side by side.
type diffView struct {
	Lines, MoreLines []diffLine // the latter folded
	Rows, MoreRows   []diffRow
	LeftOut          int // lines that the page has no room for
}

// The bounds of a page's diffs. A machine chooses what is in them, and there may be hundreds.
const (
	foldAfter    = 30   // lines of a diff that are shown at once
	foldAtLeast  = 10   // lines that are worth folding
	maxDiffLines = 3000 // of all diffs of a page
	maxDiffPairs = 1000 // lines in which changes are looked for
	maxDiffParts = 9000 // parts with marks of their own
)

// diffBudget is what is left of the bounds of a page.
type diffBudget struct{ lines, pairs, parts int }

func newDiffBudget() *diffBudget { return &diffBudget{maxDiffLines, maxDiffPairs, maxDiffParts} }

// view parses a diff once and lays it out: by lines, or side by side.
func (b *diffBudget) view(diff string, split bool) *diffView {
	lines := parseDiff(diff)
	v := &diffView{}
	if len(lines) > b.lines {
		v.LeftOut = len(lines) - b.lines
		lines = lines[:b.lines]
	}
	b.lines -= len(lines)
	rows := b.mark(lines)
	if split {
		v.Rows, v.MoreRows = fold(rows)
	} else {
		v.Lines, v.MoreLines = fold(lines)
	}
	return v
}

// fold parts what is shown at once from what is folded.
func fold[T any](all []T) (first, more []T) {
	if len(all) < foldAfter+foldAtLeast {
		return all, nil
	}
	return all[:foldAfter], all[foldAfter:]
}

var hunkHead = regexp.MustCompile(`^@@ -(\d{1,9})(?:,\d+)? \+(\d{1,9})(?:,\d+)? @@`)

// parseDiff takes a unified diff apart and numbers its lines. Lines of the head are told by their place: a removed
// line "-- x" looks the same.
func parseDiff(diff string) []diffLine {
	lines := make([]diffLine, 0, strings.Count(diff, "\n")+1)
	before, after, counted := 0, 0, false // the next numbers, once a hunk has told them
	next := func(n *int) int {
		if !counted {
			return 0
		}
		*n++
		return *n - 1
	}
	inHead := true
	for text := range strings.Lines(diff) {
		l := diffLine{text: strings.TrimSuffix(text, "\n")}
		switch {
		case strings.HasPrefix(l.text, "@@"):
			l.Class, inHead = "hunk", false
			m := hunkHead.FindStringSubmatch(l.text)
			if counted = m != nil; counted {
				before, _ = strconv.Atoi(m[1])
				after, _ = strconv.Atoi(m[2])
			}
		case inHead:
			l.Class = "head"
		case strings.HasPrefix(l.text, "+"):
			l.Class, l.New = "add", next(&after)
		case strings.HasPrefix(l.text, "-"):
			l.Class, l.Old = "del", next(&before)
		case l.text == "", strings.HasPrefix(l.text, " "):
			l.Class, l.Old, l.New = "same", next(&before), next(&after)
		default: // no newline at the end of the file, or the rest is left out
			l.Class = "note"
		}
		lines = append(lines, l)
	}
	return lines
}

// mark fills in the parts of the lines, and returns them side by side.
func (b *diffBudget) mark(lines []diffLine) []diffRow {
	rows := make([]diffRow, 0, len(lines))
	for i := 0; i < len(lines); {
		end := blockEnd(lines, i)
		if end == i {
			l := &lines[i]
			l.Parts = plainParts(l.text)
			rows = append(rows, evenRow(*l))
			i++
			continue
		}
		rows = append(rows, b.markBlock(lines[i:end])...)
		i = end
	}
	return rows
}

// blockEnd is the end of the block of removed, then added lines that begins at i; i if there is none.
func blockEnd(lines []diffLine, i int) int {
	start, adding := i, false
	for ; i < len(lines); i++ {
		switch lines[i].Class {
		case "add":
			adding = true
		case "del":
			if adding {
				return i
			}
		case "note":
			if i == start {
				return i
			}
		default:
			return i
		}
	}
	return i
}

// markBlock pairs the removed lines of a block with the added ones and marks what changed between them.
func (b *diffBudget) markBlock(block []diffLine) []diffRow {
	var dels, adds []*diffLine
	for i := range block {
		switch l := &block[i]; l.Class {
		case "del":
			dels = append(dels, l)
		case "add":
			adds = append(adds, l)
		default:
			l.Parts = plainParts(l.text)
		}
	}
	pairs := pairLines(dels, adds)
	for _, p := range pairs {
		if b.pairs--; b.pairs < 0 {
			break
		}
		x, y := intraline(dels[p[0]].text[1:], adds[p[1]].text[1:])
		dels[p[0]].Parts, adds[p[1]].Parts = b.signed("-", x), b.signed("+", y)
	}
	for _, l := range append(dels, adds...) {
		if l.Parts == nil {
			l.Parts = b.signed(l.text[:1], pieces(l.text[1:]))
		}
	}
	return blockRows(block, pairs)
}

// signed is the parts of a line behind its sign, or the plain line where there are too many on the page.
func (b *diffBudget) signed(sign string, all []piece) []part {
	if b.parts == 0 {
		return plainParts(sign + strings.Join(texts(all), ""))
	}
	out := parts(all)
	marked := 0
	for _, p := range out {
		if p.Class != "" || p.Changed {
			marked++
		}
	}
	if b.parts -= marked; b.parts < 0 {
		b.parts = 0
		return plainParts(sign + strings.Join(texts(all), ""))
	}
	if sign != "" {
		out = append([]part{{Text: sign}}, out...)
	}
	return out
}

func plainParts(s string) []part { return []part{{Text: visible(s)}} }
