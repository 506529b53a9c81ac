package checker

import (
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"
)

// maxText bounds a value of a mismatch and an error's text, in bytes.
const maxText = 1024

// printable makes text that came from a machine or a pack fit to be shown anywhere: valid UTF-8 on one line, what
// does not print as \x1b, \n, \t or \u202e, at most limit bytes and then how long it was.
func printable(s string, limit int) string {
	return escape(s, limit, "", fmt.Sprintf("… (%d bytes)", len(s)))
}

// shown is an item's identity in results. Two identities that differ are shown differently, however long they are.
func shown(identity string) string { return printable(identity, 8*maxPath) }

// quoted is a short text from a machine in an error.
func quoted(s string) string { return `"` + printable(s, 80) + `"` }

// escape replaces what does not print, but for the characters kept, and ends with cut if it would exceed limit.
func escape(s string, limit int, kept, cut string) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		piece := s[i : i+size]
		switch {
		case r == utf8.RuneError && size == 1:
			piece = fmt.Sprintf(`\x%02x`, s[i])
		case !strconv.IsPrint(r) && !strings.ContainsRune(kept, r):
			piece = strings.Trim(strconv.QuoteRuneToASCII(r), "'")
		}
		if out.Len()+len(piece) > limit {
			return out.String() + cut
		}
		out.WriteString(piece)
		i += size
	}
	return out.String()
}

// isText tells whether content can be compared by lines: valid UTF-8 without NUL.
func isText(content []byte) bool {
	return utf8.Valid(content) && !strings.ContainsRune(string(content), 0)
}

const (
	maxDiff = 16 << 10
	diffCut = "\n… the rest of the diff is left out"
)

// unifiedDiff is what to do to the expected text to get the actual one.
func unifiedDiff(expected, actual string) string {
	return escape(udiff.Unified("expected", "actual", expected, actual), maxDiff, "\n\t", diffCut)
}
