package checker

import (
	"errors"
	"regexp"
	"strconv"
	"strings"
)

var (
	errNotPortable = errors.New("only what POSIX extended regular expressions define is possible there, in ASCII and without escaped letters")

	bracketList = regexp.MustCompile(`^\[\^?(?:\[:(?:alnum|alpha|blank|cntrl|digit|graph|lower|print|punct|space|upper|xdigit):\]|[^]\\[])+\]`)
	interval    = regexp.MustCompile(`^\{([0-9]+)(,([0-9]*))?\}`)
)

// What stood before a place in an expression.
const (
	nothingYet  = iota // it begins an alternative
	somethingAt        // what can be repeated
	somethingIn        // an anchor or a repetition
)

// portable returns a regular expression as every awk takes it and means the same by it as Go does. Whatever some of
// them might read differently is refused.
func portable(expr string) (string, error) {
	if _, err := regexp.CompilePOSIX(expr); err != nil || strings.Trim(expr, printableASCII) != "" {
		return "", errNotPortable
	}
	var out strings.Builder
	before := nothingYet
	for rest := expr; rest != ""; {
		length, after, ok := nextPortable(rest, before)
		if !ok {
			return "", errNotPortable
		}
		piece := rest[:length]
		if piece == `\/` || piece == `\]` || piece == `\}` {
			piece = piece[1:]
		}
		out.WriteString(piece)
		rest, before = rest[length:], after
	}
	if before == nothingYet {
		return "", errNotPortable
	}
	return out.String(), nil
}

// countsCharacters tells whether a portable expression may mean something else by a character beyond ASCII than by the
// bytes of it, which are what most awks see: by . and by a list of what is not meant, unless any number of them will do.
func countsCharacters(there string) bool {
	before := nothingYet
	for rest := there; rest != ""; {
		length, after, _ := nextPortable(rest, before)
		piece := rest[:length]
		rest, before = rest[length:], after
		if (piece == "." || strings.HasPrefix(piece, "[^")) && !strings.HasPrefix(rest, "*") {
			return true
		}
	}
	return false
}

const printableASCII = " !\"#$%&'()*+,-./0123456789:;<=>?@ABCDEFGHIJKLMNOPQRSTUVWXYZ[\\]^_`abcdefghijklmnopqrstuvwxyz{|}~"

// nextPortable takes the next element off an expression: its length, and what it is to the one that follows.
func nextPortable(rest string, before int) (length, after int, ok bool) {
	switch rest[0] {
	case '\\':
		return 2, somethingAt, len(rest) > 1 && strings.ContainsRune(`.[]()*+?{}|^$\/`, rune(rest[1]))
	case '[':
		length = len(bracketList.FindString(rest))
		return length, somethingAt, length > 0
	case '(':
		return 1, nothingYet, true
	case ')':
		return 1, somethingAt, before != nothingYet
	case '|':
		return 1, nothingYet, before != nothingYet
	case '*', '+', '?':
		return 1, somethingIn, before == somethingAt
	case '{':
		length = len(interval.FindString(rest))
		return length, somethingIn, before == somethingAt && boundedInterval(rest)
	case '}':
		return 1, somethingAt, false
	case '^':
		return 1, somethingIn, before == nothingYet
	case '$':
		return 1, somethingIn, len(rest) == 1 || rest[1] == ')' || rest[1] == '|'
	}
	return 1, somethingAt, true
}

// boundedInterval tells whether a text begins with {n}, {n,} or {n,m} of numbers that every implementation takes.
func boundedInterval(rest string) bool {
	match := interval.FindStringSubmatch(rest)
	if match == nil {
		return false
	}
	for _, digits := range []string{match[1], match[3]} {
		if n, err := strconv.Atoi(digits); digits != "" && (err != nil || n > 255) {
			return false
		}
	}
	return true
}
