package rules

import (
	"strconv"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Restore makes the record of a pair whose own was lost of the changes that its history has, the newest first and at least one.
// Verdict and mismatches are those of the newest. An alert fires if it did: the verdict has a cause then. One that had ended is told as
// ended for as long as an Alertmanager may not have heard of that. What is lost are the last attempts, and what they cost is that the
// pair looks as if it had not been checked since the change.
func Restore(k state.Key, changes []state.Change, p AlertParams, now time.Time) *state.Record {
	last := changes[0]
	rec := &state.Record{
		Key: k, Verdict: &last.Verdict,
		Attempt: state.Attempt{Status: last.Verdict.Status, At: last.Verdict.At, Run: last.Verdict.Run},
		Detail:  &state.Detail{Mismatches: last.Mismatches, Cut: len(last.Mismatches) < last.Verdict.Mismatches},
	}
	switch {
	case fired(last):
		rec.Alert = restoredAlert(k, last, p)
	case last.Verdict.Status == state.Compliant && len(changes) > 1 && fired(changes[1]):
		at := last.Verdict.Since
		ended := resolved(*restoredAlert(k, changes[1], p), state.ResolvedCompliant, at, at.Add(p.ValidUntil.Sub(now)))
		rec.Alert = &ended
		prune(rec, now)
	}
	return rec
}

// fired tells whether an alert fired from a change on.
func fired(c state.Change) bool { return c.Verdict.Status == state.Drifted && c.Verdict.Cause != "" }

// restoredAlert is the alert of a change as start made it, or as it is by the labels of now.
func restoredAlert(k state.Key, c state.Change, p AlertParams) *state.Alert {
	rec := &state.Record{Key: k, Verdict: &c.Verdict}
	start(rec, state.Result{Key: k, Status: c.Verdict.Status, At: c.Verdict.Since, Mismatches: c.Mismatches}, p)
	count := c.Verdict.Mismatches // the history may have had no room for all of them
	rec.Alert.Annotations[annotationMismatchCount] = strconv.Itoa(count)
	rec.Alert.Annotations[annotationDescription] = description(count, k.Pack)
	return rec.Alert
}
