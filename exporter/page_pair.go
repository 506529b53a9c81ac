package exporter

import (
	"cmp"
	"context"
	"fmt"
	"net/http"
	"slices"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// pairContent is the diff view.
type pairContent struct {
	Machine *config.Machine
	Pack    PackInfo
	Record  *state.Record // nil: never attempted, or disabled
	Alert   state.AlertReport
	Failed  bool // the last attempt gave no verdict
	// Returned says that the pair was checked before, was taken out, and is back.
	Returned bool
	// DetailProblem says why mismatches and errors are not shown although there are some.
	DetailProblem string
	Cut           bool
	Mismatches    []kindGroup
	Waived        []kindGroup
	Errors        []state.ItemError
	API           string
}

// kindGroup is the mismatches of one kind of item.
type kindGroup struct {
	Kind       string
	Mismatches []state.Mismatch
}

func (e *Exporter) pairPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	k := state.Key{Machine: r.PathValue("machine"), Pack: r.PathValue("pack")}
	m, ok := e.opts.Fleet().machine(k.Machine)
	if !ok || !slices.Contains(m.Packs, k.Pack) {
		e.noPairPage(w, r, k, m)
		return
	}
	c := &pairContent{Machine: m, Pack: PackInfo{ID: k.Pack, Name: k.Pack}, API: e.links.Path("/api/v1") + e.links.pairPath(k)}
	if p, ok := e.opts.Fleet().Pack(k.Pack); ok {
		c.Pack = p
	}
	c.Alert.State = "inactive"
	if c.Record = current(e.opts.View, m, k.Pack); c.Record != nil {
		e.readDetail(ctx, c, k)
		c.Failed = !judged(c.Record.Attempt.Status)
		c.Alert = c.Record.Report().Alert
	} else {
		_, c.Returned = e.opts.View.Record(k)
	}
	e.render(w, r, http.StatusOK, "pair", m.DisplayName+" · "+c.Pack.Name, c)
}

// readDetail fills in what only the store has. If it cannot be read the page still shows the summary, and says so.
func (e *Exporter) readDetail(ctx context.Context, c *pairContent, k state.Key) {
	full, err := e.detail(ctx, k)
	switch {
	case err != nil:
		e.opts.Logger.ErrorContext(ctx, "reading details failed", "machine", k.Machine, "pack", k.Pack, "err", err)
		c.DetailProblem = err.Error()
	case full == nil || full.Detail == nil:
		c.DetailProblem = "no details are stored"
	default:
		c.Record = full // newer than the view's, if anything, and of one piece with its detail
		c.Cut = full.Detail.Cut
		c.Mismatches, c.Waived, c.Errors = byKind(full.Detail.Mismatches), byKind(full.Detail.Waived), full.Detail.Errors
	}
}

// byKind groups mismatches by kind, both kinds and items in alphabetical order.
func byKind(all []state.Mismatch) []kindGroup {
	sorted := slices.Clone(all) // the record is shared
	slices.SortStableFunc(sorted, func(a, b state.Mismatch) int {
		return cmp.Or(cmp.Compare(a.Kind, b.Kind), cmp.Compare(a.Item, b.Item))
	})
	var groups []kindGroup
	for _, m := range sorted {
		if n := len(groups); n == 0 || groups[n-1].Kind != m.Kind {
			groups = append(groups, kindGroup{Kind: m.Kind})
		}
		last := &groups[len(groups)-1]
		last.Mismatches = append(last.Mismatches, m)
	}
	return groups
}

// noPairPage explains a pair that is not configured (any more): links to it live on in alerts and in Slack.
func (e *Exporter) noPairPage(w http.ResponseWriter, r *http.Request, k state.Key, m *config.Machine) {
	machine, pack := shorten(k.Machine), shorten(k.Pack)
	missing := notFound("No machine %q is configured.", machine)
	more := []pageLink{e.searchFor(machine)}
	if m != nil {
		missing = notFound("Machine %q does not carry a pack %q.", machine, pack)
		more = []pageLink{{"Machine " + m.DisplayName, e.links.Machine(m.Name)}}
	}
	if old, ok := e.opts.View.Record(k); ok {
		missing.message += " It was taken out of the configuration"
		if !old.Retired.IsZero() {
			missing.message += fmt.Sprintf(" (seen %s)", when(old.Retired))
		}
		missing.message += "; its series are gone and its alert, if there was one, is resolved."
	}
	e.refusePageWith(w, r, missing, more...)
}

// concerned tells whether the run checks the pair.
func (c *pairContent) concerned(run *state.Run) bool { return checks(run, c.Machine) }
