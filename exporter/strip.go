package exporter

import (
	"fmt"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// stripLength is how many checks the strip in a table shows.
const stripLength = 14

// stripCell is a check in the strip of a pair's last ones: its mark for the eye, and its words for who cannot see it.
type stripCell struct {
	Status state.Status
	Mark   string
	Words  string
	Check  state.Check
}

// stripMark tells statuses apart without colours. Each is one character that every font has.
func stripMark(s state.Status) string {
	switch s {
	case state.Compliant:
		return "·"
	case state.Drifted:
		return "×"
	default: // what is no verdict is never taken for one
		return "?"
	}
}

// stripCells is the strip of these checks, the oldest first.
func stripCells(checks state.Checks) []stripCell {
	cells := make([]stripCell, 0, len(checks))
	for _, c := range checks {
		cells = append(cells, stripCell{Status: c.Status, Mark: stripMark(c.Status), Words: outcome(c.Status, c.Mismatches), Check: c})
	}
	return cells
}

// outcome is what a check found, in words.
func outcome(s state.Status, mismatches int) string {
	switch s {
	case state.Compliant:
		return "compliant"
	case state.Drifted:
		return "drifted, " + plaintext.Count(mismatches, "mismatch")
	default:
		return "unknown, no verdict"
	}
}

// smallStrip is a strip for tables, of which a page has hundreds: checks in a row that went alike are one run.
type smallStrip struct {
	Words string
	Runs  []stripRun
}

type stripRun struct {
	Status state.Status
	Marks  string
}

// stripSmall is the small strip of the last of these checks.
func stripSmall(checks state.Checks) smallStrip {
	checks = checks[max(0, len(checks)-stripLength):]
	var s smallStrip
	var words []string
	for start := 0; start < len(checks); {
		end := start
		for end < len(checks) && checks[end].Status == checks[start].Status {
			end++
		}
		status := checks[start].Status
		s.Runs = append(s.Runs, stripRun{status, strings.Repeat(stripMark(status), end-start)})
		words = append(words, fmt.Sprintf("%d %s", end-start, status))
		start = end
	}
	if len(words) > maxTurns {
		words = []string{inTurns(checks)}
	}
	s.Words = strings.Join(words, ", ")
	return s
}

// maxTurns is how often the outcome of checks may turn before their words only count them.
const maxTurns = 4

func inTurns(checks state.Checks) string {
	var words []string
	for _, status := range []state.Status{state.Drifted, state.Unknown, state.Compliant} {
		n := 0
		for _, c := range checks {
			if c.Status == status || status == state.Unknown && !judged(c.Status) {
				n++
			}
		}
		if n > 0 {
			words = append(words, fmt.Sprintf("%d %s", n, status))
		}
	}
	return strings.Join(words, ", ") + ", in turns"
}
