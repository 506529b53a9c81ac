package main

import (
	"strings"
	"unicode"

	"golang.org/x/text/width"
)

// columns is how many columns of a terminal a printable text takes: Chinese, Japanese and Korean characters and emoji
// take two, marks that combine with the character before them none.
func columns(text string) int {
	n := 0
	for _, r := range text {
		switch {
		case r < 0x300:
			n++
		case unicode.In(r, unicode.Mn, unicode.Me):
		default:
			n++
			if kind := width.LookupRune(r).Kind(); kind == width.EastAsianWide || kind == width.EastAsianFullwidth {
				n++
			}
		}
	}
	return n
}

// pad fills a text up to a column's width. It comes before colouring, which takes no room.
func pad(text string, width int) string {
	return text + strings.Repeat(" ", max(0, width-columns(text)))
}

// cut is as much of a text as fits into so many columns, with … in place of the rest.
func cut(text string, room int) string {
	if columns(text) <= room {
		return text
	}
	taken := 0
	for i, r := range text {
		if taken += columns(string(r)); taken > room-1 {
			return text[:i] + "…"
		}
	}
	return text
}

// maxColumn bounds what a column is padded to: one very long name must not push all others aside.
const maxColumn = 48

// columnOf is how wide a column with these texts is.
func columnOf(texts ...string) int {
	column := 0
	for _, text := range texts {
		if n := columns(text); n <= maxColumn {
			column = max(column, n)
		}
	}
	return column
}

// tableOf lays rows out in columns. The last cell of a row is as long as it is, cut where the line ends.
func tableOf(rows [][]string, lineWidth int, paint func(row, column int, text string) string) string {
	var widths []int
	for column := range rows[0] {
		var cells []string
		for _, row := range rows {
			cells = append(cells, row[column])
		}
		widths = append(widths, columnOf(cells...))
	}
	var out strings.Builder
	for i, row := range rows {
		var line strings.Builder
		used := 0
		for column, text := range row {
			last := column == len(row)-1
			if last {
				text = cut(text, max(lineWidth-used, 1))
			} else {
				text = pad(text, widths[column])
			}
			used += columns(text) + len(gap)
			line.WriteString(paint(i, column, text))
			if !last {
				line.WriteString(gap)
			}
		}
		out.WriteString(strings.TrimRight(line.String(), " ") + "\n")
	}
	return out.String()
}

// gap separates columns.
const gap = "  "
