package state

import "time"

// Record is what is stored of a pair: the last verdict, the last attempt and the alert. A Record that came
// from the store or its view is shared and must not be changed; judges build a new one.
type Record struct {
	Key
	Verdict *Verdict `json:"verdict,omitempty"` // nil: never judged
	Attempt Attempt  `json:"attempt"`
	Alert   *Alert   `json:"alert,omitempty"` // nil: never fired, or long resolved
	// Resolving holds alerts under label sets that are no longer the pair's (its labels changed while it
	// fired), still to be told to Alertmanager as resolved. Newest first, at most MaxResolving.
	Resolving []Alert `json:"resolving,omitempty"`
	// Recent are the last attempts since the pair came into the fleet, those without a verdict included: the oldest
	// first, at most MaxRecent, and fewer where the entry has no room for more, but the last two always.
	Recent PackedChecks `json:"recent,omitempty"`
	// Retired is set when the pair left the fleet (removed or disabled): it has no series and no page, and is
	// forgotten once its alert has been resolved for long enough.
	Retired time.Time `json:"retired,omitzero"`
	// DetailRevision is the store's own link to Detail; judges leave it alone.
	DetailRevision uint64 `json:"detail_revision,omitempty"`
	// DetailDigest is the store's own, too: what tells that a new Detail is the stored one without reading that.
	DetailDigest Digest `json:"detail_digest,omitzero"`
	// HistoryRevision is the store's own link to the latest entry of the pair's history; as above.
	HistoryRevision uint64 `json:"history_revision,omitempty"`
	// Detail is nil in the view, and set where the store was asked for it (see DetailIf).
	Detail *Detail `json:"-"`
}

// MaxResolving bounds Record.Resolving. What falls off ends in Alertmanager by its own endsAt.
const MaxResolving = 4

// Verdict is the last judgement of a pair.
type Verdict struct {
	Status     Status    `json:"status"` // Compliant or Drifted
	At         time.Time `json:"at"`
	Since      time.Time `json:"since"` // when the status became what it is
	Run        string    `json:"run"`
	Items      int       `json:"items"`
	Mismatches int       `json:"mismatches"`
	Waived     int       `json:"waived,omitempty"`
	Cause      Cause     `json:"cause,omitempty"` // of the drift; empty when compliant or a first verdict
	PackDigest string    `json:"pack_digest"`
	// WaiverExpires is the end of the earliest waiver in effect; zero if none.
	WaiverExpires time.Time `json:"waiver_expires,omitzero"`
}

// Attempt is the last try at a pair, whether or not it gave a verdict.
type Attempt struct {
	Status   Status        `json:"status"`
	At       time.Time     `json:"at"`
	Run      string        `json:"run"`
	Duration time.Duration `json:"duration"`
	Reason   Reason        `json:"reason,omitempty"`
	Message  string        `json:"message,omitempty"`
	Errors   int           `json:"errors,omitempty"` // items that could not be observed
}

// sameTry tells whether both are of the same moment of the same run.
func (a Attempt) sameTry(b Attempt) bool { return a.Run == b.Run && a.At.Equal(b.At) }

// Detail is the large part of a Record, read on demand: the last verdict's mismatches and the last
// attempt's errors.
type Detail struct {
	Mismatches []Mismatch  `json:"mismatches,omitempty"`
	Waived     []Mismatch  `json:"waived,omitempty"`
	Errors     []ItemError `json:"errors,omitempty"`
	// Seen is what the last attempt saw to differ, if it gave no verdict: something to look at until there is one.
	// It counts for nothing, since what else differs is not known.
	Seen        []Mismatch        `json:"seen,omitempty"`
	Definitions map[string]string `json:"definitions,omitempty"` // as in Result, of the last verdict
	// Cut says that mismatches or diffs were left out to stay under the store's limit; the counts in the
	// Verdict are still whole.
	Cut bool `json:"cut,omitempty"`
}

// Cause says what made a pair drift.
type Cause string

// The causes of an alert.
const (
	CauseMachineChanged Cause = "machine_changed"
	CausePackChanged    Cause = "pack_changed"
	CauseWaiverExpired  Cause = "waiver_expired"
)

// ResolvedReason says why an alert ended.
type ResolvedReason string

// The reasons in the annotation resolved_reason.
const (
	ResolvedCompliant ResolvedReason = "compliant"
	ResolvedWaived    ResolvedReason = "waived"
	ResolvedDisabled  ResolvedReason = "disabled"
	ResolvedRemoved   ResolvedReason = "removed"
	ResolvedRelabeled ResolvedReason = "relabeled" // the machine's labels changed: it fires under the new ones
)

// Alert is an alert as Alertmanager knows it: the exact labels and annotations that are sent.
type Alert struct {
	Labels       map[string]string `json:"labels"`
	Annotations  map[string]string `json:"annotations"`
	GeneratorURL string            `json:"generator_url"`
	StartsAt     time.Time         `json:"starts_at"`
	// ResolvedAt is zero while the alert fires, and its endsAt after.
	ResolvedAt time.Time `json:"resolved_at,omitzero"`
	// ValidUntil is set on resolve: the latest endsAt that was sent while it fired. After it every
	// Alertmanager has ended the alert by itself, so there is no need to tell of the resolve any longer.
	ValidUntil time.Time `json:"valid_until,omitzero"`
}

// Firing tells whether the alert fires.
func (a *Alert) Firing() bool { return a != nil && a.ResolvedAt.IsZero() }
