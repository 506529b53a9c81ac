package main

import (
	"context"
	"fmt"
	"log/slog"
	"maps"
	"slices"
	"strings"

	"github.com/jonboulle/clockwork"
	"github.com/prometheus/common/promslog"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// snapshotFlags are those of `snapshot`.
type snapshotFlags struct {
	machine string
	what    []checker.Selection
}

func addSnapshot(p *program) command {
	f := &snapshotFlags{}
	cmd := p.app.Command("snapshot", "Print a pack that describes a machine as it is.")
	cmd.Arg("machine", "The machine to describe: one of the configuration that has drift detection enabled.").
		PlaceHolder("MACHINE").HintAction(p.enabledHints).Required().StringVar(&f.machine)
	for _, d := range checker.Kinds().Describable() {
		flag := flagOfKind(d.Kind)
		help := fmt.Sprintf("Describe this %s: %s.", strings.ReplaceAll(d.Kind, "_", " "), d.Selector)
		clause := cmd.Flag(flag, help).PlaceHolder(strings.ToUpper(flag))
		if strings.HasSuffix(d.Selector, " all") {
			clause.HintOptions("all")
		}
		clause.SetValue(&selectionValue{kind: d.Kind, to: &f.what})
	}
	return command{cmd, func(ctx context.Context, c *cli) int { return c.snapshot(ctx, f) }, snapshotManual}
}

var snapshotManual = manual{
	about: "Print a pack that describes a machine as it is now, to be edited and assigned. The machine complies with it, unless " +
		"it changes meanwhile. The pack goes to standard output, what could not be described is named on standard error.",
	examples: []example{
		{"What an SSH server is like", "drift_exporter snapshot web1 --file='/etc/ssh/*' > packs/ssh.yaml"},
		{"Everything that can be enumerated", "drift_exporter snapshot web1 --package=all --service=all --user=all"},
	},
	exits: []exit{
		{0, "all was described"},
		{2, "something could not be observed and is not in the pack; or nothing could; or the command line or the configuration is not valid"},
	},
	more: "docs/packs.md",
}

// flagOfKind is the flag that describes things of a kind.
func flagOfKind(kind string) string { return strings.ReplaceAll(kind, "_", "-") }

// selectionValue collects the selections of one kind's flag, in the order of the command line.
type selectionValue struct {
	kind string
	to   *[]checker.Selection
}

func (v *selectionValue) String() string { return "" }

// IsCumulative tells kingpin that the flag may be repeated.
func (v *selectionValue) IsCumulative() bool { return true }

// Set takes a selector as it was given.
func (v *selectionValue) Set(selector string) error {
	if selector == "" {
		return fmt.Errorf("a %s must be named", v.kind)
	}
	*v.to = append(*v.to, checker.Selection{Kind: v.kind, Selector: selector})
	return nil
}

// loadMachines reads the configuration without its packs: the one that is being written may be there, empty.
func (c *cli) loadMachines() (*checker.Fleet, error) {
	cfg, problems := config.Load(c.common.configFile, c.env.home)
	c.printProblems(c.stderr, problems.Errors(), colorAuto)
	if problems.Fatal() {
		return nil, errInvalid
	}
	return &checker.Fleet{Config: cfg}, nil
}

func (c *cli) snapshot(ctx context.Context, f *snapshotFlags) int {
	if len(f.what) == 0 {
		fmt.Fprintln(c.stderr, "drift_exporter: nothing to describe: give --file, --package or another flag of what the pack is to hold, see snapshot --help")
		return exitUnknown
	}
	fleet, err := c.loadMachines()
	if err != nil {
		return exitUnknown
	}
	if _, known := fleet.Machine(f.machine); !known {
		fmt.Fprintf(c.stderr, "drift_exporter: %v\n", unknownMachine(f.machine, fleet.Config.Machines))
		return exitUnknown
	}
	snapshot, failure := c.describe(ctx, fleet, f)
	if failure != nil {
		fmt.Fprintf(c.stderr, "drift_exporter: machine %q: %s\n", f.machine, printable(failure.Error()))
		return exitUnknown
	}
	if _, err := c.stdout.Write(slices.Concat(f.origin(), snapshot.Pack)); err != nil {
		fmt.Fprintf(c.stderr, "drift_exporter: printing the pack: %v\n", err)
		return exitUnknown
	}
	c.summarize(f.machine, snapshot)
	if len(snapshot.Errors) > 0 {
		return exitUnknown
	}
	return exitOK
}

// describe takes the snapshot. Meanwhile a terminal shows that it goes on.
func (c *cli) describe(ctx context.Context, fleet *checker.Fleet, f *snapshotFlags) (*checker.Snapshot, *state.Failure) {
	clock := clockwork.NewRealClock()
	if isTerminal(c.stderr) && !c.env.dumb() {
		p := startProgress(c.stderr, func() int { return widthOf(c.stderr) }, clock, lineOfWaiting("describing "+f.machine))
		defer p.end()
		c.log.Writer = p
	}
	return c.newChecker(promslog.New(c.log), slog.New(slog.DiscardHandler), clock, nil).Snapshot(ctx, fleet, f.machine, f.what)
}

// origin is a comment at the head of the pack: who reads it later knows how to make it again.
func (f *snapshotFlags) origin() []byte {
	line := "drift_exporter snapshot " + f.machine
	for _, s := range f.what {
		line += " --" + flagOfKind(s.Kind) + "=" + shellWord(s.Selector)
	}
	const most = 400
	return []byte("# Made by: " + plaintext.EscapeUpTo(line, most, "", " …") + "\n")
}

// shellWord is a text as a shell takes it for one word.
func shellWord(text string) string {
	if harmless.MatchString(text) {
		return text
	}
	return "'" + strings.ReplaceAll(text, "'", `'\''`) + "'"
}

// summarize says what is in the pack and what is not, and why.
func (c *cli) summarize(machine string, s *checker.Snapshot) {
	palette := paletteFor(c.stderr, colorAuto, c.env)
	for _, e := range s.Errors {
		fmt.Fprintf(c.stderr, "drift_exporter: %s: %s %s: %s\n", palette.paint(yellow, "not described"), e.Kind, printable(e.Item), printable(e.Error))
	}
	line := "described " + plaintext.Count(s.Items, "item") + " of " + machine
	var made struct {
		Items map[string][]yaml.Node `yaml:"items"`
	}
	if err := yaml.Unmarshal(s.Pack, &made); err == nil && s.Items > 0 { // it was made by us; else the number has to do
		var parts []string
		for _, section := range slices.Sorted(maps.Keys(made.Items)) {
			parts = append(parts, plaintext.Count(len(made.Items[section]), strings.TrimSuffix(section, "s")))
		}
		line += ": " + strings.Join(parts, ", ")
	}
	if n := len(s.Errors); n > 0 {
		line += fmt.Sprintf("; %d not described", n)
	}
	fmt.Fprintf(c.stderr, "drift_exporter: %s\n", line)
}
