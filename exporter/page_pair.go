package exporter

import (
	"context"
	"fmt"
	"net/http"
	"slices"
	"strings"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// pairContent is the diff view.
type pairContent struct {
	Machine *config.Machine
	Pack    PackInfo
	Record  *state.Record // nil: never attempted, or disabled
	Alert   state.AlertReport
	Alerts  []pageLink // to the alert, in each Alertmanager
	Ended   string     // why the alert did, in words; empty: it did not, or that is not known
	Failed  bool       // the last attempt gave no verdict
	Hint    hint       // what to do about that
	// Attempt is the last one, without what Errors says again.
	Attempt state.Attempt
	// Returned says that the pair was checked before, was taken out, and is back.
	Returned bool
	// DetailProblem says why mismatches and errors are not shown although there are some.
	DetailProblem string
	Cut           bool
	Split         bool // diffs are shown side by side
	Diffs         bool // there are some
	Mismatches    mismatchList
	Waived        mismatchList
	Seen          mismatchList // by the last attempt, which gave no verdict
	Errors        []state.ItemError
	MoreErrors    int // that the page has no room for
	Now           *whatNow
	Self          string // the address of the page without its query
	API           string
}

// maxErrors bounds the errors of a page.
const maxErrors = 200

func (e *Exporter) pairPage(w http.ResponseWriter, r *http.Request) {
	ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
	defer cancel()
	k, m, ok := e.pairOfPage(w, r)
	if !ok {
		return
	}
	c := &pairContent{
		Machine: m, Pack: e.packOf(k), Split: wantsSplit(r), Self: e.links.Pair(k.Machine, k.Pack),
		API: e.links.Path("/api/v1") + e.links.pairPath(k),
	}
	c.Alert.State = state.AlertInactive
	status := http.StatusOK
	if c.Record = current(e.opts.View, m, k.Pack); c.Record != nil {
		status = e.readDetail(ctx, c, k)
		c.attempt()
		c.Alert = c.Record.Report().Alert
		c.Alerts = e.alertLinks(c.Record)
		c.Ended = resolvedWhy(c.Record.Alert)
		if c.Now != nil {
			c.Now.CheckNow, c.Now.NextRun = e.opts.EnableLifecycle, e.opts.Runs.NextRun()
		}
	} else {
		_, c.Returned = e.opts.View.Record(k)
	}
	e.render(w, r, status, "pair", m.DisplayName+" · "+c.Pack.Name, c)
}

// pairOfPage is the pair that a page is asked for. If there is none such, it has answered.
func (e *Exporter) pairOfPage(w http.ResponseWriter, r *http.Request) (state.Key, *config.Machine, bool) {
	k := state.Key{Machine: r.PathValue("machine"), Pack: r.PathValue("pack")}
	m, ok := e.opts.Fleet().machine(k.Machine)
	if !ok || !slices.Contains(m.Packs, k.Pack) {
		e.noPairPage(w, r, k, m)
		return k, nil, false
	}
	return k, m, true
}

// packOf is the pack of a pair; of one that cannot be loaded only its id is known.
func (e *Exporter) packOf(k state.Key) PackInfo {
	if p, ok := e.opts.Fleet().Pack(k.Pack); ok {
		return p
	}
	return PackInfo{ID: k.Pack, Name: k.Pack}
}

// wantsSplit tells whether diffs are asked for side by side.
func wantsSplit(r *http.Request) bool { return r.URL.Query().Get("view") == "split" }

// CheckURL is where the page's button leads: back to the view that it is on.
func (c *pairContent) CheckURL() string {
	if c.Split {
		return c.Self + "?view=split"
	}
	return c.Self
}

// readDetail fills in what only the store has. If it cannot be read the page still shows the summary, and says so,
// with the status that is returned.
func (e *Exporter) readDetail(ctx context.Context, c *pairContent, k state.Key) (status int) {
	full, err := e.detail(ctx, k)
	status = http.StatusOK
	switch {
	case err != nil:
		e.opts.Logger.ErrorContext(ctx, "reading details failed", "machine", k.Machine, "pack", k.Pack, "err", err)
		status, c.DetailProblem = e.problem(err)
	case full == nil || full.Detail == nil:
		c.DetailProblem = "no details are stored"
	default:
		c.Record = full // newer than the view's, if anything, and of one piece with its detail
		if err := c.show(full.Detail, e.opts.Clock.Now()); err != nil {
			e.opts.Logger.ErrorContext(ctx, "suggesting waivers failed", "machine", k.Machine, "pack", k.Pack, "err", err)
		}
	}
	return status
}

// attempt tells of the last attempt, but for what the list of the items that could not be observed says: the message
// names the first of them.
func (c *pairContent) attempt() {
	c.Attempt = c.Record.Attempt
	if c.Failed = !judged(c.Attempt.Status); !c.Failed {
		return
	}
	c.Hint = hintFor(c.Attempt.Reason)
	if c.Attempt.Reason == state.ReasonUnreadable && len(c.Errors) > 0 {
		before, _, _ := strings.Cut(c.Attempt.Message, c.Errors[0].Kind+" "+c.Errors[0].Item+": ")
		c.Attempt.Message, c.Hint.What = strings.TrimSuffix(before, ": "), ""
	}
}

// resolvedWhy says why an alert ended.
func resolvedWhy(a *state.Alert) string {
	if a == nil || a.Firing() {
		return ""
	}
	switch why := state.ResolvedReason(a.Annotations["resolved_reason"]); why {
	case state.ResolvedCompliant:
		return "the machine complied"
	case state.ResolvedWaived:
		return "what differed was waived"
	case state.ResolvedDisabled:
		return "drift detection was disabled"
	case state.ResolvedRemoved:
		return "it was taken out of the configuration"
	case state.ResolvedRelabeled:
		return "the machine's labels changed"
	default:
		return words(why)
	}
}

// show lays the details out. Its error is that of the suggestions, without which the rest is there all the same.
func (c *pairContent) show(d *state.Detail, now time.Time) error {
	c.Cut = d.Cut
	p := newMismatchPage(c.Machine, c.Pack.ID, c.Split)
	c.Mismatches, c.Waived = p.list("mismatches", d.Mismatches, maxMismatches), p.list("waived", d.Waived, maxWaived)
	c.Seen = p.list("seen", d.Seen, maxWaived)
	c.Diffs = p.diffs.lines < maxDiffLines
	c.Errors = d.Errors
	if c.MoreErrors = max(0, len(d.Errors)-maxErrors); c.MoreErrors > 0 {
		c.Errors = d.Errors[:maxErrors]
	}
	var err error
	c.Now, err = suggest(c.Machine, c.Pack.ID, d.Mismatches, now)
	return err
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
