package main

import (
	"bufio"
	"fmt"
	"io"
	"regexp"
	"strings"
	"text/tabwriter"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// printText prints outcomes for people: a line per pair, its mismatches and errors below, a summary at the end.
func printText(w io.Writer, outcomes []checker.Outcome, diffs bool) error {
	out := bufio.NewWriter(w)
	counts := map[state.Status]int{}
	for _, o := range outcomes {
		for _, r := range o.Results {
			counts[r.Status]++
			printResult(out, r, diffs)
		}
	}
	fmt.Fprintf(out, "%s checked: %d compliant, %d drifted, %d unknown\n",
		count(len(outcomes), "machine"), counts[state.Compliant], counts[state.Drifted], counts[state.Unknown])
	return out.Flush()
}

func printResult(out *bufio.Writer, r state.Result, diffs bool) {
	fmt.Fprintf(out, "%s: %s", r.Key, r.Status)
	switch {
	case r.Failure != nil:
		fmt.Fprintf(out, " (%s: %s)", r.Failure.Reason, printable(r.Failure.Message))
	case len(r.Mismatches) > 0:
		fmt.Fprintf(out, " (%s in %s)", count(len(r.Mismatches), "mismatch"), count(r.Items, "item"))
	default:
		fmt.Fprintf(out, " (%s)", count(r.Items, "item"))
	}
	fmt.Fprintln(out)

	table := tabwriter.NewWriter(out, 0, 8, 2, ' ', 0)
	printMismatches(table, r.Mismatches, "")
	printMismatches(table, r.Waived, "waived: ")
	for _, e := range r.Errors {
		fmt.Fprintf(table, "  error\t%s %s\t%s\n", e.Kind, printable(e.Item), printable(e.Error))
	}
	_ = table.Flush() // out keeps the first error and returns it at its own Flush

	for _, m := range r.Mismatches {
		if diffs && m.Diff != "" {
			printDiff(out, m)
		}
	}
}

func printMismatches(table io.Writer, mismatches []state.Mismatch, prefix string) {
	for _, m := range mismatches {
		why := ""
		if m.Waiver != "" {
			why = " (" + printable(m.Waiver) + ")"
		}
		fmt.Fprintf(table, "  %s%s\t%s %s\texpected %s, actual %s\t%s%s\n", prefix, m.Type, m.Kind, printable(m.Item),
			value(m.Expected), value(m.Actual), m.Source, why)
	}
}

func printDiff(out *bufio.Writer, m state.Mismatch) {
	fmt.Fprintf(out, "  %s %s\n", m.Kind, printable(m.Item))
	for line := range strings.Lines(m.Diff) {
		fmt.Fprintf(out, "    %s\n", printable(strings.TrimSuffix(line, "\n")))
	}
}

var wholeHash = regexp.MustCompile(`^sha256:[0-9a-f]{64}$`)

// value is an expected or actual value; of a hash the beginning is enough to tell two apart.
func value(s string) string {
	if wholeHash.MatchString(s) {
		return s[:len("sha256:")+12] + "…"
	}
	if s == "" {
		return `""`
	}
	return printable(s)
}

// printable escapes what would move the cursor, colour the terminal or hide text: names and values come from
// machines, and a machine may be hostile. Tabs and newlines are escaped as well, since they would break a line.
func printable(s string) string { return plaintext.Escape(s, "") }
