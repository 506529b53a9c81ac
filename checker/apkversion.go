package checker

import (
	"cmp"
	"errors"
	"fmt"
	"slices"
	"strconv"
	"strings"
)

// A version of apk is NUMBER{.NUMBER}{LETTER}{_SUFFIX{NUMBER}}…{~HASH}{-rNUMBER}. Its order is that of version.c in
// apk-tools, which changed with apk-tools 3: numbers with leading zeros and some versions of different length compare
// otherwise, hashes are new, and a number after a letter is none any more.
type apkVersion []apkToken

// apkToken is a part of a version.
type apkToken struct {
	kind   int
	number int64  // what a number says, a letter's code, or a suffix' rank: below zero it is of a pre-release
	text   string // compared in place of number where that is undecided
}

// Kinds of parts. Where one version has another kind of part than the other, the later kind is of the older version.
const (
	apkDotted = iota // a number behind a dot
	apkNumber
	apkLetter
	apkSuffix
	apkSuffixNumber
	apkHash
	apkRevision
	apkEnd
)

// apkSuffixes are in their order. Those of pre-releases come first.
var apkSuffixes = [...]string{"alpha", "beta", "pre", "rc", "cvs", "svn", "git", "hg", "p"}

const apkPreSuffixes = 4

// maxAPKDigits is how long numbers may be: apk-tools 2 refuses longer ones.
const maxAPKDigits = 17

// parseAPKVersion parses a version of apk-tools 3, or of those before it.
func parseAPKVersion(s string, old bool) (apkVersion, error) {
	if s == "" {
		return nil, errors.New("a version must not be empty")
	}
	p := apkParser{rest: s, old: old, ok: true}
	p.digits(apkNumber)
	for p.rest != "" && p.ok {
		p.next()
	}
	if !p.ok {
		return nil, fmt.Errorf("%q is not a version: apk's are as in 1.2.3b_rc1-r4", s)
	}
	return p.version, nil
}

type apkParser struct {
	rest    string
	old, ok bool
	version apkVersion
}

// next takes a part off the rest, if it may follow the last one.
func (p *apkParser) next() {
	last := p.version[len(p.version)-1].kind
	c := p.rest[0]
	switch {
	case c >= 'a' && c <= 'z' && last <= apkNumber:
		p.add(apkLetter, int64(c), 1)
	case isDigit(c) && last == apkLetter && p.old:
		p.digits(apkNumber)
	case isDigit(c) && last == apkSuffix:
		p.digits(apkSuffixNumber)
	case c == '.' && last <= apkNumber:
		p.rest = p.rest[1:]
		p.digits(apkDotted)
	case c == '_' && last <= apkSuffixNumber:
		p.rest = p.rest[1:]
		word, _ := cutLetters(p.rest)
		rank := slices.Index(apkSuffixes[:], word)
		p.add(apkSuffix, int64(rank-apkPreSuffixes), len(word))
		p.ok = rank >= 0
	case c == '~' && last < apkHash && !p.old:
		p.rest = p.rest[1:]
		p.add(apkHash, 0, len(p.rest)-len(strings.TrimLeft(p.rest, "0123456789abcdef")))
	case strings.HasPrefix(p.rest, "-r") && last < apkRevision:
		p.rest = p.rest[2:]
		p.digits(apkRevision)
	default:
		p.ok = false
	}
}

// add takes n bytes of the rest for a part. None are no part.
func (p *apkParser) add(kind int, number int64, n int) {
	p.ok = n > 0
	p.version = append(p.version, apkToken{kind: kind, number: number, text: p.rest[:n]})
	p.rest = p.rest[n:]
}

// digits takes a number. Behind a dot, leading zeros count: apk-tools 3 compares such numbers as text, and older ones
// take the zeros for a negative number, with what follows for a part of its own.
func (p *apkParser) digits(kind int) {
	n := len(p.rest) - len(strings.TrimLeft(p.rest, "0123456789"))
	number, _ := strconv.ParseInt(p.rest[:n], 10, 64) // too long ones are refused below
	zeros := n - len(strings.TrimLeft(p.rest[:n], "0"))
	if p.old && kind == apkDotted && zeros > 0 {
		p.add(kind, int64(-zeros), n)
		if p.rest != "" || zeros < n {
			p.version = append(p.version, apkToken{kind: apkNumber, number: number})
		}
	} else {
		p.add(kind, number, n)
	}
	p.ok = p.ok && n <= maxAPKDigits
}

// compare is negative if v is the older one.
func (v apkVersion) compare(w apkVersion, old bool) int {
	for i := 0; ; i++ {
		x, y := v.at(i), w.at(i)
		switch {
		case x.kind == apkEnd && y.kind == apkEnd:
			return 0
		case x.kind == y.kind:
			if order := x.compare(y, old); order != 0 {
				return order
			}
		case x.preRelease():
			return -1
		case y.preRelease():
			return 1
		default:
			return cmp.Compare(y.kind, x.kind)
		}
	}
}

func (v apkVersion) at(i int) apkToken {
	if i < len(v) {
		return v[i]
	}
	return apkToken{kind: apkEnd}
}

func (t apkToken) preRelease() bool { return t.kind == apkSuffix && t.number < 0 }

// compare compares parts of the same kind.
func (t apkToken) compare(u apkToken, old bool) int {
	if t.kind == apkHash || t.kind == apkDotted && !old && (t.text[0] == '0' || u.text[0] == '0') {
		return cmp.Compare(t.text, u.text)
	}
	return cmp.Compare(t.number, u.number)
}

// apkInstalled orders an installed version and a wanted one. One that is wanted exactly but has no revision holds for
// every revision.
func apkInstalled(old bool) versionOrder {
	return func(installed, wanted string, exact bool) (int, error) {
		if exact && !strings.Contains(wanted, "-r") {
			installed, _, _ = strings.Cut(installed, "-r")
		}
		have, want, err := parseBoth(installed, wanted, func(s string) (apkVersion, error) { return parseAPKVersion(s, old) })
		if err != nil {
			return 0, err
		}
		return have.compare(want, old), nil
	}
}
