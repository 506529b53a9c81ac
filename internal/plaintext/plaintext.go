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
// characters in keep. What prints stays as it is, backslashes included: what was escaped before is not escaped again.
func Escape(s, keep string) string { return EscapeUpTo(s, math.MaxInt, keep, "") }

// EscapeUpTo is Escape of as much of s as makes at most limit bytes, with cut behind it if that is not all.
func EscapeUpTo(s string, limit int, keep, cut string) string {
	if clean(s, keep) && len(s) <= limit {
		return s
	}
	return escape(s, limit, cut, keep, nil)
}

// escape writes s with its escapes. double, if there is one, tells of what follows a run of backslashes whether they
// are to be doubled.
func escape(s string, limit int, cut, keep string, double func(rest string) bool) string {
	var out strings.Builder
	for i := 0; i < len(s); {
		r, size := utf8.DecodeRuneInString(s[i:])
		piece, times := s[i:i+size], 1
		switch {
		case r == utf8.RuneError && size == 1:
			piece = fmt.Sprintf(`\x%02x`, s[i])
		case r == '\\' && double != nil:
			times = len(s[i:]) - len(strings.TrimLeft(s[i:], `\`))
			if size = times; double(s[i+size:]) {
				piece = `\\`
			}
		case !strconv.IsPrint(r) && !strings.ContainsRune(keep, r):
			piece = escaped(r)
		}
		for range times {
			if out.Len()+len(piece) > limit {
				return out.String() + cut
			}
			out.WriteString(piece)
		}
		i += size
	}
	return out.String()
}

// escaped is the escape of a character. There is no \a, \b, \f or \v: in what is compared these are most often part of
// a regular expression or a path.
func escaped(r rune) string {
	switch {
	case r == '\n':
		return `\n`
	case r == '\r':
		return `\r`
	case r == '\t':
		return `\t`
	case r < 0x80:
		return fmt.Sprintf(`\x%02x`, r)
	case r <= 0xffff:
		return fmt.Sprintf(`\u%04x`, r)
	default:
		return fmt.Sprintf(`\U%08x`, r)
	}
}

// clean tells whether nothing of s needs an escape, which is so for almost everything.
func clean(s, keep string) bool {
	return utf8.ValidString(s) && strings.IndexFunc(s, func(r rune) bool {
		return !strconv.IsPrint(r) && !strings.ContainsRune(keep, r)
	}) < 0
}
