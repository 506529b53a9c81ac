package exporter

import (
	"cmp"
	"context"
	"net/http"
	"net/url"
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// maxAttempts is how many of the last attempts at a machine's packs are listed.
const maxAttempts = 30

// machineContent is the page of a machine.
type machineContent struct {
	Machine   *config.Machine
	Addresses []string
	Seen      *state.Machine // nil: never attempted, or disabled
	Busy      bool           // the run that is on has yet to check it
	Waits     bool           // it only waits to be tried again
	Glance    []count        // how its packs stand
	Failures  []failure
	Rows      []row
	Waivers   []waiverView
	Labels    []labelLink
	Attempts  []attemptView
	API       string
}

type labelLink struct{ Text, URL string }

// failure is why packs of the machine got no verdict from its last attempt.
type failure struct {
	Attempt state.Attempt
	Hint    hint
	Packs   []string
}

// attemptView is a check of a pack.
type attemptView struct {
	Pack string
	state.Check
}

func (e *Exporter) machinePage(w http.ResponseWriter, r *http.Request) {
	m, err := e.findMachine(r)
	if err != nil {
		e.refusePageWith(w, r, err, e.searchFor(r.PathValue("machine")))
		return
	}
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	c := &machineContent{
		Machine: m, Addresses: append([]string{address(m)}, m.FurtherAddresses...),
		Waivers: e.waivers(ctx, m), API: e.links.Path("/api/v1/machines/" + url.PathEscape(m.Name)),
	}
	if seen, ok := e.opts.View.Machine(m.Name); ok && seen.HasOutcome() && m.Enabled {
		c.Seen = seen
	}
	if run, ok := e.currentRun(); ok {
		c.Busy = e.busy(&run, m)
		c.Waits = c.Busy && !run.Works()
	}
	var found []pair
	for p := range pairs(e.opts.View, m) {
		found = append(found, p)
		c.Rows = append(c.Rows, newRow(p))
	}
	c.Glance, c.Failures, c.Attempts = glance(found), failures(found), lastAttempts(found)
	if c.Seen != nil && c.Seen.Failure != nil && len(c.Failures) == 0 {
		f := c.Seen.Failure
		c.Failures = []failure{{Attempt: state.Attempt{At: c.Seen.At, Reason: f.Reason, Message: f.Message}, Hint: hintFor(f.Reason)}}
	}
	for name, value := range m.Labels {
		text := name + "=" + value
		c.Labels = append(c.Labels, labelLink{text, e.address(fleetQuery{}, "label", text)})
	}
	slices.SortFunc(c.Labels, func(a, b labelLink) int { return cmp.Compare(a.Text, b.Text) })
	e.render(w, r, http.StatusOK, "machine", m.DisplayName, c)
}

// glance counts how pairs stand, what needs attention first, and leaves out what none of them does.
func glance(found []pair) (counts []count) {
	var t standingCounts
	for _, p := range found {
		t.add(p)
	}
	for _, s := range standings() {
		if n := *t.of(s); n > 0 {
			counts = append(counts, count{Standing: s, N: n})
		}
	}
	return counts
}

// failures groups the last attempts that gave no verdict by what went wrong.
func failures(found []pair) (all []failure) {
	for _, p := range found {
		if !p.is(standingUnknown) {
			continue
		}
		a := p.record.Attempt
		i := slices.IndexFunc(all, func(f failure) bool { return f.Attempt.Reason == a.Reason && f.Attempt.Message == a.Message })
		if i < 0 {
			i, all = len(all), append(all, failure{Attempt: a, Hint: hintFor(a.Reason)})
		}
		all[i].Packs = append(all[i].Packs, p.pack)
	}
	return all
}

// lastAttempts are the last attempts at all of these pairs, the newest first.
func lastAttempts(found []pair) (all []attemptView) {
	for _, p := range found {
		if p.record == nil {
			continue
		}
		for _, check := range p.record.Recent.Checks() {
			all = append(all, attemptView{p.pack, check})
		}
	}
	slices.SortStableFunc(all, func(a, b attemptView) int { return b.At.Compare(a.At) })
	return all[:min(len(all), maxAttempts)]
}

// waiverView is a waiver of the configuration, and what it does.
type waiverView struct {
	config.Waiver
	Expired bool
	// Excuses is how many mismatches of the last verdict it excuses; -1: not known.
	Excuses int
}

// waivers tells of each waiver of the machine what it excused when its pack was last judged.
func (e *Exporter) waivers(ctx context.Context, m *config.Machine) (views []waiverView) {
	now := e.opts.Clock.Now()
	waived := map[string]func(config.Waiver) int{}
	for _, w := range m.Waivers {
		if waived[w.Pack] == nil {
			waived[w.Pack] = e.waivedIn(ctx, m, w.Pack)
		}
		v := waiverView{Waiver: w, Expired: expired(w, now)}
		if !v.Expired {
			v.Excuses = waived[w.Pack](w)
		}
		views = append(views, v)
	}
	return views
}

func expired(w config.Waiver, now time.Time) bool {
	return !w.Expires.IsZero() && !now.Before(w.Expires)
}

// waivedIn returns what counts the mismatches of the last verdict that a waiver excuses; -1 where that is not known.
func (e *Exporter) waivedIn(ctx context.Context, m *config.Machine, pack string) func(config.Waiver) int {
	always := func(n int) func(config.Waiver) int { return func(config.Waiver) int { return n } }
	switch r := current(e.opts.View, m, pack); {
	case r == nil || r.Verdict == nil:
		return always(-1)
	case r.Verdict.Waived == 0:
		return always(0)
	}
	full, err := e.detail(ctx, state.Key{Machine: m.Name, Pack: pack})
	if err != nil || full == nil || full.Detail == nil {
		e.opts.Logger.WarnContext(ctx, "reading what is waived failed", "machine", m.Name, "pack", pack, "err", err)
		return always(-1)
	}
	return func(w config.Waiver) (n int) {
		for _, mismatch := range full.Detail.Waived {
			if mismatch.Kind == w.Kind && (mismatch.Item == w.Item || mismatch.Of == w.Item) {
				n++
			}
		}
		if n == 0 && full.Detail.Cut { // it may be among those that had no room
			return -1
		}
		return n
	}
}

// address is where the machine is found: one that is reached without a network needs none but "local".
func address(m *config.Machine) string {
	if m.Transport == config.TransportLocal && m.Address == m.Name {
		return string(m.Transport)
	}
	return m.Address
}

// searchFor helps who mistyped a name.
func (e *Exporter) searchFor(name string) pageLink {
	name = shorten(name)
	return pageLink{"Machines with “" + visible(name) + "” in their name, addresses or labels", e.links.Fleet() + "?q=" + url.QueryEscape(name)}
}

// concerned tells whether the run checks the machine.
func (c *machineContent) concerned(run *state.Run) bool { return checks(run, c.Machine) }

// checks tells whether the run checks the machine: all runs do, but those of some machines only.
func checks(run *state.Run, m *config.Machine) bool {
	return checked(m) && (len(run.Machines) == 0 || slices.Contains(run.Machines, m.Name))
}

// busy tells whether the run that is on has yet to check the machine.
func (e *Exporter) busy(run *state.Run, m *config.Machine) bool {
	if !checks(run, m) {
		return false
	}
	seen, ok := e.opts.View.Machine(m.Name)
	return !ok || state.CompareRunIDs(seen.Run, run.ID) < 0
}
