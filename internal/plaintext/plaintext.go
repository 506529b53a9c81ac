// Package plaintext makes text that came from a machine, a server or a pack fit to be shown: in a log, on a terminal,
// in an alert or on a page nothing of it is acted upon instead of being shown, and it has an end.
package plaintext

import (
	"fmt"
	"math"
	"strconv"
	"strings"
	"unicode/utf8"
)

// Escape returns s as valid UTF-8 in which what does not print is written as \x1b, \n or \u202e, but for the
// characters in keep. What prints stays as it is, backslashes included.
func Escape(s, keep string) string { return EscapeUpTo(s, math.MaxInt, keep, "") }

// EscapeUpTo is Escape of as much of s as makes at most limit bytes, with cut behind it if that is not all.
func EscapeUpTo(s string, limit int, keep, cut string) string {
	if clean(s, keep) && len(s) <= limit {
		return s
	}
	var out strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		piece := s[i : i+size]
		switch {
		case r == utf8.RuneError && size == 1:
			piece = fmt.Sprintf(`\x%02x`, s[i])
		case !strconv.IsPrint(r) && !strings.ContainsRune(keep, r):
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

// clean tells whether nothing of s needs an escape, which is so for almost everything.
func clean(s, keep string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return !strconv.IsPrint(r) && !strings.ContainsRune(keep, r)
	}) < 0
}
