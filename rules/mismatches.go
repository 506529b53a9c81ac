package rules

import (
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
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
	line := shorten(plaintext.Escape(m.Type, ""), maxValueText) + " " + shorten(plaintext.Escape(m.Item, ""), maxItemText)
	if m.Sensitive || m.Expected == "" && m.Actual == "" {
		return line + "\n"
	}
	return line + ": " + value(m.Expected) + " → " + value(m.Actual) + "\n"
}

func value(s string) string {
	if s == "" {
		return `""`
	}
	// The whole of a hash tells a reader nothing, and the diff view has it.
	return shorten(plaintext.Escape(plaintext.ShortSum(s), ""), maxValueText)
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
