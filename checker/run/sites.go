package run

import (
	"context"
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Where replicas share the state, a job is put where the workers of the machine's site look for it. The site that a machine
// has may change while it is there, and there may be nobody who takes it.

// reroute puts machines that got another site where that is looked for. Where they were they may stay: whoever finds them
// there gives them up.
func (r *Runner) reroute(ctx context.Context) {
	a := r.current.Load()
	if a == nil || a.ending != nil || ctx.Err() != nil {
		return
	}
	f := r.fleet.Load()
	moved := slices.DeleteFunc(r.members(r.snapshot(a)), func(name string) bool {
		m, ok := f.Machine(name)
		return !ok || !a.wasPut(name) || a.siteOf(name) == m.Site || r.isDone(name, a.id)
	})
	if len(moved) == 0 {
		return
	}
	r.log.Info("machines of a run have another site now", "run", a.id, "machines", len(moved))
	if err := r.putJobs(ctx, a, moved); err != nil {
		r.log.Error("machines could not be put where their new site is looked for", "run", a.id, "machines", len(moved), "err", err)
	}
}

// putJobs puts machines of a run on the queue.
func (r *Runner) putJobs(ctx context.Context, a *active, names []string) error {
	jobs := r.jobs(a, names)
	if len(jobs) == 0 {
		return nil
	}
	if err := r.queue.Enqueue(ctx, jobs); err != nil {
		return err
	}
	a.putAt(jobs)
	return nil
}

// workersCome is how long a run is on before somebody has to take its machines: replicas may all have started just now.
const workersCome = 30 * time.Second

// warnUnattended says of which sites there are machines that nobody takes, once for each run.
func (r *Runner) warnUnattended(context.Context) {
	a, replicas := r.current.Load(), r.store.View().Replicas()
	if a == nil || len(replicas) == 0 || r.clock.Since(r.snapshot(a).StartedAt) < workersCome {
		return // where nobody shares the state, sites have no effect
	}
	for site, n := range a.newSites() {
		if !slices.ContainsFunc(replicas, func(p *state.Replica) bool { return p.Takes(site) }) {
			r.log.Warn("no replica takes the machines of a site: they are not checked until one does", "run", a.id,
				"site", site, "machines", n)
		}
	}
}

// nothingLeft tells whether all machines of a run have an outcome, whatever is still on the queue: jobs of machines that left
// the fleet, where nobody looks for them.
func (r *Runner) nothingLeft(a *active) bool {
	if !r.store.Agreed() {
		return false
	}
	if name := a.witness.Load(); name != nil && !r.isDone(*name, a.id) {
		if _, ok := checkable(r.fleet.Load(), *name); ok {
			return false
		}
	}
	for _, name := range slices.Backward(r.members(r.snapshot(a))) { // the last are on the queue for the longest
		if !r.isDone(name, a.id) {
			a.witness.Store(&name)
			return false
		}
	}
	return true
}

// putAt notes where machines were put.
func (a *active) putAt(jobs []state.Job) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for _, j := range jobs {
		a.unseen[j.Site]++
		if j.Site != "" {
			a.sites[j.Machine] = j.Site
		} else {
			delete(a.sites, j.Machine)
		}
	}
}

// siteOf is the site of a machine when it was put on the queue.
func (a *active) siteOf(machine string) string {
	a.mu.Lock()
	defer a.mu.Unlock()
	return a.sites[machine]
}

// newSites are the sites where machines were put since it was asked last, with their numbers.
func (a *active) newSites() map[string]int {
	a.mu.Lock()
	defer a.mu.Unlock()
	fresh := a.unseen
	a.unseen = map[string]int{}
	return fresh
}
