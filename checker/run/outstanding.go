package run

import (
	"time"
)

// outstanding is since when a scheduled check is due that has not been done; it is zero if there is none. Of a run
// that is on and spread that is since when the machine has waited that waits the longest, or until when nothing is
// due. Else it is the instant of the first run that has not ended.
func (r *Runner) outstanding() time.Time {
	at := r.outstandingRun()
	if at.IsZero() {
		return at
	}
	if run, ok := r.latestPlanned(); ok {
		if since := r.waitingSince(run); since.After(at) {
			return since
		}
	}
	return at
}

// outstandingRun is the first scheduled instant after that of the last planned run that ended, if it has passed: its
// run is on, or never came about. It is zero if there is none. An instant that is not to be made up for is none.
func (r *Runner) outstandingRun() time.Time {
	plan, now := r.plan.Load(), r.clock.Now()
	dealt := plan.since
	if over := r.lastOver(now); over.After(dealt) {
		dealt = over
	}
	if dealt.IsZero() {
		return plan.Latest(now)
	}
	if at := plan.Next(dealt); !at.After(now) {
		return at
	}
	return time.Time{}
}

// lastOver is the instant of the last planned run that ended, as far as it was stored or seen.
func (r *Runner) lastOver(now time.Time) time.Time {
	var last time.Time
	seen := r.over.Load()
	if seen != nil && !seen.After(now.Add(tolerance)) {
		last = *seen
	}
	for _, run := range r.store.View().Runs() {
		at, err := run.Instant()
		if err == nil && run.Ended() && run.Planned() && at.After(last) && !at.After(now.Add(tolerance)) {
			last = at
		}
	}
	// Runs that are asked for may crowd it out of what is stored. What a clock that was ahead has seen is forgotten: it is to come.
	if seen != nil || !last.IsZero() {
		r.over.CompareAndSwap(seen, &last)
	}
	return last
}
