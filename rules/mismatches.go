package rules

import (
	"fmt"
	"strconv"
	"strings"
	"unicode"
	"unicode/utf8"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The annotation `mismatches` is bounded so that an alert fits everywhere it goes: a stored record, a Slack message.
const (
	maxLines     = 10
	maxText      = 1024 // bytes, the line "… and N more" included
	maxItemText  = 200  // bytes of an item in a line
	maxValueText = 100  // bytes of what was expected, and of what was found
)

// mismatchLines lists the first mismatches, a line each, and says how many more there are. The bounds of the parts
// make sure that the first line always fits.
func mismatchLines(mismatches []state.Mismatch) string {
	var text strings.Builder
	for i, m := range mismatches {
		line := mismatchLine(m)
		room := maxText - text.Len()
		if rest := len(mismatches) - i - 1; rest > 0 {
			room -= len(more(rest))
		}
		if i == maxLines || len(line) > room {
			text.WriteString(more(len(mismatches) - i))
			break
		}
		text.WriteString(line)
	}
	return strings.TrimSuffix(text.String(), "\n")
}

func more(n int) string { return "… and " + strconv.Itoa(n) + " more\n" }

// mismatchLine is one mismatch with its newline. What is sensitive is named, not shown.
func mismatchLine(m state.Mismatch) string {
	line := shorten(printable(m.Type), maxValueText) + " " + shorten(printable(m.Item), maxItemText)
	if m.Sensitive || m.Expected == "" && m.Actual == "" {
		return line + "\n"
	}
	return line + ": " + value(m.Expected) + " → " + value(m.Actual) + "\n"
}

func value(s string) string {
	if s == "" {
		return `""`
	}
	return shorten(printable(s), maxValueText)
}

// printable escapes whatever a terminal, a log or a chat might act upon instead of showing it, invalid UTF-8 included.
func printable(s string) string {
	var text strings.Builder
	for i, width := 0, 0; i < len(s); i += width {
		r, size := utf8.DecodeRuneInString(s[i:])
		width = size
		switch {
		case r == utf8.RuneError && size == 1:
			fmt.Fprintf(&text, `\x%02x`, s[i])
		case unicode.IsPrint(r):
			text.WriteRune(r)
		default:
			text.WriteString(strings.Trim(strconv.QuoteRune(r), "'"))
		}
	}
	return text.String()
}

// shorten cuts s to that many bytes, the ellipsis included, and only between runes.
func shorten(s string, limit int) string {
	const ellipsis = "…"
	s = strings.ToValidUTF8(s, "\uFFFD")
	if len(s) <= limit {
		return s
	}
	end := limit - len(ellipsis)
	for end > 0 && !utf8.RuneStart(s[end]) {
		end--
	}
	return s[:end] + ellipsis
}
