package checker

import (
	"cmp"
	"errors"
	"fmt"
	"strconv"
	"strings"
)

// debVersion is a version of a Debian package. Parsing and order are those of dpkg, see deb-version(7) and Debian
// Policy 5.6.12: [epoch:]upstream[-revision].
type debVersion struct {
	epoch              int
	hasEpoch           bool
	upstream, revision string
}

// parseDebVersion takes what dpkg takes, warnings included, except for characters that no version may hold: those
// are a mistake in a pack.
func parseDebVersion(s string) (debVersion, error) {
	var v debVersion
	rest := s
	if epoch, upstream, ok := strings.Cut(s, ":"); ok {
		n, err := strconv.ParseInt(epoch, 10, 32)
		if err != nil || n < 0 || !isDigits(epoch) {
			return v, fmt.Errorf("%q has an epoch that is not a number", s)
		}
		v.epoch, v.hasEpoch, rest = int(n), true, upstream
	}
	v.upstream = rest
	if i := strings.LastIndexByte(rest, '-'); i >= 0 {
		v.upstream, v.revision = rest[:i], rest[i+1:]
		if v.revision == "" {
			return v, fmt.Errorf("%q has an empty revision", s)
		}
	}
	switch {
	case v.upstream == "":
		return v, errors.New("a version must not be empty")
	case strings.Trim(rest, "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789.+~:-_") != "":
		return v, fmt.Errorf("%q is not a version: only letters, digits and .+~:-_ may be in it", s)
	}
	return v, nil
}

// compare is negative if v is the older one, positive if it is the newer one.
func (v debVersion) compare(w debVersion) int {
	return cmp.Or(cmp.Compare(v.epoch, w.epoch), compareDebPart(v.upstream, w.upstream), compareDebPart(v.revision, w.revision))
}

// debInstalled orders an installed version and a wanted one. A wanted one without an epoch is compared without the
// installed one's, and one that is wanted exactly but has no revision holds for every revision.
func debInstalled(installed, wanted string, exact bool) (int, error) {
	have, want, err := parseBoth(installed, wanted, parseDebVersion)
	if err != nil {
		return 0, err
	}
	if !want.hasEpoch {
		have.epoch = 0
	}
	if exact && want.revision == "" {
		have.revision = ""
	}
	return have.compare(want), nil
}

// compareDebPart compares alternately what is not digits, character by character, and digits, as numbers of any size.
func compareDebPart(a, b string) int {
	for a != "" || b != "" {
		for a != "" && !isDigit(a[0]) || b != "" && !isDigit(b[0]) {
			if order := cmp.Compare(debOrder(a), debOrder(b)); order != 0 {
				return order
			}
			a, b = a[1:], b[1:] // the same character
		}
		var order int
		if order, a, b = compareDigits(a, b); order != 0 {
			return order
		}
	}
	return 0
}

// debOrder is the rank of a first character: a tilde sorts before the end, the end and digits before letters, and
// letters before all else.
func debOrder(s string) int {
	switch {
	case s == "" || isDigit(s[0]):
		return 0
	case s[0] == '~':
		return -1
	case isLetter(s[0]):
		return int(s[0])
	}
	return int(s[0]) + 256
}

// cutDigits returns the number that s begins with, without leading zeros, and the rest.
func cutDigits(s string) (number, rest string) {
	rest = strings.TrimLeft(s, "0123456789")
	return strings.TrimLeft(s[:len(s)-len(rest)], "0"), rest
}

func isDigit(c byte) bool { return c >= '0' && c <= '9' }
