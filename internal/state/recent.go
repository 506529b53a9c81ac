package state

import (
	"errors"
	"fmt"
	"math"
	"strconv"
	"strings"
	"time"
)

// MaxRecent bounds Record.Recent.
const MaxRecent = 30

// Check is what is kept of an attempt at a pair when newer ones have come.
type Check struct {
	// At is the attempt's, to the millisecond: that of an attempt that gave a verdict is the verdict's, so that it
	// can be found among the changes of the history.
	At         time.Time
	Status     Status
	Mismatches int // of a drifted one; else 0
}

// Checks are checks in the order in which they were made, the oldest first. Their times are in that order too,
// unless the clock was set back in between.
type Checks []Check

// PackedChecks are Checks as they are stored and kept in memory, where a large fleet has very many: as text. In it a
// check is the letter of its status, then for a drifted one the number of its mismatches and a comma, then the
// milliseconds since the check before (for the first: since the Unix epoch), which are negative where the clock was set
// back. Numbers are in base 36 with lower-case digits:
//
//	Cmkz1onqoC1ffuo0D3,1ffuo0U1ffup2
//
// A check a day takes 7 to 10 bytes of that.
type PackedChecks string

// The letters of the statuses; no digit of base 36 in lower case is one of them.
const (
	letterCompliant = 'C'
	letterDrifted   = 'D'
	letterUnknown   = 'U'
)

// Pack packs the newest MaxRecent of the checks. Of times that cannot be stored it takes the nearest that can.
func (c Checks) Pack() PackedChecks {
	text := make([]byte, 0, 10*len(c))
	var before int64
	for _, check := range c.newest(MaxRecent) {
		switch check.Status {
		case Compliant:
			text = append(text, letterCompliant)
		case Drifted:
			text = append(text, letterDrifted)
			text = strconv.AppendInt(text, int64(min(max(check.Mismatches, 0), math.MaxInt32)), 36)
			text = append(text, ',')
		default: // what is no verdict is never taken for one
			text = append(text, letterUnknown)
		}
		at := min(max(check.At.UnixMilli(), minMillis), maxMillis)
		text = strconv.AppendInt(text, at-before, 36)
		before = at
	}
	return PackedChecks(text)
}

// Checks unpacks them: none of what Pack did not give.
func (p PackedChecks) Checks() Checks {
	checks, _ := p.parse()
	return checks
}

// With returns these checks and a newer one, at most MaxRecent in all.
func (p PackedChecks) With(check Check) PackedChecks { return append(p.Checks(), check).Pack() }

// parse refuses everything but what Pack gives.
func (p PackedChecks) parse() (Checks, error) {
	var checks Checks
	err := p.each(func(parser *checkParser, check Check) {
		if checks == nil {
			checks = make(Checks, 0, parser.most())
		}
		checks = append(checks, check)
	})
	if err != nil {
		return nil, err
	}
	return checks, nil
}

// check is the error of parse.
func (p PackedChecks) check() error { return p.each(func(*checkParser, Check) {}) }

// each calls f with each check after it was read, up to an error.
func (p PackedChecks) each(f func(*checkParser, Check)) error {
	parser := checkParser{rest: string(p)}
	for n := 0; parser.rest != ""; n++ {
		if n == MaxRecent {
			return fmt.Errorf("recent checks: more than %d", MaxRecent)
		}
		check, err := parser.next()
		if err != nil {
			return fmt.Errorf("recent checks: at byte %d: %w", len(p)-len(parser.rest), err)
		}
		f(&parser, check)
	}
	return nil
}

func (c Checks) newest(n int) Checks { return c[max(len(c)-n, 0):] }

// checkParser reads checks from the start of what is left.
type checkParser struct {
	rest   string
	before int64
}

// most is how many checks there are at most: the one that was read, and one for each letter that is left.
func (p *checkParser) most() int {
	n := 1
	for i := range len(p.rest) {
		if c := p.rest[i]; c == letterCompliant || c == letterDrifted || c == letterUnknown {
			n++
		}
	}
	return min(n, MaxRecent)
}

func (p *checkParser) next() (Check, error) {
	var check Check
	letter := p.rest[0]
	p.rest = p.rest[1:]
	switch letter {
	case letterCompliant:
		check.Status = Compliant
	case letterUnknown:
		check.Status = Unknown
	case letterDrifted:
		check.Status = Drifted
		n, err := p.number()
		if err != nil {
			return Check{}, err
		}
		if n < 0 || n > math.MaxInt32 || !strings.HasPrefix(p.rest, ",") {
			return Check{}, errors.New("no number of mismatches")
		}
		check.Mismatches = int(n)
		p.rest = p.rest[1:]
	default:
		return Check{}, errors.New("no letter of a status")
	}
	since, err := p.number()
	if err != nil {
		return Check{}, err
	}
	p.before += since
	if !storable(p.before) {
		return Check{}, errors.New("a time outside of the years that are stored")
	}
	check.At = time.UnixMilli(p.before).UTC()
	return check, nil
}

// maxDigits is enough for all times that are stored, and far from what an int64 holds.
const maxDigits = 10

var errNumber = errors.New("no number")

// number reads a number in the one form that strconv writes.
func (p *checkParser) number() (int64, error) {
	digits := strings.TrimPrefix(p.rest, "-")
	negative := len(digits) < len(p.rest)
	var number int64
	n := 0
	for ; n < len(digits) && n <= maxDigits; n++ {
		digit := digitOf(digits[n])
		if digit < 0 {
			break
		}
		number = 36*number + digit
	}
	if n == 0 || n > maxDigits || digits[0] == '0' && (n > 1 || negative) {
		return 0, errNumber
	}
	p.rest = digits[n:]
	if negative {
		number = -number
	}
	return number, nil
}

// digitOf is the value of a digit in base 36, or negative for what is none.
func digitOf(c byte) int64 {
	switch {
	case '0' <= c && c <= '9':
		return int64(c - '0')
	case 'a' <= c && c <= 'z':
		return int64(c-'a') + 10
	default:
		return -1
	}
}

// The first millisecond of the year 0 and the last of the year 9999: what JSON can hold as a time.
var (
	minMillis = time.Date(0, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli()
	maxMillis = time.Date(10000, 1, 1, 0, 0, 0, 0, time.UTC).UnixMilli() - 1
)

func storable(millis int64) bool { return minMillis <= millis && millis <= maxMillis }
