package state

import (
	"cmp"
	"time"
)

// Run is one pass over the fleet, or over some machines of it.
type Run struct {
	// ID is the instant that the run stands for, RFC 3339 in UTC: the scheduled one, or for a run that was
	// asked for, when it was asked. Ids are ordered as times, not as strings.
	ID      string   `json:"id"`
	Trigger Trigger  `json:"trigger"`
	Phase   RunPhase `json:"phase"`
	// Machines names the machines of a partial run; empty means all that were enabled at its start.
	Machines  []string  `json:"machines,omitempty"`
	StartedAt time.Time `json:"started_at"`
	// SpreadFrom and SpreadUntil are between when the machines of the run are begun; zero: all at its start.
	SpreadFrom  time.Time `json:"spread_from,omitzero"`
	SpreadUntil time.Time `json:"spread_until,omitzero"`
	EndedAt     time.Time `json:"ended_at,omitzero"`
	Total       int       `json:"total"`              // machines that were enqueued
	Checked     int       `json:"checked"`            // machines whose attempt gave a verdict for every pack
	Failed      int       `json:"failed"`             // machines that were tried in vain
	Retrying    int       `json:"retrying,omitempty"` // machines that failed and wait to be tried again; none once the run has ended
	// ToCome are machines of a run that is spread whose turn has not come; none once the run has ended.
	ToCome   int    `json:"to_come,omitempty"`
	NotTried int    `json:"not_checked"` // machines not tried at all: disabled meanwhile, or the run was cut short
	Error    string `json:"error,omitempty"`
}

// Trigger says why a run was started.
type Trigger string

// The triggers of a run.
const (
	TriggerSchedule Trigger = "schedule"
	TriggerCatchUp  Trigger = "catch_up" // a scheduled run that was missed while the process was down
	TriggerNew      Trigger = "new"      // pairs without a verdict, at start and after a reload
	TriggerAPI      Trigger = "api"
)

// RunPhase is how far a run has come.
type RunPhase string

// The phases of a run, in order.
const (
	RunEnqueuing RunPhase = "enqueuing" // claimed; its machines are being put on the queue
	RunRunning   RunPhase = "running"
	RunDone      RunPhase = "done"   // every machine was tried
	RunFailed    RunPhase = "failed" // could not be enqueued, or was cut short
)

// Ended tells whether the run is over.
func (r Run) Ended() bool { return r.Phase == RunDone || r.Phase == RunFailed }

// Done is how many machines the run is done with.
func (r Run) Done() int { return r.Checked + r.Failed + r.NotTried }

// Works tells whether more goes on in the run than machines that wait to be tried again: one that does not work
// gives way to the next.
func (r Run) Works() bool { return !r.Ended() && r.Done()+r.Retrying < r.Total }

// Planned tells whether the run is one of the schedule, in time or late.
func (r Run) Planned() bool { return r.Trigger == TriggerSchedule || r.Trigger == TriggerCatchUp }

// Spread tells whether the run's machines have their turns, one after the other: it waits while another run is on that was
// asked for.
func (r Run) Spread() bool { return !r.SpreadUntil.IsZero() }

// Instant parses the id.
func (r Run) Instant() (time.Time, error) { return time.Parse(time.RFC3339Nano, r.ID) }

// RunID is the id of the run that stands for t: RFC 3339 in UTC, with milliseconds only where t has them.
func RunID(t time.Time) string {
	return t.UTC().Truncate(time.Millisecond).Format("2006-01-02T15:04:05.999Z07:00")
}

// Change is an entry of a pair's history: a verdict that differs from the one before.
type Change struct {
	Verdict    Verdict    `json:"verdict"`
	Mismatches []Mismatch `json:"mismatches,omitempty"`
}

// CompareRunIDs orders run ids by the instants they stand for, which is not their order as strings. What is
// not an instant comes before all that are.
func CompareRunIDs(a, b string) int {
	ta, errA := Run{ID: a}.Instant()
	tb, errB := Run{ID: b}.Instant()
	switch {
	case errA != nil && errB != nil:
		return cmp.Compare(a, b)
	case errA != nil:
		return -1
	case errB != nil:
		return 1
	}
	return ta.Compare(tb)
}
