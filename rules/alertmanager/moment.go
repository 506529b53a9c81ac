package alertmanager

import (
	"time"
)

// clocksApart is how far an Alertmanager's clock may be from ours before it counts: what it tells of it is in seconds, and
// may have been on its way for a while.
const clocksApart = time.Minute

// moment is now, by our clock and, as far as it is known, by that of the Alertmanager. It is Alertmanager's that decides
// whether an alert fires; ours may have been set wrong, or back.
type moment struct{ ours, theirs time.Time }

// at is a moment by our clock, and by one that is ahead of ours by so much.
func at(now time.Time, ahead time.Duration) moment {
	if ahead.Abs() <= clocksApart {
		ahead = 0
	}
	return moment{now, now.Add(ahead)}
}

// times are what is sent as startsAt and endsAt.
//
// What fires is valid beyond the latest moment that is known to have come: a clock that is behind must not have the alert
// end at Alertmanager. That is now, by either clock, the pair's last check and the alert's own start.
//
// What has ended has not ended in the future, though a clock that was ahead may have said so: Alertmanager would let it
// fire until then. That this puts the end before the start does no harm, if the start goes with it.
func (e *entry) times(m moment, validUntil func(time.Time) time.Time) (startsAt, endsAt time.Time) {
	if e.alert.Firing() {
		return e.alert.StartsAt, validUntil(latest(m.ours, m.theirs, e.checkedAt, e.alert.StartsAt))
	}
	if e.endsAt.IsZero() || e.endsAt.After(m.theirs) {
		e.endsAt = earliest(e.alert.ResolvedAt, m.ours, m.theirs)
	}
	return earliest(e.alert.StartsAt, e.endsAt), e.endsAt
}

// remembered is a function that is asked once where the same time comes again: a schedule is searched for the next run.
func remembered(ask func(time.Time) time.Time) func(time.Time) time.Time {
	var asked, answer time.Time
	return func(t time.Time) time.Time {
		if answer.IsZero() || !t.Equal(asked) {
			asked, answer = t, ask(t)
		}
		return answer
	}
}

func latest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.After(first) {
			first = t
		}
	}
	return first
}

func earliest(first time.Time, others ...time.Time) time.Time {
	for _, t := range others {
		if t.Before(first) {
			first = t
		}
	}
	return first
}
