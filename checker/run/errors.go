package run

import (
	"errors"
	"fmt"
	"time"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The errors of StartRun that callers tell apart.
var (
	// ErrBusy says that a run is on that no other can be begun beside. What StartRun returns names it.
	ErrBusy = errors.New("a run is already on")
	// ErrUnknownMachine says that a machine is not in the fleet, is disabled or has no packs. What StartRun returns
	// names it and says which.
	ErrUnknownMachine = errors.New("no such machine to check")
	// ErrTooMany says that a run cannot name that many machines.
	ErrTooMany = errors.New("too many machines for one run")
	// ErrStopped says that the runner has ended.
	ErrStopped = errors.New("shutting down")
	// ErrUnreachable says that the state cannot be reached, so that nothing can be started.
	ErrUnreachable = errors.New("the state cannot be reached")
	// ErrClock says that this process's clock is wrong: a run would be of another time. What StartRun returns tells more.
	ErrClock = errors.New("the clock is wrong")
)

// refusal is one of the errors of StartRun in words that fit the case.
type refusal struct {
	text string
	err  error
}

func (r *refusal) Error() string { return r.text }
func (r *refusal) Unwrap() error { return r.err }

// busy is ErrBusy for a run, with its counts.
func busy(run state.Run) error {
	return &refusal{fmt.Sprintf("run %s is on: %d of %d machines done", run.ID, run.Checked+run.Failed, run.Total), ErrBusy}
}

// tooMany is ErrTooMany for a number of machines.
func tooMany(n int) error {
	return &refusal{fmt.Sprintf("%d machines are too many to be named: ask for fewer, or for all", n), ErrTooMany}
}

// wrongClock is ErrClock for a clock that is so far ahead.
func wrongClock(ahead time.Duration) error {
	return &refusal{fmt.Sprintf("this replica's clock is %s: ask another one", state.ClockWords(ahead)), ErrClock}
}

// notChecked is ErrUnknownMachine for a machine that is not to be checked.
func notChecked(f *checker.Fleet, name string) error {
	why := "no such machine"
	if m, ok := f.Machine(name); ok {
		why = "it carries no pack"
		if !m.Enabled {
			why = "drift detection is disabled"
		}
	}
	return &refusal{fmt.Sprintf("machine %q: %s", name, why), ErrUnknownMachine}
}
