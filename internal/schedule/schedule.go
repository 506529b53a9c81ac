// Package schedule knows when the runs of a fleet are due. It does not know what a run is.
package schedule

import (
	"fmt"
	"strings"
	"time"

	"github.com/robfig/cron/v3"
)

// hourStar is the bit with which the cron library marks a field that was written as `*`.
const hourStar = 1 << 63

// longestGap is how far back the latest instant is looked for: `0 0 29 2 *` may be eight years apart.
const longestGap = 9 * 366 * 24 * time.Hour

// Schedule is a cron expression in a time zone. It is immutable and its instants depend on nothing but the
// two, so that "which instant are we at" has one answer before and after a restart.
//
// When clocks change, an expression with fixed hours keeps to one instant for each time of day that it names:
// a time that the day skips is due when the clock has jumped, and one that the day has twice is due the first
// time only. So a daily check happens every day, once. An expression with `*` for the hour follows the
// elapsed time, through both of the hours that look alike.
type Schedule struct {
	expr string
	loc  *time.Location
	wall *cron.SpecSchedule // instants as times of day, without a zone
	real *cron.SpecSchedule // set for a `*` hour only: instants as they elapse
}

// New parses five cron fields, or a descriptor such as @daily.
func New(expr string, loc *time.Location) (*Schedule, error) {
	if loc == nil {
		loc = time.UTC
	}
	if strings.Contains(expr, "TZ=") {
		return nil, fmt.Errorf("cron %q: the time zone belongs into timezone", expr)
	}
	parser := cron.NewParser(cron.Minute | cron.Hour | cron.Dom | cron.Month | cron.Dow | cron.Descriptor)
	parsed, err := parser.Parse(expr)
	if err != nil {
		return nil, fmt.Errorf("cron %q: %w", expr, err)
	}
	spec, ok := parsed.(*cron.SpecSchedule)
	if !ok {
		// @every counts from when the process started, so that no instant could be known to be missed.
		return nil, fmt.Errorf("cron %q: has no fixed instants", expr)
	}
	s := &Schedule{expr: expr, loc: loc, wall: in(spec, time.UTC)}
	if spec.Hour&hourStar != 0 {
		s.real = in(spec, loc)
	}
	if s.Next(time.Unix(0, 0)).IsZero() {
		return nil, fmt.Errorf("cron %q: never happens", expr)
	}
	return s, nil
}

func in(spec *cron.SpecSchedule, loc *time.Location) *cron.SpecSchedule {
	c := *spec
	c.Location = loc
	return &c
}

// Next returns the first instant after t, in UTC. It is zero if there is none within some years.
func (s *Schedule) Next(t time.Time) time.Time {
	if s.real != nil {
		return s.real.Next(t.In(s.loc)).UTC()
	}
	for wall := s.wall.Next(wallClock(t.In(s.loc))); !wall.IsZero(); wall = s.wall.Next(wall) {
		if at := instant(wall, s.loc); at.After(t) {
			return at.UTC()
		}
	}
	return time.Time{}
}

// Latest returns the last instant that is not after now, in UTC, or zero if there was none for years.
func (s *Schedule) Latest(now time.Time) time.Time {
	for back := time.Minute; back < 2*longestGap; back *= 2 {
		if t := s.Next(now.Add(-back)); !t.IsZero() && !t.After(now) {
			return s.lastBetween(t, now)
		}
	}
	return time.Time{}
}

// lastBetween narrows the latest instant down; from is one itself. Instants are whole seconds, so that less
// than a second holds no further one.
func (s *Schedule) lastBetween(from, to time.Time) time.Time {
	end := to
	for end.Sub(from) >= time.Second {
		middle := from.Add(end.Sub(from) / 2)
		if t := s.Next(middle); t.IsZero() || t.After(to) {
			end = middle
		} else {
			from = t
		}
	}
	return from
}

// Cron is the expression.
func (s *Schedule) Cron() string { return s.expr }

// Equal tells whether both have the same instants for the same reasons.
func (s *Schedule) Equal(o *Schedule) bool {
	return s.expr == o.expr && s.loc.String() == o.loc.String()
}

// wallClock is what the clock on the wall shows at t, written as if the wall were in UTC.
func wallClock(t time.Time) time.Time {
	return time.Date(t.Year(), t.Month(), t.Day(), t.Hour(), t.Minute(), t.Second(), t.Nanosecond(), time.UTC)
}

// instant is when the clock on the wall first shows wall in loc or, if it skips that, when it jumps over it.
func instant(wall time.Time, loc *time.Location) time.Time {
	t := time.Date(wall.Year(), wall.Month(), wall.Day(), wall.Hour(), wall.Minute(), wall.Second(), 0, loc)
	start, end := t.ZoneBounds()
	switch shown := wallClock(t); {
	case shown.Before(wall):
		return end // time.Date chose the side before the jump
	case shown.After(wall):
		return start // … or the one after it
	}
	if start.IsZero() {
		return t
	}
	_, offset := start.Add(-time.Second).Zone()
	if first := wall.Add(-time.Duration(offset) * time.Second).In(loc); first.Before(start) && wallClock(first).Equal(wall) {
		return first
	}
	return t
}
