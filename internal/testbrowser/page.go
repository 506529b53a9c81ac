package testbrowser

import (
	"cmp"
	"context"
	"testing"
	"time"

	"github.com/chromedp/cdproto/audits"
	"github.com/chromedp/cdproto/cdp"
	"github.com/chromedp/cdproto/emulation"
	"github.com/chromedp/cdproto/page"
	"github.com/chromedp/chromedp"
)

// Options says what a page is shown on. The zero value is a window of 1280 × 900 in light colours.
type Options struct {
	Width, Height int
	Scale         float64 // physical pixels for one of CSS
	Dark          bool    // prefers-color-scheme
	NoScript      bool    // JavaScript is switched off
}

// phone is the width up to which a window is shown as a phone does: with the viewport that the page asks for, and
// scroll bars above the content.
const phone = 600

// Page is a tab that shares nothing with other tabs. Its methods fail the test that opened it.
type Page struct {
	t        testing.TB
	o        Options
	ctx      context.Context
	problems problems
}

// Open opens a tab until the test ends, and then fails the test with all that was wrong in it: errors and warnings on
// the console, exceptions, requests that failed, violations of the Content-Security-Policy.
func (b *Browser) Open(t testing.TB, o Options) *Page {
	t.Helper()
	o.Width, o.Height, o.Scale = cmp.Or(o.Width, 1280), cmp.Or(o.Height, 900), cmp.Or(o.Scale, 1)
	p := &Page{t: t, o: o}
	ctx, cancel := chromedp.NewContext(b.ctx, chromedp.WithNewBrowserContext(), chromedp.WithListener(p.problems.listen))
	p.ctx = ctx
	t.Cleanup(func() {
		t.Helper()
		cancel()
		for _, problem := range p.problems.unexpected() {
			t.Errorf("the browser complains at %d pixels: %s", o.Width, problem)
		}
	})
	p.check("open a tab", chromedp.Do(ctx))
	call(p, audits.Enable, cdp.Empty{})
	call(p, emulation.SetFocusEmulationEnabled, emulation.SetFocusEmulationEnabledParams{Enabled: true})
	p.script(!o.NoScript)
	call(p, emulation.SetDeviceMetricsOverride, emulation.SetDeviceMetricsOverrideParams{
		Width: int64(o.Width), Height: int64(o.Height), DeviceScaleFactor: o.Scale, Mobile: o.Width <= phone,
	})
	p.Dark(o.Dark)
	return p
}

// Dark switches between dark and light colours, as the system's setting does. Motion is always asked to be reduced.
func (p *Page) Dark(dark bool) {
	p.t.Helper()
	scheme := "light"
	if dark {
		scheme = "dark"
	}
	call(p, emulation.SetEmulatedMedia, emulation.SetEmulatedMediaParams{Features: []*emulation.MediaFeature{
		{Name: "prefers-color-scheme", Value: scheme},
		{Name: "prefers-reduced-motion", Value: "reduce"},
	}})
}

// script switches JavaScript on or off.
func (p *Page) script(on bool) {
	p.t.Helper()
	call(p, emulation.SetScriptExecutionDisabled, emulation.SetScriptExecutionDisabledParams{Value: !on})
}

// Go opens an address, whose answer must be 200, and waits until all of it is there.
func (p *Page) Go(url string) {
	p.t.Helper()
	p.GoWhere(url, 200)
}

// GoWhere opens an address that is answered with a status.
func (p *Page) GoWhere(url string, status int) {
	p.t.Helper()
	if status >= 400 {
		p.Refused(url)
	}
	p.load("open "+url, status, chromedp.Navigate(url))
}

// Refused says that an address will be refused, so that it is no problem that the console tells of it.
func (p *Page) Refused(url string) { p.problems.expect(url) }

// Reload loads the page again.
func (p *Page) Reload() {
	p.t.Helper()
	p.load("reload", 200, chromedp.Reload())
}

func (p *Page) load(what string, status int, action chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	response, err := chromedp.RunResponse(ctx, action)
	p.check(what, err)
	if response != nil && int(response.Status) != status {
		p.t.Fatalf("testbrowser: %s: status %d, not %d", what, response.Status, status)
	}
}

// Back goes back to the page before, as the browser's button does.
func (p *Page) Back() {
	p.t.Helper()
	// chromedp's own way back waits for a load that never is where the browser has kept the page as it was.
	p.change("go back", func() {
		past := call(p, page.GetNavigationHistory, cdp.Empty{})
		entry := past.Entries[past.CurrentIndex-1]
		call(p, page.NavigateToHistoryEntry, page.NavigateToHistoryEntryParams{EntryID: entry.ID})
	})
}

// URL is the address that is shown.
func (p *Page) URL() string { return Eval[string](p, "location.href") }

func (p *Page) check(what string, err error) {
	p.t.Helper()
	if err != nil {
		p.t.Fatalf("testbrowser: %s: %v", what, err)
	}
}

// do does what a person at the browser does.
func (p *Page) do(what string, action chromedp.Action[chromedp.Void]) {
	p.t.Helper()
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	p.check(what, chromedp.Do(ctx, action))
}

// call sends a command of the DevTools protocol.
func call[P, R any](p *Page, command cdp.Command[P, R], params P) R {
	p.t.Helper()
	result, err := try(p, command, params)
	p.check(command.Method, err)
	return result
}

func try[P, R any](p *Page, command cdp.Command[P, R], params P) (R, error) {
	ctx, cancel := context.WithTimeout(p.ctx, patience)
	defer cancel()
	return chromedp.Call(ctx, command, params)
}

// until polls until the condition holds, and fails the test with what it said last if it never does.
func (p *Page) until(what string, condition func() (bool, error)) {
	p.t.Helper()
	var err error
	for end := time.Now().Add(patience); time.Now().Before(end); time.Sleep(poll) {
		var holds bool
		if holds, err = condition(); holds {
			return
		}
	}
	p.t.Fatalf("testbrowser: waited in vain for: %s (%v), at %s:\n%s", what, err, p.URL(), p.Text("body"))
}
