package main

import (
	"context"
	"fmt"
)

func addValidate(p *program) command {
	cmd := p.app.Command("validate", "Name every mistake in the configuration and the packs.")
	return command{cmd, func(_ context.Context, c *cli) int {
		fleet, problems, err := c.loadFleet(c.stderr)
		if err != nil {
			fmt.Fprintf(c.stderr, "%s is not valid: %s\n", c.common.configFile, count(len(problems.Errors()), "problem"))
			return exitFailure
		}
		fmt.Fprintf(c.stdout, "%s is valid: %s, %s\n", c.common.configFile,
			count(len(fleet.Config.Machines), "machine"), count(len(fleet.Packs), "pack"))
		return exitOK
	}, validateManual}
}

var validateManual = manual{
	about: "Read the configuration, its machine files and all packs as serve does, and print every problem as " +
		"file:line: message. No machine is connected to.",
	examples: []example{
		{"The configuration of this directory", "drift_exporter validate"},
		{"Another one, before it is put in place", "drift_exporter validate --config.file=/tmp/new/config.yaml"},
	},
	exits: []exit{{0, "serve would take it; there may be warnings"}, {1, "serve would refuse it"}, {2, "the command line is not valid"}},
	more:  "docs/configuration.md, docs/packs.md",
}

// count is "1 machine", "2 machines".
func count(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	if noun == "mismatch" {
		return fmt.Sprintf("%d mismatches", n)
	}
	return fmt.Sprintf("%d %ss", n, noun)
}
