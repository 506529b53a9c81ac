package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"maps"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// rule is what an element of JUnit's XML may have, by Jenkins' junit-10.xsd and, where that is stricter, by the schema
// of Ant's reports: the attributes (and how their values look), the children, and whether it has text.
type rule struct {
	required, optional map[string]string
	children           []string
	text               bool
}

const (
	anything = `(?s).*`
	name     = `(?s).+`
	number   = `[0-9]+`
	seconds  = `[0-9]+(\.[0-9]*)?`
)

var outcomeRule = rule{optional: map[string]string{"type": name, "message": anything}, text: true}

var junitRules = map[string]rule{
	"testsuites": {optional: map[string]string{"name": name, "time": seconds, "tests": number, "failures": number, "errors": number}, children: []string{"testsuite"}},
	"testsuite": {
		required: map[string]string{"name": name, "tests": number, "failures": number, "errors": number},
		optional: map[string]string{"skipped": number, "time": seconds, "hostname": name, "timestamp": `\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d`},
		children: []string{"properties", "testcase"},
	},
	"properties": {children: []string{"property"}},
	"property":   {required: map[string]string{"name": name, "value": anything}},
	"testcase":   {required: map[string]string{"name": name}, optional: map[string]string{"classname": name, "time": seconds}, children: []string{"failure", "error", "skipped"}},
	"failure":    outcomeRule, "error": outcomeRule, "skipped": outcomeRule,
}

// node is an element as a parser sees it that knows nothing of our types.
type node struct {
	XMLName  xml.Name
	Attrs    []xml.Attr `xml:",any,attr"`
	Text     string     `xml:",chardata"`
	Children []node     `xml:",any"`
}

func (n node) attr(name string) string {
	for _, a := range n.Attrs {
		if a.Name.Local == name {
			return a.Value
		}
	}
	return ""
}

// requireJUnit parses a report, and demands that it keeps the rules and that its numbers are true.
func requireJUnit(t testing.TB, text string) node {
	t.Helper()
	decoder := xml.NewDecoder(strings.NewReader(text)) // strict: it refuses what XML 1.0 forbids
	var root node
	require.NoError(t, decoder.Decode(&root), "%q", text)
	_, err := decoder.Token()
	if _, more := decoder.InputOffset(), err; more == nil {
		_, err = decoder.Token() // the last line's end
	}
	require.ErrorIs(t, err, io.EOF)
	require.Equal(t, "testsuites", root.XMLName.Local)
	requireRules(t, root)
	tests := map[string]int{}
	for _, suite := range root.Children {
		own, names := map[string]int{}, map[string]bool{}
		for _, c := range suite.Children {
			if c.XMLName.Local != "testcase" {
				continue
			}
			require.LessOrEqual(t, len(c.Children), 1, "readers take the first of several")
			id := c.attr("classname") + " " + c.attr("name")
			require.False(t, names[id], "readers take the first of tests with the same name: %s", id)
			names[id] = true
			own["tests"]++
			for _, outcome := range c.Children {
				own[map[string]string{"failure": "failures", "error": "errors", "skipped": "skipped"}[outcome.XMLName.Local]]++
			}
		}
		for _, what := range []string{"tests", "failures", "errors", "skipped"} {
			require.Equal(t, strconv.Itoa(own[what]), suite.attr(what), what)
			tests[what] += own[what]
		}
	}
	for _, what := range []string{"tests", "failures", "errors"} {
		require.Equal(t, strconv.Itoa(tests[what]), root.attr(what), what)
	}
	return root
}

func requireRules(t testing.TB, n node) {
	t.Helper()
	r, known := junitRules[n.XMLName.Local]
	require.True(t, known, n.XMLName.Local)
	for _, a := range n.Attrs {
		form, required := r.required[a.Name.Local]
		if !required {
			form, known = r.optional[a.Name.Local]
			require.True(t, known, "%s has no attribute %s", n.XMLName.Local, a.Name.Local)
		}
		require.Regexp(t, "^(?:"+form+")$", a.Value, "%s %s", n.XMLName.Local, a.Name.Local)
	}
	for required := range maps.Keys(r.required) {
		require.True(t, slices.ContainsFunc(n.Attrs, func(a xml.Attr) bool { return a.Name.Local == required }), "%s needs %s", n.XMLName.Local, required)
	}
	if !r.text {
		require.Empty(t, strings.TrimSpace(n.Text), n.XMLName.Local)
	}
	for _, c := range n.Children {
		require.Contains(t, r.children, c.XMLName.Local, n.XMLName.Local)
		requireRules(t, c)
	}
}

func junitOf(t testing.TB, outcomes []checker.Outcome) string {
	t.Helper()
	var out strings.Builder
	require.NoError(t, printJUnit(&out, outcomes, func(name string) *config.Machine {
		return &config.Machine{Name: name, DisplayName: "The " + name, Address: name + ".example"}
	}))
	return out.String()
}

func TestJUnitKeepsTheRulesOfItsReaders(t *testing.T) {
	root := requireJUnit(t, junitOf(t, sample()))
	require.Len(t, root.Children, 6, "a suite for each machine")
	assert.Equal(t, []string{"14", "5", "3"}, []string{root.attr("tests"), root.attr("failures"), root.attr("errors")})
	requireJUnit(t, junitOf(t, nil))
}

func TestJUnitOfAMachine(t *testing.T) {
	o := sample()[5]
	o.At, o.Duration = time.Date(2026, 1, 29, 7, 0, 3, 120e6, time.FixedZone("", 3600)), 412*time.Millisecond
	o.Results[1].Mismatches = o.Results[1].Mismatches[:2]
	o.Results[1].Waived = []state.Mismatch{{Type: "missing_package", Kind: "package", Item: "exim", Expected: "installed", Actual: "absent", Source: "packs/web.yaml:20", Waiver: "moves in March"}}
	assert.Equal(t, `<?xml version="1.0" encoding="UTF-8"?>
<testsuites name="drift_exporter" tests="5" failures="3" errors="0">
  <testsuite name="web1" tests="5" failures="3" errors="0" skipped="1" time="0.412" timestamp="2026-01-29T06:00:03" hostname="web1.example">
    <properties>
      <property name="display_name" value="The web1"></property>
      <property name="os" value="debian"></property>
      <property name="version" value="12"></property>
      <property name="arch" value="x86_64"></property>
    </properties>
    <testcase name="pack base" classname="web1.base" time="0.412"></testcase>
    <testcase name="pack web" classname="web1.web" time="0.000">
      <failure type="drifted" message="2 mismatches, 1 waived in 8 items"><![CDATA[2 mismatches, 1 waived in 8 items]]></failure>
    </testcase>
    <testcase name="file /etc/ssh/sshd_config: wrong_permissions" classname="web1.web" time="0.000">
      <failure type="wrong_permissions" message="expected 0600, actual 0644"><![CDATA[expected 0600
actual   0644
packs/web.yaml:9
]]></failure>
    </testcase>
    <testcase name="file /etc/nginx/nginx.conf: wrong_content" classname="web1.web" time="0.000">
      <failure type="wrong_content" message="expected sha256:111111111111…, actual sha256:222222222222…"><![CDATA[expected sha256:`+strings.Repeat("1", 64)+`
actual   sha256:`+strings.Repeat("2", 64)+`
packs/web.yaml:12
`+sampleDiff+`]]></failure>
    </testcase>
    <testcase name="package exim: missing_package" classname="web1.web" time="0.000">
      <skipped type="missing_package" message="waived: moves in March"><![CDATA[expected installed
actual   absent
packs/web.yaml:20
]]></skipped>
    </testcase>
  </testsuite>
</testsuites>
`, junitOf(t, []checker.Outcome{o}))
}

func TestJUnitOfWhatCouldNotBeCheckedIsAnError(t *testing.T) {
	outcomes := sample()
	root := requireJUnit(t, junitOf(t, []checker.Outcome{
		outcomes[1], outcomes[3],
		{Machine: "gone", Failure: &state.Failure{Reason: state.ReasonInternal, Message: "the machine is not in the fleet"}},
	}))
	said := map[string]string{}
	for _, suite := range root.Children {
		for _, c := range suite.Children[1:] { // after the properties
			said[c.attr("classname")+"/"+c.attr("name")] = c.Children[0].XMLName.Local + ": " + c.Children[0].Text
		}
	}
	assert.Equal(t, map[string]string{
		"backup.base/pack base":                 "error: connection refused",
		"db1.base/pack base":                    "error: 1 of 2 items could not be observed",
		"db1.base/file /etc/issue: wrong_owner": "failure: expected root\nactual   drift\npacks/base.yaml:7\n",
		"db1.base/file /etc/shadow":             "error: permission denied\npacks/base.yaml:21",
		"gone/check":                            "error: the machine is not in the fleet",
	}, said)
}

func TestJUnitOfACheck(t *testing.T) {
	w := newWorkspace(t)
	w.write("motd", "hacked \x1b[31m ]]> \uffff & <b>\n")
	status, stdout, stderr := w.run("check", "--format=junit")
	assert.Equal(t, 1, status, stderr)
	root := requireJUnit(t, stdout)
	suite := root.Children[0]
	assert.Equal(t, "here", suite.attr("name"))
	took, err := strconv.ParseFloat(suite.attr("time"), 64)
	require.NoError(t, err)
	assert.Positive(t, took)
	failure := suite.Children[2].Children[0]
	assert.Contains(t, failure.Text, `+hacked \x1b[31m ]]> \uffff & <b>`+"\n")
	assert.NotContains(t, stdout, "\x1b")

	_, stdout = interruptedCheck(t, "--format=junit")
	assert.Equal(t, "2", requireJUnit(t, stdout).attr("errors"), "machines that an interruption left out")
}

func TestJUnitThatCannotBeWrittenIsAnError(t *testing.T) {
	require.ErrorIs(t, printJUnit(fullDisk{}, nil, nil), errFull)
}

func FuzzJUnitIsAlwaysValid(f *testing.F) {
	for _, seed := range []string{"\x00", "\x1b[2J", "]]>", "<&\"'", "\xff\xfe", "\uffff\ufffe", "a\r\nb\tc", "\u2028", "\U0001f600", " (2)"} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, s string) {
		m := state.Mismatch{Type: "wrong_content", Kind: "file", Item: s, Expected: s, Actual: s, Source: s, Diff: s, Waiver: s}
		failure := &state.Failure{Reason: state.ReasonInternal, Message: s}
		requireJUnit(t, junitOf(t, []checker.Outcome{
			{Machine: "m", Facts: state.Facts{Name: s, OS: s, Version: s, Arch: s}, Results: []state.Result{result("m", "p", 1, func(r *state.Result) {
				r.Mismatches, r.Waived = []state.Mismatch{m, m}, []state.Mismatch{m}
				r.Errors = []state.ItemError{{Kind: "file", Item: s, Error: s, Source: s}, {Kind: "file", Item: s}, {Kind: "file", Item: s + " (2)"}}
			})}},
			{Machine: fmt.Sprint(len(s)), Failure: failure},
		}))
	})
}
