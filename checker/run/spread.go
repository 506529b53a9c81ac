package run

import (
	"context"
	"crypto/sha256"
	"encoding/binary"
	"math/bits"
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// turn is when a machine of a run that is spread is put on the queue.
type turn struct {
	machine string
	at      time.Time
}

// place is where in a spread a machine has its turn, in [0, over). It depends on the name alone, so that a machine is
// checked at the same time every day and none moves when others come or go; the names' hashes are evenly distributed.
func place(machine string, over time.Duration) time.Duration {
	sum := sha256.Sum256([]byte(machine))
	hi, _ := bits.Mul64(binary.BigEndian.Uint64(sum[:]), uint64(over))
	return time.Duration(hi)
}

// window is between when the machines of a planned run begin: from its instant on or, if that was so long ago that
// all would be due, from now on, and then over no more than half of the time that is left until the next run.
func (r *Runner) window(at time.Time) (from, until time.Time) {
	over, now := r.fleet.Load().Config.Schedule.Spread, r.clock.Now().UTC()
	if over <= 0 {
		return time.Time{}, time.Time{}
	}
	if now.Before(at.Add(over)) {
		return at, at.Add(over)
	}
	if next := r.plan.Load().Next(now); !next.IsZero() {
		over = min(over, next.Sub(now)/2)
	}
	return now, now.Add(over)
}

// spread takes out the machines whose turn has not come. Those that were never checked do not wait.
func (r *Runner) spread(run state.Run, names []string) (now []string, later []turn) {
	if !run.SpreadUntil.After(r.clock.Now()) {
		return names, nil
	}
	fresh := map[string]bool{}
	for _, name := range r.unjudged() {
		fresh[name] = true
	}
	for _, name := range names {
		if at := turnOf(run, name); !fresh[name] && at.After(r.clock.Now()) {
			later = append(later, turn{name, at})
		} else {
			now = append(now, name)
		}
	}
	slices.SortFunc(later, func(a, b turn) int { return a.at.Compare(b.at) })
	return now, later
}

func turnOf(run state.Run, machine string) time.Time {
	return run.SpreadFrom.Add(place(machine, run.SpreadUntil.Sub(run.SpreadFrom)))
}

// nextWave puts the machines on the queue whose turn has come.
func (r *Runner) nextWave(ctx context.Context) {
	a := r.current.Load()
	if a == nil || a.ending != nil || ctx.Err() != nil {
		return
	}
	if wave := a.takeDue(r.clock.Now()); len(wave) > 0 {
		r.putWave(ctx, a, wave)
	}
}

// checkNewNow has machines without any record not wait for their turn, nor for the end of a run that is spread: a
// run over all machines is theirs, too, if they came after its start.
func (r *Runner) checkNewNow(ctx context.Context) {
	a := r.current.Load()
	if a == nil || a.ending != nil || !a.hasTurns() || ctx.Err() != nil {
		return
	}
	fresh := slices.DeleteFunc(stillCheckable(r.fleet.Load(), r.unjudged()), func(m string) bool { return r.isDone(m, a.id) })
	wave, joined := a.takeNew(fresh)
	if len(wave) == 0 {
		return
	}
	_, err := r.store.UpdateRun(ctx, a.id, func(run *state.Run) bool { // first: no more are ever checked than the run has
		run.Total += joined
		return joined > 0 && !run.Ended()
	})
	if err != nil {
		r.log.Warn("the size of a run could not be stored", "run", a.id, "err", err)
	}
	r.putWave(ctx, a, wave)
}

// putWave puts machines on the queue that were taken. If that fails their turn comes again with the next tick.
func (r *Runner) putWave(ctx context.Context, a *active, wave []string) {
	if err := r.putJobs(ctx, a, wave); err != nil {
		a.putBack(wave)
		r.log.Error("machines whose turn has come could not be put on the queue", "run", a.id, "machines", len(wave), "err", err)
	}
}

// postpone notes machines whose turn is to come, in order.
func (a *active) postpone(later []turn) {
	a.mu.Lock()
	defer a.mu.Unlock()
	a.later = later
}

// hasTurns tells whether there are machines whose turn is to come.
func (a *active) hasTurns() bool { return a.toCome() > 0 }

// toCome is how many these are.
func (a *active) toCome() int {
	a.mu.Lock()
	defer a.mu.Unlock()
	return len(a.later)
}

// takeDue takes the machines whose turn has come; they count as being on the queue.
func (a *active) takeDue(now time.Time) (wave []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	for len(a.later) > 0 && !a.later[0].at.After(now) {
		wave = append(wave, a.later[0].machine)
		a.later = a.later[1:]
	}
	a.begin(wave)
	return wave
}

// takeNew takes those of the machines that were not put on the queue, as takeDue does, and tells how many of them were
// not even of the run.
func (a *active) takeNew(names []string) (wave []string, joined int) {
	a.mu.Lock()
	defer a.mu.Unlock()
	wave = slices.DeleteFunc(names, func(m string) bool { return a.queued[m] })
	before := len(a.later)
	a.begin(wave)
	a.later = slices.DeleteFunc(a.later, func(t turn) bool { return a.queued[t.machine] })
	return wave, len(wave) - (before - len(a.later))
}

// putBack undoes the taking of machines: all of them are due. Some may be on the queue: those are put there once more,
// which changes nothing.
func (a *active) putBack(wave []string) {
	a.mu.Lock()
	defer a.mu.Unlock()
	due := make([]turn, 0, len(wave)+len(a.later))
	for _, m := range wave {
		delete(a.queued, m)
		due = append(due, turn{machine: m})
	}
	a.later = append(due, a.later...)
}

// waitingSince is when the first of the machines of a run had its turn that are due and have no outcome or, if all
// those have one, when the next has its turn. It is zero for a run that is not spread.
func (r *Runner) waitingSince(run state.Run) time.Time {
	if !run.Spread() {
		return time.Time{}
	}
	var first time.Time
	for _, m := range r.members(run) {
		if at := turnOf(run, m); (first.IsZero() || at.Before(first)) && !r.isDone(m, run.ID) {
			first = at
		}
	}
	return first
}
