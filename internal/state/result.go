package state

import (
	"cmp"
	"time"
)

// Status is the outcome of an attempt. A verdict is Compliant or Drifted; Unknown is never a verdict.
type Status string

// The three outcomes of an attempt.
const (
	Compliant Status = "compliant"
	Drifted   Status = "drifted"
	Unknown   Status = "unknown"
)

// Result is one attempt at one pair, as the checker hands it to the judge.
type Result struct {
	Key
	Run        string // id of the run: its scheduled instant, RFC 3339 UTC
	Status     Status
	At         time.Time     // when the machine was observed, UTC
	Duration   time.Duration // of the whole machine's check, dialling included
	Items      int           // items of the pack that apply to the machine
	Mismatches []Mismatch    // not waived
	Waived     []Mismatch
	Errors     []ItemError // not empty: Status is Unknown
	// Failure says why the attempt gave no verdict: the machine as a whole could not be checked, or (reason
	// unreadable) some of its items could not be observed. Nil exactly if Status is a verdict.
	Failure *Failure
	// PackDigest is a hash over the resolved items, templates and vars: what the machine was compared with.
	PackDigest string
	// Definitions maps ItemID(kind, item) to a short hash of what the pack demands of that item, so that a
	// later verdict can tell a changed machine from a changed pack.
	Definitions map[string]string
	// WaiverExpires is the end of the earliest waiver in effect for the pair; zero if none expires.
	WaiverExpires time.Time
}

// Mismatch is one difference between a pack and a machine.
type Mismatch struct {
	Type string `json:"type"` // wrong_content, missing_package, …
	Kind string `json:"kind"` // file, package, env_var, sysctl, …
	Item string `json:"item"` // the item's identity: path, name or key
	// Of is the identity of the item in the pack where that stands for several, of which Item is one; else empty.
	Of       string `json:"of,omitempty"`
	Expected string `json:"expected"`
	Actual   string `json:"actual"`
	Source   string `json:"source"`         // file:line in the pack
	Diff     string `json:"diff,omitempty"` // unified, expected against actual
	// Sensitive mismatches carry hashes instead of content and never reach an annotation.
	Sensitive bool   `json:"sensitive,omitempty"`
	Waiver    string `json:"waiver,omitempty"` // the reason, for a waived mismatch
}

// ItemError is one item that could not be observed.
type ItemError struct {
	Kind  string `json:"kind"`
	Item  string `json:"item"`
	Error string `json:"error"`
	// Source is file:line in the pack; empty in what was stored before it was kept.
	Source string `json:"source,omitempty"`
}

// ItemID is the key of Result.Definitions: kind and item of a mismatch.
func ItemID(kind, item string) string { return kind + " " + item }

// ID is the ItemID of the item in the pack that differs.
func (m Mismatch) ID() string { return ItemID(m.Kind, cmp.Or(m.Of, m.Item)) }
