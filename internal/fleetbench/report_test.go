package fleetbench

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// report is all that was measured.
type report struct {
	sshd, canned [][]Result // a table for each fleet
	negotiated   string     // on the played fleets
	stored       *Stored
}

// finish prints the figures, writes them into docs/performance.md if all was measured, and fails for a target that was
// missed if that is asked for.
func (r *report) finish(t *testing.T, s settings) {
	text, targets := r.text(s)
	fmt.Println(text)
	if s.whole {
		file := filepath.Join(testenv.Repository(t), "docs", "performance.md")
		old, err := os.ReadFile(file)
		require.NoError(t, err)
		changed, err := Document(string(old), text)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, []byte(changed), 0o644))
		fmt.Println("written into docs/performance.md")
	}
	for _, one := range targets {
		if s.strict && !one.Met() {
			t.Errorf("missed: %s: %.3f, at most %.3f %s", one.What, one.Got, one.Limit, one.Unit)
		}
	}
}

// text is the figures in Markdown, with a heading for each kind.
func (r *report) text(s settings) (string, []Target) {
	var b strings.Builder
	var targets []Target
	say := func(format string, args ...any) { fmt.Fprintf(&b, format+"\n\n", args...) }
	say("`%s`: %s", s.command, Hardware(time.Now()))
	tables := func(heading string, fleets [][]Result) {
		for _, results := range fleets {
			say("### %d machines %s", results[0].Machines, heading)
			if n := len(results[0].Rounds); n > 1 {
				say("The median of %d rounds.", n)
			}
			say("%s", strings.TrimSpace(Table(results)))
		}
	}
	floor := s.takesPart("floor")
	tables("on a real sshd", r.sshd)
	if n := len(r.sshd); n > 0 && floor {
		targets = append(targets, RealTargets(r.sshd[n-1])...)
	}
	tables("played by another process", r.canned)
	for _, results := range r.canned {
		if floor {
			targets = append(targets, CannedTargets(results)...)
		}
	}
	if len(r.canned) > 0 {
		say("Who logged in there, with which algorithms, and how often:")
		say("```text\n%s\n```", strings.TrimSpace(r.negotiated))
	}
	targets = append(targets, FlatTargets(r.canned)...)
	if r.stored != nil {
		say("### %d stored verdicts", r.stored.Pairs)
		say("%s", strings.TrimSpace(r.stored.Table()))
		targets = append(targets, StoredTargets(r.stored)...)
	}
	say("### Targets")
	say("%s", strings.TrimSpace(Targets(targets)))
	return b.String(), targets
}
