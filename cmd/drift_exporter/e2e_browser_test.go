package main

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/chromedp/chromedp/kb"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testbrowser"
)

// widths are those of a desk and of a phone.
var widths = []int{1280, 390}

// TestPagesInTheBrowser shows all pages of a real exporter over real machines to a real browser and to axe-core. What
// the console or axe-core complain about fails it, wherever that happens.
func TestPagesInTheBrowser(t *testing.T) {
	b := testbrowser.Start(t)
	o, release := startOffice(t)
	url := o.exporter.URL

	t.Run("the first run is followed to its end without a reload", func(t *testing.T) {
		p := b.Open(t, testbrowser.Options{Width: 390})
		p.Go(url + "/machines/web3/packs/base")
		assert.Contains(t, p.Text("main"), "never checked")
		p.Audit()
		p.Go(url + "/")
		p.WaitFor("progress", "Machines done")
		p.Audit()
		release()
		follow(p, func() { p.Wait("the end of the run", "!document.querySelector('progress')") })
		assert.True(t, p.Has("main a[href='/?status=never'] b", "0"))
	})

	o.wreck()
	for _, width := range widths {
		t.Run(fmt.Sprintf("every page at %d pixels", width), func(t *testing.T) {
			p := b.Open(t, testbrowser.Options{Width: width})
			for _, page := range everyPage {
				p.GoWhere(url+page.path, max(page.status, http.StatusOK))
				for _, text := range page.shows {
					assert.Contains(t, p.Text("main"), text, page.path)
				}
				p.Audit()
			}
		})
	}
	for _, width := range widths {
		t.Run(fmt.Sprintf("from the fleet to the diff, and checked now, at %d pixels", width), func(t *testing.T) {
			if width != widths[0] {
				o.wreck()
			}
			fleetToDiff(t, o, b.Open(t, testbrowser.Options{Width: width}))
		})
	}
	o.wreck()
	t.Run("the alert's link leads to it in Alertmanager", func(t *testing.T) { inAlertmanager(t, o, b) })
	t.Run("with the keyboard alone", func(t *testing.T) { keyboardAlone(t, o, b) })
	t.Run("without JavaScript", func(t *testing.T) { withoutScript(t, o, b) })
	t.Run("another site cannot start a check", func(t *testing.T) { otherSite(t, o, b) })
	o.exporter.Terminate()
}

// everyPage is each page in each state, once the office is broken.
var everyPage = []struct {
	path   string
	status int // 200 if not given
	shows  []string
}{
	{path: "/", shows: []string{"Web 1", "Backup", "drifted", "unknown", "compliant"}},
	{path: "/?status=drifted", shows: []string{"Web 1"}},
	{path: "/?q=2&pack=web&label=env%3Dprod", shows: []string{"Web 2"}},
	{path: "/?sort=luck", status: http.StatusBadRequest, shows: []string{"luck"}},
	{path: "/?q=nobody", shows: []string{"Nothing matches the filter"}},
	{path: "/machines/web1", shows: []string{"Debian GNU/Linux 12", "drifted"}},
	{path: "/machines/web2", shows: []string{"compliant"}},
	{path: "/machines/db2", shows: []string{"permission denied", "become: true"}},
	{path: "/machines/backup1", shows: []string{"connection refused"}},
	{path: "/machines/lab1", shows: []string{"disabled"}},
	{path: "/machines/web1/packs/base", shows: []string{"PermitRootLogin yes", "0666", "7.88.1-10+deb12u4", "firing", "the machine changed"}},
	{path: "/machines/web1/packs/base?view=split", shows: []string{"PermitRootLogin yes"}},
	{path: "/machines/web1/packs/web", shows: []string{"1.24.0-2"}},
	{path: "/machines/web2/packs/base", shows: []string{"says that it is rebuilt on Friday", "waived", hostile}},
	{path: "/machines/web3/packs/base", shows: []string{"compliant"}},
	{path: "/machines/db1/packs/db", shows: []string{"password_encryption", "sensitive"}},
	{path: "/machines/db2/packs/db", shows: []string{"permission denied"}},
	{path: "/machines/backup1/packs/base", shows: []string{"never judged", "connection refused"}},
	{path: "/machines/lab1/packs/base", shows: []string{"drift_detection_enabled: false"}},
	{path: "/machines/web1/packs/base/history", shows: []string{"Last checks", "Compare two checks", "the first verdict that is known"}},
	{path: "/machines/backup1/packs/base/history", shows: []string{"There is no verdict yet"}},
	{path: "/machines/lab1/packs/base/history", shows: []string{"drift_detection_enabled: false"}},
	{path: "/packs", shows: []string{"Debian base", "Web servers in staging"}},
	{path: "/packs/base", shows: []string{"/etc/ssh/sshd_config", "kernel.kptr_restrict"}},
	{path: "/packs/staging", shows: []string{"inherited from"}},
	{path: "/none", status: http.StatusNotFound, shows: []string{"/none"}},
	{path: "/machines/none", status: http.StatusNotFound, shows: []string{"none"}},
	{path: "/machines/web1/packs/none", status: http.StatusNotFound, shows: []string{"none"}},
	{path: "/packs/none", status: http.StatusNotFound, shows: []string{"none"}},
}

// fleetToDiff does what somebody does who was called: finds the machine, looks at what differs and since when, repairs
// it and sees that it is repaired.
func fleetToDiff(t *testing.T, o *office, p *testbrowser.Page) {
	p.Go(o.exporter.URL)
	p.Fill("input[name=q]", "w")
	p.Choose("select[name=status]", "drifted")
	p.Choose("select[name=pack]", "base")
	p.Choose("select[name=label]", "env=prod")
	p.Follow("form button", "Apply")
	assert.True(t, p.Has("main a", "Web 1"))
	assert.False(t, p.Has("main a", "Web 2"), "it complies")
	assert.False(t, p.Has("main a", "Database 2"), "it is in staging")

	p.Follow("main a[href='/machines/web1']", "Web 1")
	p.Follow("main a[href='/machines/web1/packs/base']", "")
	for _, text := range []string{"PermitRootLogin no", "PermitRootLogin yes", "firing"} {
		assert.Contains(t, p.Text("main"), text)
	}
	p.Follow("main a[href^='/packs/base#L']", "")
	assert.Contains(t, p.Text("h1"), "Debian base")
	p.Back()
	p.Follow("main a", "History")
	p.Follow("main a", "Compare with the change before")
	assert.Contains(t, p.Text("#compared"), "/etc/ssh/sshd_config")
	p.Audit()
	p.Follow("main nav a", "Debian base")

	o.comply(web1)
	release := o.hold(web1)
	p.Follow("button", "Check now")
	p.WaitFor("progress", "Machines done")
	p.Audit()
	release()
	follow(p, func() {
		p.Wait("the new verdict", "!document.querySelector('main').innerText.includes('PermitRootLogin yes')")
		p.Wait("the end of the run", "!document.querySelector('progress')")
	})
	assert.Contains(t, p.Text("main"), "compliant")
	assert.NotContains(t, p.Text("main"), "firing")
	p.Audit()
	p.Follow("header a", "Fleet")
	p.Follow("main a[href='/?status=compliant']", "")
	assert.True(t, p.Has("main a", "Web 1"))
}

// follow waits for something that must happen in the document that is shown, not in one that is loaded anew.
func follow(p *testbrowser.Page, wait func()) {
	const document = "performance.timeOrigin"
	before := testbrowser.Eval[float64](p, document)
	wait()
	p.Wait("the same document", fmt.Sprintf("%s === %f", document, before))
}

// inAlertmanager follows the link of one of the two alerts that fire.
func inAlertmanager(t *testing.T, o *office, b *testbrowser.Browser) {
	p := b.Open(t, testbrowser.Options{})
	p.Go(o.exporter.URL + "/machines/web1/packs/base")
	p.Follow("main a", "Show in Alertmanager")
	assert.Contains(t, p.URL(), o.alertmanager.URL.String())
	p.Wait("the alert", `document.body.innerText.includes('pack="base"')`)
	assert.NotContains(t, p.Text("body"), `pack="web"`)
}

// keyboardAlone filters with the keys that everybody has, and sees at each step where it is.
func keyboardAlone(t *testing.T, o *office, b *testbrowser.Browser) {
	p := b.Open(t, testbrowser.Options{})
	p.Go(o.exporter.URL)
	p.Press(kb.Tab)
	assert.Equal(t, "Skip to the content", testbrowser.Eval[string](p, "document.activeElement.innerText"))
	assert.True(t, p.Has("a", "Skip to the content"))
	p.Press(kb.Enter)
	p.Wait("the content has the focus", "document.activeElement.matches('main')")
	tabTo(p, "input[name=q]")
	p.PressTo("web1" + kb.Enter)
	assert.Contains(t, p.URL(), "q=web1")
	tabTo(p, "main a[href='/machines/web1/packs/web']")
	p.PressTo(kb.Enter)
	assert.Equal(t, o.exporter.URL+"/machines/web1/packs/web", p.URL())
}

// tabTo presses the tab key until an element has the focus. Each one on the way must show that it has it.
func tabTo(p *testbrowser.Page, css string) {
	const marked = `(e => {
		const focused = getComputedStyle(e);
		return e.matches(":focus-visible") && focused.outlineStyle !== "none" && parseFloat(focused.outlineWidth) >= 1;
	})(document.activeElement)`
	for range 100 {
		p.Press(kb.Tab)
		p.Wait("the focus can be seen", marked)
		if testbrowser.Eval[bool](p, fmt.Sprintf("document.activeElement.matches(%q)", css)) {
			return
		}
	}
	p.Wait("the focus on "+css, "false")
}

// withoutScript reads the same and checks as well, where JavaScript is switched off.
func withoutScript(t *testing.T, o *office, b *testbrowser.Browser) {
	with, without := b.Open(t, testbrowser.Options{}), b.Open(t, testbrowser.Options{NoScript: true})
	for _, path := range []string{"/", "/machines/web1", "/machines/web1/packs/base", "/packs", "/packs/web"} {
		with.Go(o.exporter.URL + path)
		without.Go(o.exporter.URL + path)
		for _, css := range []string{"h1", "h2", "h3", "a", "th", "button", "code", "pre"} {
			assert.Equal(t, with.Texts(css), without.Texts(css), "%s of %s", css, path)
		}
	}
	p := without
	p.Go(o.exporter.URL + "/machines/web1/packs/base")
	o.comply(web1)
	release := o.hold(web1)
	p.Follow("button", "Check now")
	assert.Contains(t, p.Text("main"), "A run is in progress")
	p.Audit()
	release()
	o.exporter.Eventually("the run has ended", func() bool {
		p.Follow("a", "Refresh")
		return !strings.Contains(p.Text("main"), "A run is in progress")
	})
	assert.NotContains(t, p.Text("main"), "PermitRootLogin yes")
}

// otherSite presses a button of a page from elsewhere that would start a check here.
func otherSite(t *testing.T, o *office, b *testbrowser.Browser) {
	elsewhere := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		fmt.Fprintf(w, `<!DOCTYPE html><html lang="en"><title>Elsewhere</title><link rel="icon" href="data:,">
			<form method="post" action="%s/machines/web1"><button>Win a prize</button></form>`, o.exporter.URL)
	}))
	defer elsewhere.Close()
	runs := o.exporter.Get("/api/v1/runs")
	p := b.Open(t, testbrowser.Options{})
	p.Go(elsewhere.URL)
	p.Refused(o.exporter.URL + "/machines/web1")
	p.Follow("button", "Win a prize")
	require.Equal(t, o.exporter.URL+"/machines/web1", p.URL())
	p.Audit()
	assert.Equal(t, runs, o.exporter.Get("/api/v1/runs"), "no run was started")
}
