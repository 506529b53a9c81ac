package rules

import (
	"maps"
	"strconv"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// AlertParams is what an alert says beyond the result, and how long it is good for.
type AlertParams struct {
	DisplayName    string            // of the machine
	Labels         map[string]string // the machine's; they never replace alertname, severity, machine or pack
	ExternalLabels map[string]string // fill only what is missing
	DiffURL        string            // of the pair's diff view
	// Tentative says that replicas differ on what the configuration is: an alert that fires keeps its labels, the
	// machine's name in it and its link.
	Tentative  bool
	ValidUntil time.Time // the endsAt that a firing alert would be sent with now; see the function ValidUntil
}

// The labels that every alert has with these values.
const (
	AlertName = "config_drift"
	Severity  = "warning"
)

// The annotations' names.
const (
	annotationSummary        = "summary"
	annotationDescription    = "description"
	annotationMachineName    = "machine_name"
	annotationMismatchCount  = "mismatch_count"
	annotationMismatches     = "mismatches"
	annotationDiffURL        = "diff_url"
	annotationCause          = "cause"
	annotationResolvedReason = "resolved_reason"
)

// validSlack is how long after the scheduled time of the next run an alert stays valid without having been renewed.
const validSlack = time.Hour

// ValidUntil is the endsAt of an alert that fires now: a verdict is good until the check that would replace it is
// overdue by an hour, so that an exporter that is down for a while resolves nothing; and never so short that a few
// lost resends resolve it. nextRun is when its last machine is due; zero means that none is known.
func ValidUntil(now, nextRun time.Time, resendDelay time.Duration) time.Time {
	until := now.Add(4 * resendDelay)
	if overdue := nextRun.Add(validSlack); !nextRun.IsZero() && overdue.After(until) {
		until = overdue
	}
	return milliseconds(until)
}

// labels are an alert's identity. Empty ones are left out: to Alertmanager an empty label is a missing one.
func labels(k state.Key, p AlertParams) map[string]string {
	all := cloned(p.ExternalLabels)
	for name, value := range p.Labels {
		if value != "" {
			all[name] = value
		}
	}
	all["alertname"], all["severity"], all["machine"], all["pack"] = AlertName, Severity, k.Machine, k.Pack
	maps.DeleteFunc(all, func(_, value string) bool { return value == "" })
	return all
}

// describe sets the annotations that do not depend on a result.
func describe(annotations map[string]string, p AlertParams) {
	annotations[annotationSummary] = "Configuration drift detected on " + p.DisplayName
	annotations[annotationMachineName] = p.DisplayName
	annotations[annotationDiffURL] = p.DiffURL
}

func annotate(r state.Result, p AlertParams, cause state.Cause) map[string]string {
	annotations := map[string]string{
		annotationDescription:   description(len(r.Mismatches), r.Pack),
		annotationMismatchCount: strconv.Itoa(len(r.Mismatches)),
		annotationMismatches:    mismatchLines(r.Mismatches),
		annotationCause:         string(cause),
	}
	describe(annotations, p)
	return annotations
}

// description counts mismatches, as every count does: an item that differs in two ways counts twice.
func description(mismatches int, pack string) string {
	noun := " items"
	if mismatches == 1 {
		noun = " item"
	}
	return strconv.Itoa(mismatches) + noun + " no longer compliant with " + pack
}

// start gives the record a new alert. It takes the place of a resolved one with the same labels, whose end it must
// not touch, or Alertmanager would take the two for one that never ended.
func start(rec *state.Record, r state.Result, p AlertParams) {
	if rec.Alert != nil { // resolved, perhaps under other labels
		setAside(rec, *rec.Alert)
	}
	alert := &state.Alert{
		Labels: labels(r.Key, p), Annotations: annotate(r, p, rec.Verdict.Cause),
		GeneratorURL: p.DiffURL, StartsAt: milliseconds(r.At),
	}
	for _, old := range rec.Resolving {
		if maps.Equal(old.Labels, alert.Labels) && !alert.StartsAt.After(old.ResolvedAt) {
			alert.StartsAt = old.ResolvedAt.Add(time.Millisecond)
		}
	}
	rec.Alert = alert
	dropSame(rec)
}

// update brings the firing alert up to date with a new drifted result; its startsAt and cause stand.
func update(rec *state.Record, r state.Result, p AlertParams, now time.Time) {
	alert := *rec.Alert
	before := alert.Annotations
	alert.Annotations = annotate(r, p, state.Cause(before[annotationCause]))
	rec.Alert = &alert
	if p.Tentative {
		for _, name := range []string{annotationSummary, annotationMachineName, annotationDiffURL} {
			alert.Annotations[name] = before[name]
		}
		return
	}
	alert.GeneratorURL = p.DiffURL
	relabel(rec, p, now)
}

// relabel moves the firing alert to the pair's present labels, if they have changed: to Alertmanager that is another
// alert, so the one under the old labels ends and the same drift goes on under the new ones.
func relabel(rec *state.Record, p AlertParams, now time.Time) {
	present := labels(rec.Key, p)
	if maps.Equal(present, rec.Alert.Labels) {
		return
	}
	setAside(rec, resolved(*rec.Alert, state.ResolvedRelabeled, now, p.ValidUntil))
	alert := *rec.Alert
	alert.Labels = present
	rec.Alert = &alert
	dropSame(rec)
}

// setAside puts a resolved alert in front of those still to be told.
func setAside(rec *state.Record, alert state.Alert) {
	rec.Resolving = append([]state.Alert{alert}, rec.Resolving...)
	if len(rec.Resolving) > state.MaxResolving {
		rec.Resolving = rec.Resolving[:state.MaxResolving]
	}
}

// dropSame drops from Resolving what has the alert's labels: of one label set only the newest state is told.
func dropSame(rec *state.Record) {
	rec.Resolving = filter(rec.Resolving, func(a state.Alert) bool { return !maps.Equal(a.Labels, rec.Alert.Labels) })
}

// resolved is the alert ended at that time, but not before it started. The list of mismatches goes: it is about items
// that comply now, and a record has little room.
func resolved(a state.Alert, why state.ResolvedReason, at, validUntil time.Time) state.Alert {
	a.ResolvedAt = later(milliseconds(at), a.StartsAt)
	a.ValidUntil = later(milliseconds(validUntil), a.ResolvedAt)
	a.Annotations = cloned(a.Annotations)
	delete(a.Annotations, annotationMismatches)
	a.Annotations[annotationResolvedReason] = string(why)
	return a
}

// prune drops resolved alerts that every Alertmanager has ended by itself.
func prune(rec *state.Record, now time.Time) {
	if rec.Alert != nil && told(*rec.Alert, now) {
		rec.Alert = nil
	}
	rec.Resolving = filter(rec.Resolving, func(a state.Alert) bool { return !told(a, now) })
}

// told tells whether nobody needs to hear of the alert any more.
func told(a state.Alert, now time.Time) bool {
	return !a.Firing() && now.After(later(a.ValidUntil, a.ResolvedAt))
}

// filter returns a new slice, so that a stored record stays as it was, and nil instead of an empty one.
func filter(alerts []state.Alert, keep func(state.Alert) bool) []state.Alert {
	var kept []state.Alert
	for _, a := range alerts {
		if keep(a) {
			kept = append(kept, a)
		}
	}
	return kept
}

// cloned is a copy that can be written to.
func cloned(m map[string]string) map[string]string {
	if m == nil {
		return make(map[string]string)
	}
	return maps.Clone(m)
}

func later(a, b time.Time) time.Time {
	if a.After(b) {
		return a
	}
	return b
}

// milliseconds is t as Alertmanager and the store keep it.
func milliseconds(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }
