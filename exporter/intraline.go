package exporter

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff/lcs"
)

// part is a piece of a line as it is shown. What a reader would not see otherwise has a class: tab, or tail for
// blanks at the end.
type part struct {
	Text    string
	Class   string
	Changed bool
}

// piece is a word, a run of blanks or a single character: what is marked whole or not at all.
type piece struct {
	text    string
	changed bool
}

// maxIntraline bounds the lines in which changes are looked for, in bytes, and maxMarks how many marks one may get:
// beyond them marks say nothing that the line does not.
const (
	maxIntraline = 4 << 10
	maxMarks     = 30
)

// pieces takes a line apart between characters, so that none is cut. An escape such as \x1b, which is how what
// does not print is stored, stays in one piece.
func pieces(s string) []piece {
	all := make([]piece, 0, len(s)/4+1)
	for s != "" {
		n := pieceLength(s)
		all = append(all, piece{text: s[:n]})
		s = s[n:]
	}
	return all
}

func pieceLength(s string) int {
	first, n := utf8.DecodeRuneInString(s)
	same := func(r rune) bool { return r == first }
	switch {
	case first == ' ' || first == '\t':
	case first == '\\' || wordRune(first):
		same = wordRune
	default:
		return n
	}
	for n < len(s) {
		r, size := utf8.DecodeRuneInString(s[n:])
		if !same(r) {
			break
		}
		n += size
	}
	return n
}

func wordRune(r rune) bool {
	return r == '_' || r != utf8.RuneError && (unicode.IsLetter(r) || unicode.IsDigit(r) || unicode.IsMark(r))
}

func blank(s string) bool { return strings.Trim(s, " \t") == "" }

// intraline takes two lines apart, one of which became the other, and marks what differs. Lines that have little
// in common get no marks: everything would be marked.
func intraline(before, after string) (a, b []piece) {
	a, b = pieces(before), pieces(after)
	if before == after || len(before) > maxIntraline || len(after) > maxIntraline {
		return a, b
	}
	ma, mb := marker{pieces: a}, marker{pieces: b}
	fromA, fromB := 0, 0
	common, kept := 0, 0 // what is common, and of that what gets no mark
	for _, d := range lcs.DiffLines(texts(a), texts(b)) {
		kept += ma.keep(fromA, d.Start)
		mb.keep(fromB, d.ReplStart)
		if d.End-d.Start == 1 && d.ReplEnd-d.ReplStart == 1 {
			c, k := markWithin(&ma, &mb, a[d.Start].text, b[d.ReplStart].text)
			common, kept = common+c, kept+k
		} else {
			ma.mark(d.Start, d.End)
			mb.mark(d.ReplStart, d.ReplEnd)
		}
		fromA, fromB = d.End, d.ReplEnd
	}
	kept += ma.keep(fromA, len(a))
	mb.keep(fromB, len(b))
	if common += kept; common > 0 && kept == 0 || !alike(common, ma.solid, mb.solid) || ma.marks > maxMarks || mb.marks > maxMarks {
		return a, b
	}
	return ma.bridged(), mb.bridged()
}

// alike tells whether two lines of these lengths have enough in common: two fifths of the longer one, or almost all
// of the shorter one, to which something was added then.
func alike(common, a, b int) bool {
	return common*5 >= max(a, b)*2 || common >= 4 && common*5 >= min(a, b)*4
}

func texts(all []piece) []string {
	out := make([]string, len(all))
	for i, t := range all {
		out[i] = t.text
	}
	return out
}

// marker builds the marked pieces of one line.
type marker struct {
	pieces []piece
	out    []piece
	solid  int // bytes that are not blank
	marks  int
}

func (m *marker) add(text string, changed bool) int {
	if text == "" {
		return 0
	}
	if changed {
		m.marks++
	}
	m.out = append(m.out, piece{text, changed})
	if blank(text) {
		return 0
	}
	m.solid += len(text)
	return len(text)
}

func (m *marker) keep(from, to int) int {
	kept := 0
	for _, t := range m.pieces[from:to] {
		kept += m.add(t.text, false)
	}
	return kept
}

func (m *marker) mark(from, to int) {
	for i, t := range m.pieces[from:to] {
		m.add(t.text, true)
		if i > 0 {
			m.marks-- // it continues the mark before
		}
	}
}

// markWithin marks what differs of two words, such as 0600 and 0644, if they begin and end alike for at least half
// of their length, and returns how much they have in common and how much of that gets no mark. Words of letters only
// are marked whole: that present and absent end alike says nothing.
func markWithin(ma, mb *marker, a, b string) (common, kept int) {
	prefix, suffix := 0, 0
	if plainWord(a) && plainWord(b) {
		short := min(len(a), len(b))
		for prefix < short && a[prefix] == b[prefix] {
			prefix++
		}
		for suffix < short-prefix && a[len(a)-1-suffix] == b[len(b)-1-suffix] {
			suffix++
		}
		if 2*(prefix+suffix) < max(len(a), len(b)) {
			prefix, suffix = 0, 0
		}
	}
	common = prefix + suffix
	if letters(a) && letters(b) {
		prefix, suffix = 0, 0
	}
	for _, side := range []struct {
		m *marker
		s string
	}{{ma, a}, {mb, b}} {
		side.m.add(side.s[:prefix], false)
		side.m.add(side.s[prefix:len(side.s)-suffix], true)
		side.m.add(side.s[len(side.s)-suffix:], false)
	}
	return common, prefix + suffix
}

func letters(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return !unicode.IsLetter(r) }) < 0
}

// plainWord tells whether a token may be cut anywhere.
func plainWord(s string) bool {
	return strings.IndexFunc(s, func(r rune) bool { return r >= utf8.RuneSelf || !wordRune(r) }) < 0
}

// bridged marks the blanks between two marks, too, so that they read as one.
func (m *marker) bridged() []piece {
	for i := 1; i < len(m.out)-1; i++ {
		if blank(m.out[i].text) && m.out[i-1].changed && m.out[i+1].changed {
			m.out[i].changed = true
		}
	}
	return m.out
}

// parts puts pieces together again as they are shown, with tabs and blanks at the end in parts of their own.
func parts(all []piece) []part {
	tail := len(all)
	for tail > 0 && blank(all[tail-1].text) {
		tail--
	}
	var out []part
	var raw strings.Builder
	var p part
	flush := func() {
		if raw.Len() > 0 {
			p.Text = visible(raw.String())
			out = append(out, p)
			raw.Reset()
		}
	}
	for i, t := range all {
		if class := blankClass(t.text, i >= tail); class != p.Class || t.changed != p.Changed {
			flush()
			p = part{Class: class, Changed: t.changed}
		}
		raw.WriteString(t.text)
	}
	flush()
	return out
}

func blankClass(text string, tail bool) string {
	switch {
	case text[0] == '\t':
		return "tab"
	case tail:
		return "tail"
	default:
		return ""
	}
}
