package testbrowser

import (
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// axeVariable names the file with axe-core, where it is not the one that the Makefile makes.
const axeVariable = "DRIFT_TEST_AXE"

// violation is a rule of axe-core that a page breaks.
type violation struct {
	ID, Impact, Help string
	Nodes            []struct {
		Target         []any
		HTML           string
		FailureSummary string
	}
}

func (v violation) String() string {
	var b strings.Builder
	fmt.Fprintf(&b, "axe-core: %s (%s): %s", v.ID, v.Impact, v.Help)
	for _, n := range v.Nodes {
		why := strings.ReplaceAll(n.FailureSummary, "\n", "\n    ")
		fmt.Fprintf(&b, "\n  %v\n    %s\n    %s", n.Target, n.HTML, why)
	}
	return b.String()
}

// What axe-core is asked: everything that WCAG 2.2 demands up to AA and what it takes for good practice, or only what
// depends on colours.
const (
	allRules    = `{type: "tag", values: ["wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice"]}`
	colourRules = `{type: "rule", values: ["color-contrast", "link-in-text-block"]}`
)

// Audit fails the test, which goes on, with every rule of axe-core that the page breaks as it is now, in light and in
// dark colours, and if it has to be scrolled sideways.
func (p *Page) Audit() {
	p.t.Helper()
	if p.o.NoScript { // without it promises are never kept; the page's own scripts stay as they were: not run
		p.script(true)
		defer p.script(false)
	}
	p.Dark(false)
	found := p.axe(allRules)
	p.Dark(true)
	for _, v := range p.axe(colourRules) {
		v.Help += ", in dark colours"
		found = append(found, v)
	}
	p.Dark(p.o.Dark)
	for _, v := range found {
		p.t.Errorf("%s at %d pixels: %s", p.URL(), p.o.Width, v)
	}
	if wide := p.tooWide(); len(wide) > 0 {
		p.t.Errorf("%s at %d pixels has to be scrolled sideways, for:\n  %s", p.URL(), p.o.Width, strings.Join(wide, "\n  "))
	}
}

// axe is what axe-core finds.
func (p *Page) axe(rules string) []violation {
	p.t.Helper()
	if !Eval[bool](p, "typeof axe !== 'undefined'") {
		_, err := p.run(axeSource(p)+"; 0", false)
		p.check("load axe-core", err)
	}
	report, err := evaluate[struct {
		Violations []violation
		Passes     int
	}](p, `axe.run(document, {runOnly: `+rules+`, resultTypes: ["violations"]}).then(
		r => ({Violations: r.violations, Passes: r.passes.length + r.violations.length + r.incomplete.length}))`, true)
	p.check("run axe-core", err)
	if report.Passes == 0 {
		p.t.Fatalf("axe-core found nothing to look at in %s", p.URL())
	}
	return report.Violations
}

// axeSource is the script, from the file that the Makefile makes. Without it the test is skipped, or fails where the
// environment has CI=true.
func axeSource(p *Page) string {
	p.t.Helper()
	file := os.Getenv(axeVariable)
	if file == "" {
		file = filepath.Join(testenv.Repository(p.t), "bin", "axe.min.js")
	}
	source, err := os.ReadFile(file)
	if err != nil {
		testenv.Missing(p.t, "axe-core: %v (make bin/axe.min.js; or set %s)", err, axeVariable)
	}
	return string(source)
}

// tooWide are the elements that make the page wider than its window, none if it is not.
func (p *Page) tooWide() []string {
	p.t.Helper()
	var wide []string
	p.check("measure", json.Unmarshal([]byte(Eval[string](p, `JSON.stringify((() => {
		const root = document.documentElement, inside = Math.min(root.clientWidth, `+fmt.Sprint(p.o.Width)+`);
		if (root.scrollWidth <= inside) return [];
		return [...document.querySelectorAll("body, body *")].filter(e => e.getBoundingClientRect().right > inside + 0.5)
			.map(e => e.getBoundingClientRect().right + " pixels: " + e.outerHTML.slice(0, 160)).concat(
				"the whole: " + root.scrollWidth + " pixels");
	})())`)), &wide))
	return wide
}
