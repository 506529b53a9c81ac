package checker

import (
	"cmp"
	"errors"
	"fmt"
	"strings"
)

// evr is a version of rpm or pacman: [epoch:]version[-release].
type evr struct {
	epoch    string // without leading zeros, so that 0 is empty
	hasEpoch bool
	version  string
	release  string // empty if there is none
}

// parseEVR takes a version apart. Which characters version and release may hold differs between the two.
func parseEVR(s string, allowed func(byte) bool) (evr, error) {
	var v evr
	v.version = s
	if epoch, rest, ok := strings.Cut(s, ":"); ok {
		if !isDigits(epoch) {
			return evr{}, fmt.Errorf("%q has an epoch that is not a number", s)
		}
		v.epoch, _ = cutDigits(epoch)
		v.hasEpoch, v.version = true, rest
	}
	if i := strings.LastIndexByte(v.version, '-'); i >= 0 {
		if v.version, v.release = v.version[:i], v.version[i+1:]; v.release == "" {
			return evr{}, fmt.Errorf("%q has an empty release", s)
		}
	}
	if v.version == "" {
		return evr{}, errors.New("a version must not be empty")
	}
	for _, part := range []string{v.version, v.release} {
		for i := range len(part) {
			if !allowed(part[i]) {
				return evr{}, fmt.Errorf("%q is not a version: %s must not be in it", s, quoted(part[i:i+1]))
			}
		}
	}
	return v, nil
}

// parseRPMVersion takes what rpmbuild lets a package have, see rpm-version(7).
func parseRPMVersion(s string) (evr, error) {
	return parseEVR(s, func(c byte) bool { return isDigit(c) || isLetter(c) || strings.IndexByte("._+~^", c) >= 0 })
}

// compareRPM is negative if v is the older one, as rpm orders packages.
func (v evr) compareRPM(w evr) int { return v.compare(w, compareRPMPart) }

// compare compares versions and releases by part. The one that lacks a release is older.
func (v evr) compare(w evr, part func(a, b string) int) int {
	if order := cmp.Or(compareNumbers(v.epoch, w.epoch), part(v.version, w.version)); order != 0 {
		return order
	}
	if v.release == "" || w.release == "" {
		return cmp.Compare(v.release, w.release)
	}
	return part(v.release, w.release)
}

// rpmInstalled orders an installed version and a wanted one. Like rpm in dependencies, it compares the release only
// where the wanted version has one.
func rpmInstalled(installed, wanted string, _ bool) (int, error) {
	have, want, err := parseBoth(installed, wanted, parseRPMVersion)
	if err != nil {
		return 0, err
	}
	return have.alike(want).compareRPM(want), nil
}

// parseBoth parses the wanted version first: that it makes no sense is a mistake in a pack.
func parseBoth[V any](installed, wanted string, parse func(string) (V, error)) (have, want V, err error) {
	if want, err = parse(wanted); err != nil {
		return have, want, err
	}
	if have, err = parse(installed); err != nil {
		return have, want, fmt.Errorf("the installed version: %w", err)
	}
	return have, want, nil
}

// alike is the version without the epoch and the release that the wanted one lacks.
func (v evr) alike(want evr) evr {
	if !want.hasEpoch {
		v.epoch = ""
	}
	if want.release == "" {
		v.release = ""
	}
	return v
}

// compareRPMPart compares versions or releases piece by piece: tildes, carets, numbers and words; what separates
// them does not count. At the first place where they differ, a tilde is older than the end, the end than a caret, a
// caret than a word, and a word than a number.
func compareRPMPart(a, b string) int {
	for {
		a, b = strings.TrimLeftFunc(a, rpmSeparates), strings.TrimLeftFunc(b, rpmSeparates)
		rank := rpmRank(a)
		if order := cmp.Compare(rank, rpmRank(b)); order != 0 || rank == rpmEnd {
			return order
		}
		order := 0
		switch rank {
		case rpmWord:
			order, a, b = compareWords(a, b)
		case rpmNumber:
			order, a, b = compareDigits(a, b)
		default:
			a, b = a[1:], b[1:]
		}
		if order != 0 {
			return order
		}
	}
}

// The pieces of a version, the oldest first.
const (
	rpmTilde = iota
	rpmEnd
	rpmCaret
	rpmWord
	rpmNumber
)

func rpmRank(s string) int {
	switch {
	case s == "":
		return rpmEnd
	case s[0] == '~':
		return rpmTilde
	case s[0] == '^':
		return rpmCaret
	case isDigit(s[0]):
		return rpmNumber
	}
	return rpmWord
}

func rpmSeparates(r rune) bool {
	return r >= 0x80 || !isDigit(byte(r)) && !isLetter(byte(r)) && r != '~' && r != '^'
}

// compareNumbers compares numbers of any size without leading zeros.
func compareNumbers(x, y string) int {
	return cmp.Or(cmp.Compare(len(x), len(y)), cmp.Compare(x, y))
}

// compareDigits compares the numbers that both begin with, and returns what follows them.
func compareDigits(a, b string) (order int, restA, restB string) {
	x, a := cutDigits(a)
	y, b := cutDigits(b)
	return compareNumbers(x, y), a, b
}

// compareWords does so with letters.
func compareWords(a, b string) (order int, restA, restB string) {
	x, a := cutLetters(a)
	y, b := cutLetters(b)
	return cmp.Compare(x, y), a, b
}

// cutLetters returns the letters that s begins with, and the rest.
func cutLetters(s string) (word, rest string) {
	n := 0
	for n < len(s) && isLetter(s[n]) {
		n++
	}
	return s[:n], s[n:]
}

func isLetter(c byte) bool { return c >= 'a' && c <= 'z' || c >= 'A' && c <= 'Z' }
