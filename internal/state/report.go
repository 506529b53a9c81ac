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
