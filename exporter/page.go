package exporter

import (
	"bytes"
	"fmt"
	"html/template"
	"net/http"
	"strconv"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// page is what every template gets.
type page struct {
	Title         string
	Name          string    // of the page's template
	Warning       string    // what is wrong with everything on the page
	ReloadRefused time.Time // zero: it was not
	Version       string
	Lifecycle     bool
	Current       *state.Run // the run in progress
	Last          *state.Run
	Next          time.Time
	Poll          int    // seconds after which live.js asks for the page again; 0: nothing is going to change
	Refresh       string // the address of the page itself
	Content       any
}

// pollSeconds is how often live.js asks for a page while the run that is on may change it.
const pollSeconds = 2

// bystander is a page that not every run may change.
type bystander interface{ concerned(run *state.Run) bool }

// parsePages parses one set of templates for each page: the layout, the parts and the page's own content.
func (e *Exporter) parsePages() (map[string]*template.Template, error) {
	funcs := template.FuncMap{
		"visible":    visible,
		"words":      words,
		"called":     called,
		"clip":       clip,
		"number":     plaintext.Count,
		"when":       when,
		"iso":        func(t time.Time) string { return t.UTC().Format(time.RFC3339) },
		"relative":   func(t time.Time) string { return relative(t, e.opts.Clock.Now()) },
		"took":       took,
		"howFar":     howFar,
		"address":    address,
		"stripCells": stripCells,
		"stripSmall": stripSmall,
		"asset":      e.assetURL,
		"fleetURL":   e.links.Fleet,
		"pathURL":    e.links.Path,
		"machineURL": e.links.Machine,
		"pairURL":    e.links.Pair,
		"historyURL": e.links.History,
		"short":      short,
		"packsURL":   e.links.Packs,
		"packURL":    e.links.Pack,
		"sourceURL":  e.links.Source,
	}
	all := map[string]*template.Template{}
	for _, name := range []string{"fleet", "machine", "pair", "history", "packs", "pack", "error"} {
		t, err := template.New("layout.html").Funcs(funcs).
			ParseFS(embedded, "templates/layout.html", "templates/parts.html", "templates/mismatches.html", "templates/"+name+".html")
		if err != nil {
			return nil, fmt.Errorf("exporter: page %s: %w", name, err)
		}
		all[name] = t
	}
	return all, nil
}

func (e *Exporter) newPage(r *http.Request, name, title string, content any) page {
	p := page{
		Title: title, Name: name, Version: e.opts.Version, Lifecycle: e.opts.EnableLifecycle, Next: e.opts.Runs.NextRun(),
		Refresh: "?" + r.URL.RawQuery, Content: content, Warning: e.warning(),
	}
	if e.opts.ReloadRefused != nil {
		p.ReloadRefused = e.opts.ReloadRefused()
	}
	if run, ok := e.currentRun(); ok {
		p.Current = &run
		if b, ok := content.(bystander); !ok || b.concerned(&run) {
			p.Poll = pollSeconds
		}
	}
	if run, ok := e.opts.View.LastRun(); ok {
		p.Last = &run
	}
	return p
}

// currentRun is the run that is on. Of one that another replica leads it knows what was stored last.
func (e *Exporter) currentRun() (state.Run, bool) {
	if run, ok := e.opts.Runs.Current(); ok {
		return run, true
	}
	return e.opts.View.CurrentRun()
}

// render writes a page whole or not at all.
func (e *Exporter) render(w http.ResponseWriter, r *http.Request, status int, name, title string, content any) {
	p := e.newPage(r, name, title, content)
	var body bytes.Buffer
	if err := e.pages[name].Execute(&body, p); err != nil {
		e.opts.Logger.ErrorContext(r.Context(), "page could not be rendered", "path", r.URL.Path, "err", err)
		e.refusePlain(w, r, &httpError{http.StatusInternalServerError, errInternal, "the page could not be rendered"})
		return
	}
	h := w.Header()
	h.Set("Content-Type", "text/html; charset=utf-8")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(body.Len()))
	w.WriteHeader(status)
	_, _ = body.WriteTo(w) // the client is gone
}

// checkNow starts a run from a page's button: of the page's machine, or of all. It leads back to the page, as it
// was shown.
func (e *Exporter) checkNow(w http.ResponseWriter, r *http.Request) {
	if !e.opts.EnableLifecycle {
		e.refusePage(w, r, lifecycleOff())
		return
	}
	back, machines := pageLink{"All machines", e.links.Fleet()}, []string(nil)
	if r.PathValue("machine") != "" {
		m, err := e.findMachine(r)
		if err != nil {
			e.refusePage(w, r, err)
			return
		}
		back, machines = pageLink{"Back to " + m.DisplayName, e.links.Machine(m.Name)}, []string{m.Name}
	}
	if r.PathValue("pack") != "" {
		p, err := e.findPair(r)
		if err != nil {
			e.refusePage(w, r, err)
			return
		}
		back = pageLink{"Back to " + p.machine.DisplayName + " against " + p.pack, e.links.Pair(p.machine.Name, p.pack)}
		if wantsSplit(r) {
			back.URL += "?view=split"
		}
	}
	if _, err := e.opts.Runs.StartRun(detached(r), machines); err != nil {
		e.fail(w, r, e.refuseRun(back), err)
		return
	}
	http.Redirect(w, r, back.URL, http.StatusSeeOther)
}
