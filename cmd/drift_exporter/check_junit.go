package main

import (
	"encoding/xml"
	"fmt"
	"io"
	"strings"
	"time"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The junit types are the elements of JUnit's XML that Jenkins' schema (junit-10.xsd of its xunit plugin) and GitLab's
// parser have in common. There is no standard.
type (
	junitReport struct {
		XMLName  xml.Name     `xml:"testsuites"`
		Name     string       `xml:"name,attr"`
		Tests    int          `xml:"tests,attr"`
		Failures int          `xml:"failures,attr"`
		Errors   int          `xml:"errors,attr"`
		Suites   []junitSuite `xml:"testsuite"`
	}
	junitSuite struct {
		Name       string           `xml:"name,attr"`
		Tests      int              `xml:"tests,attr"`
		Failures   int              `xml:"failures,attr"`
		Errors     int              `xml:"errors,attr"`
		Skipped    int              `xml:"skipped,attr"`
		Time       junitTime        `xml:"time,attr"`
		Timestamp  string           `xml:"timestamp,attr"`
		Hostname   string           `xml:"hostname,attr"`
		Properties *junitProperties `xml:"properties"`
		Cases      []junitCase      `xml:"testcase"`
	}
	junitProperties struct {
		Properties []junitProperty `xml:"property"`
	}
	junitProperty struct {
		Name  string `xml:"name,attr"`
		Value string `xml:"value,attr"`
	}
	junitCase struct {
		Name    string       `xml:"name,attr"`
		Class   string       `xml:"classname,attr"`
		Time    junitTime    `xml:"time,attr"`
		Failure *junitResult `xml:"failure"`
		Error   *junitResult `xml:"error"`
		Skipped *junitResult `xml:"skipped"`
	}
	junitResult struct {
		Type    string `xml:"type,attr"`
		Message string `xml:"message,attr"`
		Text    string `xml:",cdata"` // must hold only what XML allows: encoding/xml writes it as it is
	}
)

// junitSays is a result that says no more than its message. It does so in its text too, since GitLab shows only that.
func junitSays(what, message string) *junitResult {
	message = printable(message)
	return &junitResult{Type: what, Message: message, Text: message}
}

// junitTime is a duration in seconds.
type junitTime time.Duration

// MarshalText writes seconds with milliseconds: 0.412.
func (d junitTime) MarshalText() ([]byte, error) {
	return fmt.Appendf(nil, "%.3f", time.Duration(d).Seconds()), nil
}

// printJUnit prints a test suite for each machine, with a test for each pack and one for each of its mismatches,
// waived mismatches and errors.
func printJUnit(w io.Writer, outcomes []checker.Outcome, machine func(string) *config.Machine) error {
	report := junitReport{Name: "drift_exporter"}
	for _, o := range outcomes {
		s := junitSuiteOf(o, machine(o.Machine))
		report.Tests += s.Tests
		report.Failures += s.Failures
		report.Errors += s.Errors
		report.Suites = append(report.Suites, s)
	}
	if _, err := io.WriteString(w, xml.Header); err != nil {
		return err
	}
	encoder := xml.NewEncoder(w)
	encoder.Indent("", "  ")
	if err := encoder.Encode(report); err != nil {
		return err
	}
	_, err := io.WriteString(w, "\n")
	return err
}

func junitSuiteOf(o checker.Outcome, m *config.Machine) junitSuite {
	s := junitSuite{
		Name: o.Machine, Time: junitTime(o.Duration), Hostname: printable(m.Address),
		Timestamp: o.At.UTC().Format("2006-01-02T15:04:05"), // without a zone, as Ant began it and schemas demand it
	}
	var known []junitProperty
	for _, p := range []junitProperty{
		{"display_name", m.DisplayName}, {"os", o.Facts.OS}, {"version", o.Facts.Version}, {"arch", o.Facts.Arch},
	} {
		if p.Value != "" {
			known = append(known, junitProperty{p.Name, printable(p.Value)})
		}
	}
	if len(known) > 0 {
		s.Properties = &junitProperties{known}
	}
	for _, r := range o.Results {
		s.Cases = append(s.Cases, junitCasesOf(r)...)
	}
	if len(o.Results) == 0 && o.Failure != nil { // nobody may read an empty suite as a passed one
		s.Cases = []junitCase{{Name: "check", Class: o.Machine, Error: junitSays(string(o.Failure.Reason), o.Failure.Message)}}
	}
	if len(s.Cases) > 0 {
		s.Cases[0].Time = s.Time // all packs are checked in one go, and readers sum up
	}
	for _, c := range s.Cases {
		s.Tests++
		switch {
		case c.Failure != nil:
			s.Failures++
		case c.Error != nil:
			s.Errors++
		case c.Skipped != nil:
			s.Skipped++
		}
	}
	return s
}

// junitCasesOf are the tests of a pair. The first is the pack as a whole: it is there at every check, so that a
// history of tests knows since when it fails.
func junitCasesOf(r state.Result) []junitCase {
	class := r.Machine + "." + r.Pack
	whole := junitCase{Name: "pack " + r.Pack, Class: class}
	switch {
	case r.Failure != nil:
		whole.Error = junitSays(string(r.Failure.Reason), r.Failure.Message)
	case r.Status == state.Drifted:
		whole.Failure = junitSays(string(r.Status), packSummary(r))
	case r.Status != state.Compliant:
		whole.Error = junitSays(string(r.Status), packSummary(r))
	}
	cases := []junitCase{whole}
	for _, m := range r.Mismatches {
		cases = append(cases, junitCase{Name: junitName(m), Class: class, Failure: junitMismatch(m)})
	}
	for _, e := range r.Errors {
		failed := junitSays("error", e.Error)
		failed.Text += "\n" + printable(e.Source)
		cases = append(cases, junitCase{Name: e.Kind + " " + printable(e.Item), Class: class, Error: failed})
	}
	for _, m := range r.Waived {
		skipped := junitMismatch(m)
		skipped.Message = "waived: " + printable(m.Waiver)
		cases = append(cases, junitCase{Name: junitName(m), Class: class, Skipped: skipped})
	}
	seen := map[string]bool{}
	for i := range cases { // readers take the first of tests with the same name
		name := cases[i].Name
		for n := 2; seen[cases[i].Name]; n++ {
			cases[i].Name = fmt.Sprintf("%s (%d)", name, n)
		}
		seen[cases[i].Name] = true
	}
	return cases
}

func junitName(m state.Mismatch) string { return m.Kind + " " + printable(m.Item) + ": " + m.Type }

// junitMismatch is what a test says of a mismatch: in short, and all of it.
func junitMismatch(m state.Mismatch) *junitResult {
	var text strings.Builder
	fmt.Fprintf(&text, "expected %s\nactual   %s\n%s\n", printable(m.Expected), printable(m.Actual), printable(m.Source))
	text.WriteString(plaintext.Escape(m.Diff, "\n\t"))
	return &junitResult{Type: m.Type, Message: "expected " + value(m.Expected) + ", actual " + value(m.Actual), Text: text.String()}
}
