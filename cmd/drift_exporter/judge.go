package main

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/exporter"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

// sink judges an outcome and stores what became of each pair. It returns only when all of them are stored, so
// that the worker may acknowledge the check; pairs that were stored before an error are dropped as the same
// run's when the check is repeated.
func (d *daemon) sink(ctx context.Context, o checker.Outcome) error {
	var errs []error
	for _, r := range o.Results {
		if err := d.judge(ctx, r); err != nil {
			errs = append(errs, fmt.Errorf("storing machine %s pack %s: %w", r.Machine, r.Pack, err))
		}
	}
	return errors.Join(errs...)
}

func (d *daemon) judge(ctx context.Context, r state.Result) error {
	var before, after *state.Record
	err := d.store.Transition(ctx, r.Key, func(prev *state.Record) (*state.Record, bool) {
		// Asked anew at every attempt to write: a reload may have taken the pair out meanwhile, and what is
		// retired must not come back by a check that was under way.
		fleet := d.fleet.Load()
		machine, ok := fleet.Machine(r.Machine)
		if !ok || !fleet.Holds(r.Key) {
			before, after = nil, nil
			return nil, false
		}
		now := d.clock.Now()
		next, changed := rules.Judge(prev, r, d.alertParams(fleet, machine, r.Pack, now), now)
		before, after = prev, next
		return next, changed
	}, state.DetailIf(func(prev *state.Record) bool { return rules.NeedsDetail(prev, r) }))
	if err == nil {
		d.logTransition(before, after)
	}
	return err
}

// alertParams is what an alert of the pair would say and how long it would be good for, by the fleet of now.
func (d *daemon) alertParams(fleet *checker.Fleet, m *config.Machine, pack string, now time.Time) rules.AlertParams {
	alerting := fleet.Config.Alerting
	return rules.AlertParams{
		DisplayName:    m.DisplayName,
		Tentative:      !d.agreed(fleet),
		Labels:         m.Labels,
		ExternalLabels: alerting.ExternalLabels,
		DiffURL:        exporter.DiffURL(d.externalURL, state.Key{Machine: m.Name, Pack: pack}),
		ValidUntil:     rules.ValidUntil(now, d.runner.LastDue(), alerting.ResendDelay),
	}
}

// logTransition tells of changes of verdict and alert; a verdict that stays is only worth a debug line.
func (d *daemon) logTransition(prev, next *state.Record) {
	if next == nil || next.Verdict == nil || next.Attempt.Status == state.Unknown {
		return
	}
	log := d.log.With("machine", next.Machine, "pack", next.Pack, "run", next.Attempt.Run)
	wasFiring := prev != nil && prev.Alert.Firing()
	switch {
	case next.Alert.Firing() && !wasFiring:
		log.Warn("configuration drift detected", "mismatches", next.Verdict.Mismatches, "cause", next.Verdict.Cause)
	case wasFiring && !next.Alert.Firing():
		log.Info("machine complies again")
	case prev == nil || prev.Verdict == nil:
		log.Info("first verdict", "verdict", next.Verdict.Status, "mismatches", next.Verdict.Mismatches)
	case prev.Verdict.Status != next.Verdict.Status:
		log.Info("verdict changed", "verdict", next.Verdict.Status, "mismatches", next.Verdict.Mismatches)
	default:
		log.Debug("verdict stands", "verdict", next.Verdict.Status, "mismatches", next.Verdict.Mismatches)
	}
}
