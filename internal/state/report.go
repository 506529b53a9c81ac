package state

import "time"

// Report is a pair in the one JSON shape that the HTTP API and `check --format=json` share.
type Report struct {
	Key
	Verdict    Status        `json:"verdict"`    // compliant, drifted, or empty if never judged
	CheckedAt  *time.Time    `json:"checked_at"` // of the verdict; null if never judged
	Since      *time.Time    `json:"since,omitempty"`
	Items      int           `json:"items"`
	Cause      Cause         `json:"cause,omitempty"`
	Attempt    AttemptReport `json:"attempt"`
	Mismatches []Mismatch    `json:"mismatches"`
	Waived     []Mismatch    `json:"waived"`
	Errors     []ItemError   `json:"errors"`
	Seen       []Mismatch    `json:"seen,omitempty"` // by an attempt without a verdict; only of a record
	Alert      AlertReport   `json:"alert"`
}

// AttemptReport is the last try at a pair.
type AttemptReport struct {
	Status          Status    `json:"status"`
	At              time.Time `json:"at"`
	Run             string    `json:"run"`
	DurationSeconds float64   `json:"duration_seconds"`
	Reason          Reason    `json:"reason"`
	Message         string    `json:"message"`
}

// AlertReport is the state of a pair's alert: inactive, firing or resolved.
type AlertReport struct {
	State string     `json:"state"`
	Since *time.Time `json:"since,omitempty"` // startsAt while firing, when it ended once resolved
}

// The alert states of AlertReport.
const (
	AlertInactive = "inactive"
	AlertFiring   = "firing"
	AlertResolved = "resolved"
)

// Report is the record as it is shown outside. Without its Detail it lists no mismatches.
func (r *Record) Report() Report {
	rep := Report{
		Key: r.Key,
		Attempt: AttemptReport{
			Status: r.Attempt.Status, At: stamp(r.Attempt.At), Run: r.Attempt.Run,
			DurationSeconds: r.Attempt.Duration.Seconds(), Reason: r.Attempt.Reason, Message: r.Attempt.Message,
		},
		Alert: AlertReport{State: AlertInactive},
	}
	if v := r.Verdict; v != nil {
		rep.Verdict, rep.Items, rep.Cause = v.Status, v.Items, v.Cause
		rep.CheckedAt, rep.Since = stampRef(v.At), stampRef(v.Since)
	}
	if d := r.Detail; d != nil {
		rep.Mismatches, rep.Waived, rep.Errors, rep.Seen = d.Mismatches, d.Waived, d.Errors, d.Seen
	}
	if a := r.Alert; a.Firing() {
		rep.Alert = AlertReport{State: AlertFiring, Since: stampRef(a.StartsAt)}
	} else if a != nil {
		rep.Alert = AlertReport{State: AlertResolved, Since: stampRef(a.ResolvedAt)}
	}
	return rep.withoutNil()
}

// Report is the result as it is shown outside, by a command that knows of no earlier ones.
func (r Result) Report() Report {
	rep := Report{
		Key:   r.Key,
		Items: r.Items,
		Attempt: AttemptReport{
			Status: r.Status, At: stamp(r.At), Run: r.Run, DurationSeconds: r.Duration.Seconds(),
		},
		Mismatches: r.Mismatches,
		Waived:     r.Waived,
		Errors:     r.Errors,
		Alert:      AlertReport{State: AlertInactive},
	}
	if r.Status == Compliant || r.Status == Drifted {
		rep.Verdict, rep.CheckedAt = r.Status, stampRef(r.At)
	}
	if r.Failure != nil {
		rep.Attempt.Reason, rep.Attempt.Message = r.Failure.Reason, r.Failure.Message
	}
	return rep.withoutNil()
}

// withoutNil makes empty lists of nil ones, since JSON would make null of them.
func (r Report) withoutNil() Report {
	if r.Mismatches == nil {
		r.Mismatches = []Mismatch{}
	}
	if r.Waived == nil {
		r.Waived = []Mismatch{}
	}
	if r.Errors == nil {
		r.Errors = []ItemError{}
	}
	return r
}

// stamp is a time as reports show it: UTC, to the millisecond.
func stamp(t time.Time) time.Time { return t.UTC().Truncate(time.Millisecond) }

func stampRef(t time.Time) *time.Time {
	t = stamp(t)
	return &t
}
