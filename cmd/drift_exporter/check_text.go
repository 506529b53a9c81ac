package main

import (
	"bufio"
	"fmt"
	"io"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// textOptions say how text is printed.
type textOptions struct {
	palette
	width       int  // columns that a line should not exceed
	diffs       bool // what differs in content, below each mismatch
	quiet       bool // no machines that comply
	notChecked  int  // machines that the check was interrupted before
	displayName func(machine string) string
}

// textReport prints outcomes for people. What complies comes first, a line each, then what differs, in detail, then
// what could not be checked at all, and a summary: the more it matters, the nearer it is to the prompt. Within each,
// machines are in the fleet's order.
type textReport struct {
	textOptions
	out *bufio.Writer
	gap bool // something was printed since the last empty line
}

// printText prints outcomes of a check.
func printText(w io.Writer, outcomes []checker.Outcome, o textOptions) error {
	t := &textReport{textOptions: o, out: bufio.NewWriter(w)}
	var comply, differ, failed []checker.Outcome
	for _, o := range outcomes {
		switch status := machineStatus(o); {
		case status == state.Compliant && t.quiet:
		case status == state.Compliant && !slices.ContainsFunc(o.Results, func(r state.Result) bool { return len(r.Waived) > 0 }):
			comply = append(comply, o)
		case machineFailed(o):
			failed = append(failed, o)
		default:
			differ = append(differ, o)
		}
	}
	t.lines(comply, compliance)
	for _, o := range differ {
		t.machine(o)
	}
	t.lines(failed, func(o checker.Outcome) string { return string(o.Failure.Reason) + ": " + printable(o.Failure.Message) })
	t.summary(outcomes)
	return t.out.Flush()
}

// machineStatus is the status of a machine as a whole: of its packs, the one that matters most.
func machineStatus(o checker.Outcome) state.Status {
	status := state.Compliant
	if o.Failure != nil {
		status = state.Unknown
	}
	for _, r := range o.Results {
		switch {
		case r.Status != state.Compliant && r.Status != state.Drifted:
			status = state.Unknown
		case r.Status == state.Drifted && status == state.Compliant:
			status = state.Drifted
		}
	}
	return status
}

// machineFailed tells whether nothing of a machine could be checked, not only some of its items.
func machineFailed(o checker.Outcome) bool {
	return o.Failure != nil && o.Failure.Reason != state.ReasonUnreadable
}

func (t *textReport) printf(format string, args ...any) {
	fmt.Fprintf(t.out, format, args...) // out keeps the first error and returns it at Flush
	t.gap = true
}

// space separates what comes from what was printed, if anything was.
func (t *textReport) space() {
	if t.gap {
		t.printf("\n")
		t.gap = false
	}
}

// lines prints machines of which nothing but their status is to be said, one a line.
func (t *textReport) lines(outcomes []checker.Outcome, what func(checker.Outcome) string) {
	if len(outcomes) == 0 {
		return
	}
	t.space()
	names := make([]string, len(outcomes))
	for i, o := range outcomes {
		names[i] = o.Machine
	}
	column := columnOf(names...)
	for _, o := range outcomes {
		t.printf("%s  %s  %s\n", t.paint(bold, pad(o.Machine, column)), t.status(machineStatus(o), 0), what(o))
	}
}

// compliance is what a machine complies with: "20 items in base, web".
func compliance(o checker.Outcome) string {
	items, packs := 0, make([]string, len(o.Results))
	for i, r := range o.Results {
		items += r.Items
		packs[i] = r.Pack
	}
	return plaintext.Count(items, "item") + " in " + strings.Join(packs, ", ")
}

var statusStyles = map[state.Status]style{state.Compliant: green, state.Drifted: red, state.Unknown: yellow}

func (t *textReport) status(s state.Status, column int) string {
	return t.paint(statusStyles[s], pad(string(s), column))
}

// machine prints a machine in detail: a heading, and its packs below.
func (t *textReport) machine(o checker.Outcome) {
	t.space()
	heading := t.paint(bold, o.Machine) + "  " + t.status(machineStatus(o), 0)
	if about := t.about(o); about != "" {
		heading += "  " + t.paint(faint, about)
	}
	t.printf("%s\n", heading)
	packs, statuses := make([]string, len(o.Results)), make([]string, len(o.Results))
	for i, r := range o.Results {
		packs[i], statuses[i] = r.Pack, string(r.Status)
	}
	packColumn, statusColumn := columnOf(packs...), columnOf(statuses...)
	for _, r := range o.Results {
		t.printf("  %s  %s  %s\n", pad(r.Pack, packColumn), t.status(r.Status, statusColumn), packSummary(r))
		t.rows(rowsOf(r, t.diffs))
	}
}

// about is what else is known of a machine: how people call it, and what it says of itself.
func (t *textReport) about(o checker.Outcome) string {
	name, system := t.displayName(o.Machine), o.Facts.Name
	if name == o.Machine {
		name = ""
	}
	if system == "" {
		system = strings.TrimSpace(o.Facts.OS + " " + o.Facts.Version)
	}
	known := slices.DeleteFunc([]string{name, system, o.Facts.Arch}, func(s string) bool { return s == "" })
	return printable(strings.Join(known, ", "))
}

// packSummary is "2 mismatches, 1 error, 1 waived in 12 items".
func packSummary(r state.Result) string {
	items := plaintext.Count(r.Items, "item")
	if found := findings(len(r.Mismatches), len(r.Errors), len(r.Waived)); found != "" {
		return found + " in " + items
	}
	return items
}

// findings is "2 mismatches, 1 error, 1 waived", without what there is none of.
func findings(mismatches, errors, waived int) string {
	var found []string
	if mismatches > 0 {
		found = append(found, plaintext.Count(mismatches, "mismatch"))
	}
	if errors > 0 {
		found = append(found, plaintext.Count(errors, "error"))
	}
	if waived > 0 {
		found = append(found, fmt.Sprintf("%d waived", waived))
	}
	return strings.Join(found, ", ")
}

// summary counts machines and packs.
func (t *textReport) summary(outcomes []checker.Outcome) {
	machines, packs := map[state.Status]int{}, map[state.Status]int{}
	results, mismatches, errors, waived := 0, 0, 0, 0
	for _, o := range outcomes {
		machines[machineStatus(o)]++
		for _, r := range o.Results {
			packs[r.Status]++
			results++
			mismatches += len(r.Mismatches)
			errors += len(r.Errors)
			waived += len(r.Waived)
		}
	}
	found := findings(mismatches, errors, waived)
	if found != "" {
		found = " (" + found + ")"
	}
	t.space()
	names := []string{plaintext.Count(len(outcomes), "machine") + ":", plaintext.Count(results, "pack") + ":"}
	column := columnOf(names...)
	t.printf("%s %s\n", pad(names[0], column), t.statuses(machines))
	t.printf("%s %s%s\n", pad(names[1], column), t.statuses(packs), found)
	if t.notChecked > 0 {
		t.printf("%s\n", t.paint(yellow, "interrupted: "+plaintext.Count(t.notChecked, "machine")+" not checked"))
	}
}

func (t *textReport) statuses(counts map[state.Status]int) string {
	var parts []string
	for _, s := range []state.Status{state.Compliant, state.Drifted, state.Unknown} {
		how := plain
		if counts[s] > 0 {
			how = statusStyles[s]
		}
		parts = append(parts, t.paint(how, fmt.Sprintf("%d %s", counts[s], s)))
	}
	return strings.Join(parts, ", ")
}

// printable escapes what would move the cursor, colour the terminal or hide text: names and values come from
// machines, and a machine may be hostile. Tabs and newlines are escaped as well, since they would break a line.
func printable(s string) string { return plaintext.Escape(s, "") }
