package main

import (
	"context"
	"fmt"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

// upkeepInterval is how often what is stored is brought in line with the fleet beside start and reloads: what
// could not be stored then is tried again, and retired pairs are forgotten in time.
const upkeepInterval = time.Minute

// decidesPoll is how soon it is seen that this replica may decide now, or may no longer.
const decidesPoll = 5 * time.Second

// reconcile brings what is stored in line with the fleet: pairs that left it are retired, which resolves their
// alerts, and forgotten once that has been told; firing alerts get the labels and links of now; machines that are
// gone are forgotten. In a cluster that is done by one replica, and only while all agree on what the fleet is.
func (d *daemon) reconcile(ctx context.Context) {
	if !d.decides(d.fleet.Load()) {
		return
	}
	for _, record := range d.store.View().Records() {
		if ctx.Err() != nil {
			return
		}
		if _, changes := d.aligned(record); changes { // pure, so that most pairs cost no more than a look
			d.align(ctx, record.Key)
		}
	}
	for _, machine := range d.store.View().Machines() {
		fleet := d.fleet.Load()
		if _, ok := fleet.Machine(machine.Name); ok || !d.decides(fleet) {
			continue
		}
		if err := d.store.DeleteMachine(ctx, machine.Name); err != nil && ctx.Err() == nil {
			d.log.Error("could not forget a machine", "machine", machine.Name, "err", err)
		}
	}
}

// restore brings back records that are missing of pairs of the fleet, from their history: a pair that fires goes on to, and one that
// was judged is not taken for a new one.
func (d *daemon) restore(ctx context.Context) error {
	fleet := d.fleet.Load()
	err := d.store.Restore(ctx, func(k state.Key, changes []state.Change) *state.Record {
		machine, ok := fleet.Machine(k.Machine)
		if !ok || !fleet.Holds(k) {
			return nil
		}
		now := d.clock.Now()
		record := rules.Restore(k, changes, d.alertParams(fleet, machine, k.Pack, now), now)
		d.log.Warn("the record of a pair is missing, it is as the history says until the next check", "machine", k.Machine, "pack", k.Pack,
			"verdict", record.Verdict.Status, "at", record.Verdict.At, "firing", record.Alert.Firing())
		return record
	})
	if err != nil {
		return fmt.Errorf("bringing back what the state lost: %w", err)
	}
	return nil
}

// aligned is what becomes of a record under the fleet of this moment; false if it stays as it is. It always asks
// for the fleet anew: a reload may have come since the caller looked.
func (d *daemon) aligned(prev *state.Record) (*state.Record, bool) {
	if prev == nil {
		return nil, false
	}
	fleet, now := d.fleet.Load(), d.clock.Now()
	if !d.decides(fleet) {
		return nil, false
	}
	machine, known := fleet.Machine(prev.Machine)
	switch {
	case !prev.Retired.IsZero():
		return rules.Forget(prev, now)
	case fleet.Holds(prev.Key):
		return rules.Refresh(prev, d.alertParams(fleet, machine, prev.Pack, now), now)
	}
	why := state.ResolvedRemoved
	if known && !machine.Enabled {
		why = state.ResolvedDisabled
	}
	return rules.Retire(prev, why, rules.ValidUntil(now, d.runner.LastDue(), fleet.Config.Alerting.ResendDelay), now)
}

// align stores what becomes of a pair under the fleet. What fails is tried again by the next reconcile.
func (d *daemon) align(ctx context.Context, key state.Key) {
	var after *state.Record
	var changed bool
	err := d.store.Transition(ctx, key, func(prev *state.Record) (*state.Record, bool) {
		after, changed = d.aligned(prev)
		return after, changed
	}, state.DetailIf(func(*state.Record) bool { return false }))
	log := d.log.With("machine", key.Machine, "pack", key.Pack)
	switch {
	case err != nil && ctx.Err() == nil:
		log.Error("could not bring a pair in line with the configuration", "err", err)
	case err == nil && changed && after != nil && !after.Retired.IsZero():
		log.Info("pair left the fleet")
	}
}

// keepUp reconciles until ctx ends: at intervals, and as soon as this replica may decide.
func (d *daemon) keepUp(ctx context.Context) {
	ticker := d.clock.NewTicker(decidesPoll)
	defer ticker.Stop()
	decided, last := d.decides(d.fleet.Load()), d.clock.Now()
	for {
		select {
		case <-ctx.Done():
			return
		case <-ticker.Chan():
			before := decided
			decided = d.decides(d.fleet.Load())
			if decided && (!before || d.clock.Since(last) >= upkeepInterval) {
				last = d.clock.Now()
				d.reconcile(ctx)
			}
		}
	}
}

// unjudged names the machines with a pair that was never tried, or whose last try was lost: at start and after a reload
// they are checked at once. A pair that is back in the fleet is one of them.
func (d *daemon) unjudged() []string {
	view := d.store.View()
	var names []string
	last := ""
	for _, key := range d.fleet.Load().Pairs() { // a machine's pairs are next to each other
		record, ok := view.Record(key)
		if (!ok || !record.Retired.IsZero() || d.isStale(record)) && key.Machine != last {
			last = key.Machine
			names = append(names, last)
		}
	}
	return names
}

// isStale tells whether a pair's record is of an older run than the machine's last one. The machine is stored after its
// pairs, so that happens only if the state was damaged and what it had last of the pair is gone. In a cluster the view
// may just be behind, and what was acknowledged is on several disks.
func (d *daemon) isStale(record *state.Record) bool {
	machine, ok := d.store.View().Machine(record.Machine)
	if !ok || d.fleet.Load().Config.Cluster != nil || state.CompareRunIDs(record.Attempt.Run, machine.Run) >= 0 {
		return false
	}
	d.log.Warn("the state lost what it had last of a pair, which is checked again now", "machine", record.Machine, "pack", record.Pack,
		"run", machine.Run, "shown", record.Attempt.Run)
	return true
}
