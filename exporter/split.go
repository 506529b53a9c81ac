package exporter

// diffRow is what stands side by side: a line of each text with the note below it, nothing on one side, or a line
// that is of both (a head, a hunk).
type diffRow struct {
	Wide        *diffLine
	Left, Right []diffLine
	Same        bool // both sides show the same line
}

// evenRow is the row of a line that is not part of a block of changes.
func evenRow(l diffLine) diffRow {
	if l.Class != "same" {
		return diffRow{Wide: &l}
	}
	before, after := l, l
	before.New, after.Old = 0, 0
	return diffRow{Left: []diffLine{before}, Right: []diffLine{after}, Same: true}
}

// blockRows lays a block of changes out: paired lines in one row, and what is between pairs side by side as it
// comes.
func blockRows(block []diffLine, pairs [][2]int) []diffRow {
	var left, right [][]diffLine // each with its notes
	for _, l := range block {
		switch {
		case l.Class == "del":
			left = append(left, []diffLine{l})
		case l.Class == "add":
			right = append(right, []diffLine{l})
		case len(right) > 0:
			right[len(right)-1] = append(right[len(right)-1], l)
		default:
			left[len(left)-1] = append(left[len(left)-1], l)
		}
	}
	rows := make([]diffRow, 0, max(len(left), len(right)))
	i, j := 0, 0
	upTo := func(endLeft, endRight int) {
		for i < endLeft || j < endRight {
			var r diffRow
			if i < endLeft {
				r.Left = left[i]
				i++
			}
			if j < endRight {
				r.Right = right[j]
				j++
			}
			rows = append(rows, r)
		}
	}
	for _, p := range pairs {
		upTo(p[0], p[1])
		upTo(p[0]+1, p[1]+1)
	}
	upTo(len(left), len(right))
	return rows
}

// pairWindow is how many added lines a removed one is held against, and pairLength the longest lines for which
// that is done, in bytes: it bounds the work that a machine can cause.
const (
	pairWindow = 8
	pairLength = 512
)

// pairLines pairs removed with added lines, each by their positions in the block and both in order. As many of both
// are paired as they come; else each removed line with the one that is most like it of the next few.
func pairLines(dels, adds []*diffLine) [][2]int {
	if len(dels) == 0 || len(adds) == 0 {
		return nil
	}
	var pairs [][2]int
	next := 0
	for i, d := range dels {
		if len(dels) == len(adds) {
			pairs = append(pairs, [2]int{i, i})
			continue
		}
		if j := mostAlike(d.text[1:], adds[next:min(next+pairWindow, len(adds))]); j >= 0 {
			pairs = append(pairs, [2]int{i, next + j})
			next += j + 1
		}
	}
	return pairs
}

// mostAlike is the first of the lines that shares most words with a line, if it shares at least half; else -1.
func mostAlike(line string, candidates []*diffLine) int {
	if len(line) > pairLength {
		return -1
	}
	words := map[string]int{}
	for _, t := range pieces(line) {
		words[t.text]++
	}
	best, most := -1, 0
	for j, c := range candidates {
		text := c.text[1:]
		if len(text) > pairLength {
			continue
		}
		if n := sharedBytes(words, text); n > most && 2*n >= max(len(line), len(text)) {
			best, most = j, n
		}
	}
	return best
}

// sharedBytes is how many bytes of a line are in words that another has, too.
func sharedBytes(words map[string]int, line string) int {
	used := map[string]int{}
	shared := 0
	for _, t := range pieces(line) {
		if used[t.text] < words[t.text] {
			used[t.text]++
			shared += len(t.text)
		}
	}
	return shared
}
