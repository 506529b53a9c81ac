package main

import (
	"context"
	"errors"
	"sync/atomic"
	"time"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/checker/run"
	"github.com/drift-exporter/drift_exporter/exporter"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// pages adapts the daemon to what the exporter needs of the checker.
type pages struct {
	*daemon
	latest atomic.Pointer[shownFleet]
}

// shownFleet is a fleet as the exporter shows it.
type shownFleet struct {
	of *checker.Fleet
	as *exporter.Fleet
}

// Fleet is the configuration of now, and its packs. It is asked by every request and scrape, so that it is made only
// once of each fleet; by two of them at the same time is no harm.
func (p *pages) Fleet() *exporter.Fleet {
	fleet := p.fleet.Load()
	if latest := p.latest.Load(); latest != nil && latest.of == fleet {
		return latest.as
	}
	shown := &shownFleet{of: fleet, as: show(fleet)}
	p.latest.Store(shown)
	return shown.as
}

// StartRun starts a check now, and says in the exporter's words why it cannot.
func (p *pages) StartRun(ctx context.Context, machines []string) (string, error) {
	if p.flags.part() == state.RoleWorker {
		return "", translated{errors.New("this replica only checks machines: ask one that serves (--" + roleFlag + ")"), exporter.ErrUnavailable}
	}
	id, err := p.runner.StartRun(ctx, state.TriggerAPI, machines)
	for from, to := range map[error]error{
		run.ErrBusy:           exporter.ErrBusy,
		run.ErrUnknownMachine: exporter.ErrUnknownMachine,
		run.ErrTooMany:        exporter.ErrUnknownMachine, // a mistake of who asks, as well
		run.ErrStopped:        exporter.ErrUnavailable,
		run.ErrUnreachable:    exporter.ErrUnavailable,
		run.ErrClock:          exporter.ErrUnavailable,
	} {
		if errors.Is(err, from) {
			return "", translated{err, to}
		}
	}
	return id, err
}

// NextRun is when the next scheduled run is due.
func (p *pages) NextRun() time.Time { return p.nextRun() }

// Current is the run that is on.
func (p *pages) Current() (state.Run, bool) { return p.runner.Current() }

// translated is an error of the checker under the name that the exporter knows it by.
type translated struct {
	error
	known error
}

// Is makes it one with the exporter's error.
func (t translated) Is(target error) bool { return target == t.known }

// Unwrap leads to the checker's error.
func (t translated) Unwrap() error { return t.error }
