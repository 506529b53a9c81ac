package main

import (
	"context"
	"time"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

// upkeepInterval is how often retired pairs are looked through for ones that may be forgotten.
const upkeepInterval = time.Minute

// reconcile brings what is stored in line with the fleet: pairs that left it are retired, which resolves
// their alerts; firing alerts get the labels and links of now; machines that are gone are forgotten. It is
// called at start, after every reload and after every run, since a check that was under way during a reload
// may store a machine that has just left.
func (d *daemon) reconcile(ctx context.Context) {
	fleet := d.fleet.Load()
	for _, record := range d.store.View().Records() {
		if ctx.Err() != nil {
			return
		}
		switch {
		case fleet.Holds(record.Key):
			if record.Alert.Firing() {
				d.refresh(ctx, fleet, record.Key)
			}
		case record.Retired.IsZero():
			d.retire(ctx, fleet, record.Key)
		}
	}
	for _, machine := range d.store.View().Machines() {
		if _, ok := fleet.Machine(machine.Name); ok {
			continue
		}
		if err := d.store.DeleteMachine(ctx, machine.Name); err != nil {
			d.log.Error("could not forget a machine", "machine", machine.Name, "err", err)
		}
	}
	d.forget(ctx)
}

func (d *daemon) refresh(ctx context.Context, fleet *checker.Fleet, key state.Key) {
	machine, _ := fleet.Machine(key.Machine)
	now := d.clock.Now()
	d.transition(ctx, key, func(prev *state.Record) (*state.Record, bool) {
		return rules.Refresh(prev, d.alertParams(fleet, machine, key.Pack, now), now)
	})
}

func (d *daemon) retire(ctx context.Context, fleet *checker.Fleet, key state.Key) {
	why := state.ResolvedRemoved
	if machine, ok := fleet.Machine(key.Machine); ok && !machine.Enabled {
		why = state.ResolvedDisabled
	}
	now := d.clock.Now()
	validUntil := rules.ValidUntil(now, d.nextRun(), fleet.Config.Alerting.ResendDelay)
	d.transition(ctx, key, func(prev *state.Record) (*state.Record, bool) {
		return rules.Retire(prev, why, validUntil, now)
	})
	d.log.Info("pair left the fleet", "machine", key.Machine, "pack", key.Pack, "reason", why)
}

// forget deletes the retired pairs whose resolved alerts have been told for long enough.
func (d *daemon) forget(ctx context.Context) {
	now := d.clock.Now()
	for _, record := range d.store.View().Records() {
		if !record.Retired.IsZero() {
			d.transition(ctx, record.Key, func(prev *state.Record) (*state.Record, bool) { return rules.Forget(prev, now) })
		}
	}
}

// transition is Store.Transition for changes that are tried again by themselves: the error is only logged.
func (d *daemon) transition(ctx context.Context, key state.Key, next func(*state.Record) (*state.Record, bool)) {
	if err := d.store.Transition(ctx, key, next); err != nil && ctx.Err() == nil {
		d.log.Error("could not store a transition", "machine", key.Machine, "pack", key.Pack, "err", err)
	}
}

// unjudged names the machines with a pair that was never tried: at start and after a reload they are checked
// at once.
func (d *daemon) unjudged() []string {
	view := d.store.View()
	var names []string
	last := ""
	for _, key := range d.fleet.Load().Pairs() { // a machine's pairs are next to each other
		record, ok := view.Record(key)
		if (!ok || !record.Retired.IsZero()) && key.Machine != last {
			last = key.Machine
			names = append(names, last)
		}
	}
	return names
}

// keepUp forgets and reconciles in the background until ctx ends.
func (d *daemon) keepUp(ctx context.Context) {
	ticker := d.clock.NewTicker(upkeepInterval)
	defer ticker.Stop()
	lastRun := ""
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
			if run, ok := d.store.View().LastRun(); ok && run.ID != lastRun {
				lastRun = run.ID
				d.reconcile(ctx)
				continue
			}
			d.forget(ctx)
		}
	}
}
