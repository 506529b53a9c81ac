package schedule

import "time"

const (
	// gapInstants and gapSpan bound how far ShortestGap looks ahead: an expression that has more instants than that
	// within the span has its shortest gap among the first of them.
	gapInstants = 10_000
	gapSpan     = 5 * 366 * 24 * time.Hour
)

// gapStart is where ShortestGap begins, so that a configuration is not valid on one day and invalid on another. A leap
// day is in the span.
var gapStart = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)

// ShortestGap is the shortest time between two instants that follow each other, as far as it looks ahead. It is zero
// if there are no two within some years.
func (s *Schedule) ShortestGap() time.Duration {
	var shortest time.Duration
	last := s.Next(gapStart)
	for range gapInstants {
		next := s.Next(last)
		if next.IsZero() || next.Sub(gapStart) > gapSpan {
			break
		}
		if gap := next.Sub(last); shortest == 0 || gap < shortest {
			shortest = gap
		}
		last = next
	}
	return shortest
}
