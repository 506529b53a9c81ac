package main

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"os"
	"os/signal"
	"runtime/debug"
	"slices"
	"syscall"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/common/promslog"
	"golang.org/x/sync/errgroup"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// checkFlags are those of `check`.
type checkFlags struct {
	query
	format string
	color  string
	diff   bool
	quiet  bool
}

func addCheck(p *program) command {
	f := &checkFlags{}
	cmd := p.app.Command("check", "Check machines now and print what differs.")
	cmd.Arg("machine", "Machines to check, by name or glob. Without any, all that carry a pack and have drift detection enabled.").
		PlaceHolder("MACHINE").HintAction(p.machineHints).StringsVar(&f.machines)
	cmd.Flag("limit", "Check only machines that match: a name, a glob (web*) or a label (env=prod, env!=prod, env=~\"prod|stage\"), "+
		"! before it for all others. Between commas, any of them; given several times, each of them.").
		PlaceHolder("PATTERN,...").HintAction(p.limitHints).StringsVar(&f.limits)
	cmd.Flag("pack", "Check only this pack.").HintAction(p.carriedHints).StringsVar(&f.packs)
	chooseVar(cmd.Flag("format", "Output format.").Default("text"), &f.format, "text", "json", "junit")
	cmd.Flag("diff", "Print content differences as unified diffs (text format).").BoolVar(&f.diff)
	cmd.Flag("quiet", "Print no machines that comply (text format).").Short('q').BoolVar(&f.quiet)
	addColor(cmd, &f.color)
	return command{cmd, func(ctx context.Context, c *cli) int { return c.check(ctx, f) }, checkManual}
}

var checkManual = manual{
	about: "Check machines now, each once, and print what differs. It is for the terminal, cron and CI: no verdict is stored, " +
		"no metric changes and no alert is sent, and it may run beside serve.",
	groups: []flagGroup{{"Which machines", []string{"limit", "pack"}}, {"Output", []string{"format", "diff", "quiet", "color"}}},
	examples: []example{
		{"All machines", "drift_exporter check"},
		{"Some, by name or glob, with the differences in content", "drift_exporter check db1 'web*' --diff"},
		{"Those with a label, one pack of them", "drift_exporter check --limit=env=prod --pack=base"},
		{"Only what does not comply", "drift_exporter check --quiet"},
		{"A report for a CI server", "drift_exporter check --format=junit > drift.xml"},
	},
	exits: []exit{
		{0, "all machines comply"},
		{1, "something drifted, and everything could be checked"},
		{2, "something could not be checked, whatever else drifted; or the command line or the configuration is not valid"},
	},
	more: "docs/cli.md",
}

func (c *cli) check(ctx context.Context, f *checkFlags) int {
	fleet, err := c.loadFleet(c.stderr)
	if err != nil {
		return exitUnknown
	}
	fleet, names, err := selection(fleet, f.query)
	if err != nil {
		fmt.Fprintf(c.stderr, "drift_exporter: %v\n", err)
		return exitUnknown
	}
	if !c.env.ownGOGC {
		debug.SetGCPercent(growthOfCheck)
	}
	outcomes := c.checkNow(ctx, fleet, names)
	if err := c.printOutcomes(fleet, outcomes, f); err != nil {
		fmt.Fprintf(c.stderr, "drift_exporter: printing the results: %v\n", err)
		return exitUnknown
	}
	return checkExit(outcomes)
}

// checkNow checks the machines. Meanwhile a terminal shows how far it has come; nothing else does, since there the
// progress would be garbage in a log.
func (c *cli) checkNow(ctx context.Context, fleet *checker.Fleet, names []string) []checker.Outcome {
	// Who interrupts a second time does not want to wait for the rest.
	defer context.AfterFunc(ctx, func() { signal.Reset(os.Interrupt, syscall.SIGTERM) })()
	clock, done := clockwork.NewRealClock(), func(checker.Outcome) {}
	if isTerminal(c.stderr) && !c.env.dumb() {
		p := startProgress(c.stderr, func() int { return widthOf(c.stderr) }, clock, lineOfCheck(len(names)))
		defer p.end()
		c.log.Writer, done = p, p.add
	}
	log := promslog.New(c.log)
	about := log
	if !log.Enabled(ctx, slog.LevelDebug) {
		about = slog.New(slog.DiscardHandler) // what a check came to is printed below, and not twice
	}
	return checkAll(ctx, fleet, names, c.newChecker(log, about, clock, nil), done)
}

// growthOfCheck is how far the heap may grow between two collections, in percent of what is live: a connection leaves much
// garbage, and the process ends with the check. More costs more than it saves, since memory that is new has to be made first.
const growthOfCheck = 200

func (c *cli) printOutcomes(fleet *checker.Fleet, outcomes []checker.Outcome, f *checkFlags) error {
	machine := func(name string) *config.Machine {
		m, _ := fleet.Machine(name) // it was chosen from the fleet
		return m
	}
	switch f.format {
	case "json":
		return printJSON(c.stdout, outcomes)
	case "junit":
		return printJUnit(c.stdout, outcomes, machine)
	}
	checked := slices.DeleteFunc(slices.Clone(outcomes), interrupted)
	return printText(c.stdout, checked, textOptions{
		palette: paletteFor(c.stdout, f.color, c.env), width: widthOf(c.stdout), diffs: f.diff, quiet: f.quiet,
		notChecked:  len(outcomes) - len(checked),
		displayName: func(name string) string { return machine(name).DisplayName },
	})
}

// interrupted tells whether a machine was not checked because the one who asked did not want to wait any longer.
func interrupted(o checker.Outcome) bool {
	return o.Failure != nil && errors.Is(o.Failure, context.Canceled)
}

// checkAll checks the machines, as many at a time as configured, and returns the outcomes in the order of the
// names. Each is handed to done as well, several at a time, as soon as it is there. Failed connections are not
// retried: the one who asked is waiting, and asks again.
func checkAll(
	ctx context.Context, fleet *checker.Fleet, names []string, check *checker.Checker, done func(checker.Outcome),
) []checker.Outcome {
	outcomes := make([]checker.Outcome, len(names))
	var group errgroup.Group
	group.SetLimit(fleet.Config.Check.Concurrency)
	for i, name := range names {
		group.Go(func() error {
			outcomes[i] = check.Check(ctx, fleet, name, "")
			if !interrupted(outcomes[i]) {
				done(outcomes[i])
			}
			return nil
		})
	}
	_ = group.Wait() // no check returns an error: a failure is an outcome
	return outcomes
}

// checkExit is the exit status of a check; what could not be checked outranks what drifted.
func checkExit(outcomes []checker.Outcome) int {
	exit := exitOK
	for _, o := range outcomes {
		switch machineStatus(o) {
		case state.Compliant:
		case state.Drifted:
			exit = exitDrift
		default:
			return exitUnknown
		}
	}
	return exit
}

// printJSON prints {"results": [...]} with the reports of the HTTP API.
func printJSON(w io.Writer, outcomes []checker.Outcome) error {
	reports := []state.Report{}
	for _, o := range outcomes {
		for _, r := range o.Results {
			reports = append(reports, r.Report())
		}
	}
	return writeJSON(w, map[string]any{"results": reports})
}
