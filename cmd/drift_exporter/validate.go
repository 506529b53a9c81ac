package main

import (
	"context"
	"fmt"
	"io"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// validateFlags are those of `validate`.
type validateFlags struct{ format, color string }

func addValidate(p *program) command {
	f := &validateFlags{}
	cmd := p.app.Command("validate", "Name every mistake in the configuration and the packs.")
	chooseVar(cmd.Flag("format", "Output format.").Default("text"), &f.format, "text", "json")
	addColor(cmd, &f.color)
	return command{cmd, func(_ context.Context, c *cli) int { return c.validate(f) }, validateManual}
}

var validateManual = manual{
	about: "Read the configuration, its machine files and all packs as serve does, and print every problem as " +
		"file:line: message. No machine is connected to.",
	examples: []example{
		{"The configuration of this directory", "drift_exporter validate"},
		{"Another one, before it is put in place", "drift_exporter validate --config.file=/tmp/new/config.yaml"},
		{"For CI: a list of file, line, severity and message", "drift_exporter validate --format=json"},
	},
	exits: []exit{{0, "serve would take it; there may be warnings"}, {1, "serve would refuse it"}, {2, "the command line is not valid"}},
	more:  "docs/configuration.md, docs/packs.md",
}

func (c *cli) validate(f *validateFlags) int {
	fleet, problems := checker.LoadFleet(c.common.configFile, c.env.home)
	exit := exitOK
	if problems.Fatal() {
		exit = exitFailure
	}
	if f.format == "json" {
		if err := writeJSON(c.stdout, problemList(problems)); err != nil {
			fmt.Fprintf(c.stderr, "drift_exporter: printing the problems: %v\n", err)
			return exitFailure
		}
		return exit
	}
	c.printProblems(c.stderr, problems, f.color)
	file := printable(c.common.configFile)
	if exit != exitOK {
		fmt.Fprintf(c.stderr, "%s is %s: %s\n", file, paletteFor(c.stderr, f.color, c.env).paint(red, "not valid"), tally(problems))
		return exit
	}
	summary := plaintext.Count(len(fleet.Config.Machines), "machine") + ", " + plaintext.Count(len(fleet.Packs), "pack")
	if len(problems) > 0 {
		summary += ", " + tally(problems)
	}
	fmt.Fprintf(c.stdout, "%s is %s: %s\n", file, paletteFor(c.stdout, f.color, c.env).paint(green, "valid"), summary)
	return exit
}

// tally is "2 errors, 1 warning".
func tally(problems yamlfile.Problems) string {
	var parts []string
	errors := len(problems.Errors())
	if errors > 0 {
		parts = append(parts, plaintext.Count(errors, "error"))
	}
	if warnings := len(problems) - errors; warnings > 0 {
		parts = append(parts, plaintext.Count(warnings, "warning"))
	}
	return strings.Join(parts, ", ")
}

// printProblems prints problems, a line each, on a terminal with space between files. They quote what is in the files.
func (c *cli) printProblems(w io.Writer, problems yamlfile.Problems, color string) {
	palette, terminal, last := paletteFor(w, color, c.env), isTerminal(w), ""
	for i, p := range problems {
		if terminal && i > 0 && p.File != last {
			fmt.Fprintln(w)
		}
		last = p.File
		place := p
		place.Message, place.Warning = "", false
		how, message := red, printable(p.Message)
		if p.Warning {
			how, message = yellow, palette.paint(yellow, "warning:")+" "+message
		}
		fmt.Fprintf(w, "%s %s\n", palette.paint(how, strings.TrimSpace(printable(place.String()))), message)
	}
	if terminal && len(problems) > 0 {
		fmt.Fprintln(w)
	}
	if problems.Fatal() {
		c.sayHowToBegin(w)
	}
}

// shownProblem is a problem as programs read it.
type shownProblem struct {
	File     string `json:"file"`
	Line     int    `json:"line,omitempty"` // left out if the file as a whole is meant
	Severity string `json:"severity"`
	Message  string `json:"message"`
}

func problemList(problems yamlfile.Problems) []shownProblem {
	list := []shownProblem{}
	for _, p := range problems {
		severity := "error"
		if p.Warning {
			severity = "warning"
		}
		list = append(list, shownProblem{p.File, p.Line, severity, p.Message})
	}
	return list
}
