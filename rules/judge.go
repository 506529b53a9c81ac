package rules

import (
	"fmt"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Judge makes the next record of a pair from the previous one (nil: there is none; otherwise with its Detail, if
// NeedsDetail) and a result. It returns false, and no record, if the result is to be dropped: see stale.
//
// An unknown result changes the attempt, its errors and what it saw, and nothing else: the last verdict and the alert
// stand. A first verdict never alerts, since there is nothing that the machine has drifted from; neither does any
// later one until the pair was compliant once. From then on a drifted verdict after a compliant one starts an alert,
// further drifted ones update it, and a compliant one ends it.
func Judge(prev *state.Record, r state.Result, p AlertParams, now time.Time) (*state.Record, bool) {
	if stale(prev, r, now) {
		return nil, false
	}
	next := begin(prev, r, now)
	next.Attempt = attempt(r)
	next.Recent = next.Recent.With(check(next.Attempt, r))
	if next.Attempt.Status == state.Unknown {
		next.Detail = withAttempt(next.Detail, r)
		return next, true
	}
	before, detail := next.Verdict, next.Detail
	next.Verdict = verdict(before, r)
	next.Detail = &state.Detail{Mismatches: r.Mismatches, Waived: r.Waived, Definitions: r.Definitions}
	switch {
	case before == nil: // a first verdict
	case r.Status == state.Compliant && next.Alert.Firing():
		reason := resolvedReason(detail, r)
		ended := resolved(*next.Alert, reason, r.At, p.ValidUntil)
		next.Alert = &ended
	case r.Status == state.Drifted && next.Alert.Firing():
		next.Verdict.Cause = before.Cause
		update(next, r, p, now)
	case r.Status == state.Drifted && before.Status == state.Compliant:
		next.Verdict.Cause = cause(detail, r)
		start(next, r, p)
	}
	return next, true
}

// NeedsDetail tells whether Judge looks at the Detail of the previous record: to explain that the verdict is another one,
// or to keep what an attempt without a verdict leaves as it is.
func NeedsDetail(prev *state.Record, r state.Result) bool {
	return prev == nil || prev.Verdict == nil || prev.Verdict.Status != r.Status || attempt(r).Status == state.Unknown ||
		prev.Alert.Firing() && r.Status == state.Compliant
}

// begin copies what is stored. A pair that had left the fleet starts over without a verdict or checks, but what is still to be
// told of its old alerts stays.
func begin(prev *state.Record, r state.Result, now time.Time) *state.Record {
	if prev == nil {
		return &state.Record{Key: r.Key}
	}
	next := *prev
	if !next.Retired.IsZero() {
		next.Retired, next.Verdict, next.Detail, next.Recent = time.Time{}, nil, nil, ""
	}
	prune(&next, now)
	return &next
}

// attempt is the part of the record that every result replaces. It takes no result's word for a verdict: one with an
// error beside it, or one that its mismatches contradict, is none.
func attempt(r state.Result) state.Attempt {
	a := state.Attempt{Status: r.Status, At: milliseconds(r.At), Run: r.Run, Duration: r.Duration, Errors: len(r.Errors)}
	failure := r.Failure
	if failure == nil {
		failure = contradiction(r)
	}
	if failure != nil {
		a.Status, a.Reason, a.Message = state.Unknown, failure.Reason, shorten(failure.Message, maxMessage)
	}
	return a
}

// check is what is kept of an attempt. One that gave no verdict counts no mismatches, whatever it saw.
func check(a state.Attempt, r state.Result) state.Check {
	c := state.Check{At: a.At, Status: a.Status}
	if a.Status == state.Drifted {
		c.Mismatches = len(r.Mismatches)
	}
	return c
}

// maxMessage keeps an attempt's message, in bytes, small beside the rest of a stored record.
const maxMessage = 400

// contradiction is the failure of a result that claims a verdict, or claims none, without saying why.
func contradiction(r state.Result) *state.Failure {
	switch {
	case len(r.Errors) > 0:
		first := r.Errors[0]
		return &state.Failure{Reason: state.ReasonUnreadable,
			Message: fmt.Sprintf("%s %s: %s", first.Kind, first.Item, first.Error)}
	case r.Status == state.Compliant && len(r.Mismatches) == 0, r.Status == state.Drifted && len(r.Mismatches) > 0:
		return nil
	default:
		return &state.Failure{Reason: state.ReasonInternal,
			Message: fmt.Sprintf("status %q with %d mismatches and no reason", r.Status, len(r.Mismatches))}
	}
}

// verdict is the new judgement; its Cause is still to be set.
func verdict(before *state.Verdict, r state.Result) *state.Verdict {
	at := milliseconds(r.At)
	v := &state.Verdict{
		Status: r.Status, At: at, Since: at, Run: r.Run,
		Items: r.Items, Mismatches: len(r.Mismatches), Waived: len(r.Waived),
		PackDigest: r.PackDigest, WaiverExpires: r.WaiverExpires,
	}
	if before != nil && before.Status == r.Status && before.Since.Before(at) { // else the clock was ahead then
		v.Since = before.Since
	}
	return v
}

// withAttempt is the last verdict's detail beside what an attempt without a verdict leaves: its errors, and what it
// saw to differ all the same, which is kept apart since it is no judgement.
func withAttempt(d *state.Detail, r state.Result) *state.Detail {
	var next state.Detail
	if d != nil {
		next = *d
	}
	next.Errors, next.Seen = r.Errors, r.Mismatches
	return &next
}
