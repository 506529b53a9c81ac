package checker

import (
	"context"
	"fmt"
	"log/slog"
	"runtime/debug"
	"strings"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/pausable"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Checker checks machines.
type Checker struct {
	transports map[config.Transport]Transport
	log        *slog.Logger
	clock      clockwork.Clock
	nonce      func() string
}

// New makes a checker that reaches machines by these transports.
func New(transports map[config.Transport]Transport, log *slog.Logger, clock clockwork.Clock) *Checker {
	return &Checker{transports: transports, log: log, clock: clock, nonce: newNonce}
}

// Check observes one machine, once, and compares it with each of its packs. It takes at most the configured timeout,
// and logs what went wrong: nobody else needs to. It never returns a verdict that it did not observe: where anything
// is in doubt the results are unknown and have a Failure.
//
// A machine that is not in the fleet, or that is disabled there, is not connected to: the outcome has a Failure with
// reason internal and no results. Callers look before they ask.
func (c *Checker) Check(ctx context.Context, f *Fleet, machine, run string) Outcome {
	started := c.clock.Now()
	out := Outcome{Machine: machine, Run: run}
	log := c.log.With("machine", machine, "run", run)
	m, known := f.Machine(machine)
	var items map[string][]*observation
	switch {
	case !known:
		out.Failure = &state.Failure{Reason: state.ReasonInternal, Message: "the machine is not in the fleet"}
	case !m.Enabled:
		out.Failure = &state.Failure{Reason: state.ReasonInternal, Message: "drift detection is disabled for the machine"}
	default:
		items, out.Failure = gather(f, m)
	}
	if out.Failure == nil && len(m.Packs) > 0 {
		out.Failure = guarded(log, func() *state.Failure { return c.observe(ctx, f, m, items, &out.Facts) })
	}
	now := c.clock.Now()
	out.At, out.Duration = now.UTC().Truncate(time.Millisecond), now.Sub(started)
	if known && m.Enabled {
		judged := out
		if bug := guarded(log, func() *state.Failure { judge(&judged, f, m, items); return nil }); bug != nil {
			out.Failure = bug
			unjudged(&out, m)
		} else {
			out = judged
		}
	}
	logOutcome(ctx, log, out)
	return out
}

// gather makes the observations of all packs of a machine.
func gather(f *Fleet, m *config.Machine) (map[string][]*observation, *state.Failure) {
	items := make(map[string][]*observation, len(m.Packs))
	kinds := Kinds()
	for _, id := range m.Packs {
		p, ok := f.Packs[id]
		if !ok {
			return nil, &state.Failure{Reason: state.ReasonInternal, Message: fmt.Sprintf("there is no pack %q", id)}
		}
		items[id] = make([]*observation, len(p.Entries))
		all := make([]observation, len(p.Entries))
		for i := range p.Entries {
			entry := &p.Entries[i]
			kind, ok := kinds.byName(entry.Kind)
			if !ok {
				return nil, &state.Failure{Reason: state.ReasonInternal, Message: fmt.Sprintf("pack %q has an item of the unknown kind %q", id, entry.Kind)}
			}
			all[i] = observation{entry: entry, item: entry.Item, kind: kind}
			items[id][i] = &all[i]
			if asked, ok := kind.(permitted); ok { // a fleet that was not loaded by us may hold what is forbidden
				items[id][i].err = asked.permit(f.Config.Check)
			}
		}
	}
	return items, nil
}

// guarded makes a panic this machine's failure, not the process's.
func guarded(log *slog.Logger, do func() *state.Failure) (failure *state.Failure) {
	defer func() {
		if p := recover(); p != nil {
			log.Error("check panicked", "err", p, "stack", string(debug.Stack()))
			failure = &state.Failure{Reason: state.ReasonInternal, Message: printable(fmt.Sprintf("a bug in this program: %v", p), maxText)}
		}
	}()
	return do()
}

// observe has every item of a machine compared.
func (c *Checker) observe(
	ctx context.Context, f *Fleet, m *config.Machine, items map[string][]*observation, facts *state.Facts,
) *state.Failure {
	ops := f.ops.of(strings.Join(m.Packs, " "), func() map[string]bool { return opsOfItems(items) })
	return c.converse(ctx, f.Config.Check, m, ops, func(d *dialogue, said Facts) error {
		*facts = said.Facts
		var all []*observation
		for _, id := range m.Packs {
			items[id] = applicable(items[id], &said)
			all = append(all, items[id]...)
		}
		return d.observe(all)
	})
}

// opsOfItems are the ops that the script has to answer for items of packs.
func opsOfItems(items map[string][]*observation) map[string]bool {
	ops := map[string]bool{}
	for _, of := range items {
		for _, item := range of {
			for _, op := range item.kind.Ops(item.item) {
				ops[op] = true
			}
		}
	}
	return ops
}

// converse holds a dialogue about these ops with a machine, from its facts to its goodbye, within the configured timeout. Only if it
// returns nil is what the machine answered worth anything.
func (c *Checker) converse(
	ctx context.Context, limits config.Check, m *config.Machine, ops map[string]bool, hold func(d *dialogue, said Facts) error,
) *state.Failure {
	limited := ctx
	if limits.Timeout > 0 {
		var cancel context.CancelFunc
		limited, cancel = pausable.WithTimeout(ctx, limits.Timeout)
		defer cancel()
	}
	transport, ok := c.transports[m.Transport]
	if !ok {
		return &state.Failure{Reason: state.ReasonInternal, Message: fmt.Sprintf("there is no transport %q", m.Transport)}
	}
	d, err := startDialogue(limited, transport, m, ops, c.nonce())
	if d != nil {
		defer d.close()
	}
	var said Facts
	if err == nil {
		said, err = d.facts(m)
	}
	if err == nil && !d.helper.ofThisVersion() {
		c.log.Warn("installed helper is of another version", "machine", m.Name, "digest", printable(d.helper.digest, maxText))
	}
	if err == nil {
		err = hold(d, said)
	}
	if err == nil {
		err = d.bye()
	}
	return d.failure(ctx, limited, err, m)
}
