package main

import (
	"fmt"
	"io"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

// event is what test2json writes, a line of output each, or the end of a test or a package.
type event struct {
	Action, Package, Test, Output string
}

// record is what the tests of a package have printed so far.
type record struct {
	lines []event
	ended map[string]bool // tests that passed or were skipped
}

func (r *record) take(e event) {
	switch e.Action {
	case "output":
		r.lines = append(r.lines, e)
	case "pass", "skip":
		r.ended[e.Test] = true
	}
}

// print writes what go test would: of a package that passed the last line, else also all of the tests that did not.
func (r *record) print(out io.Writer, failed bool) {
	for _, line := range r.lines {
		switch {
		case line.Test == "" && (failed || strings.HasPrefix(line.Output, "ok  \t") || strings.HasPrefix(line.Output, "?   \t")):
		case line.Test == "" || !failed || r.ended[line.Test] || strings.HasPrefix(line.Output, "=== "):
			continue
		}
		fmt.Fprint(out, line.Output)
	}
}

// searched is 1 if an event's output holds a secret, which it says.
func searched(out io.Writer, e event) int {
	found := testsecret.Found(e.Output)
	if len(found) == 0 {
		return 0
	}
	fmt.Fprintf(out, "planted secret in the output of %s %s: %q\n", e.Package, e.Test, found[0])
	return 1
}
