package plaintext

import (
	"strconv"
	"strings"
	"unicode/utf8"
)

// Value escapes raw text that is compared with other, so that two that differ are shown differently: a backslash is
// doubled where it could be taken for part of an escape. Of an odd number of backslashes before x1b the last one
// begins an escape; an even number stands for half as many that are in the text. All others stay as they are. It is
// for text as it came, once: Escape leaves its result alone.
func Value(s string, limit int, cut string) string {
	return rawUpTo(s, limit, cut, "", `nrt`)
}

// Lines is Value of text that is shown by lines: line breaks and tabs stay. A tab may be escaped later, by Escape.
func Lines(s string, limit int, cut string) string {
	return rawUpTo(s, limit, cut, "\n\t", `rt`)
}

// rawUpTo keeps the characters in keep; letters are those that are an escape behind a backslash.
func rawUpTo(s string, limit int, cut, keep, letters string) string {
	if clean(s, keep) && len(s) <= limit && !strings.Contains(s, `\`) {
		return s
	}
	return escape(s, limit, cut, keep, func(rest string) bool {
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case size == 0 || r == '\n' && strings.ContainsRune(keep, r):
			return false // also in programs whose lines go on behind a backslash
		case !strconv.IsPrint(r) || r == utf8.RuneError && size == 1:
			return true
		}
		return escapeLength(rest, letters) > 0
	})
}

// escapeLength is how many bytes rest begins with that are an escape if a backslash is before them.
func escapeLength(rest, letters string) int {
	if strings.ContainsRune(letters, rune(rest[0])) {
		return 1
	}
	digits := map[byte]int{'x': 2, 'u': 4, 'U': 8}[rest[0]]
	if digits == 0 || len(rest) <= digits {
		return 0
	}
	if strings.Trim(rest[1:1+digits], "0123456789abcdef") != "" {
		return 0
	}
	return 1 + digits
}
