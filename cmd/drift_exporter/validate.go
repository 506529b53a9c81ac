package main

import (
	"context"
	"fmt"

	"github.com/alecthomas/kingpin/v2"
)

func addValidate(a *kingpin.Application) (string, command) {
	cmd := a.Command("validate", "Check the configuration and all packs, and print every problem as file:line: message.")
	return cmd.FullCommand(), func(_ context.Context, c *cli) int {
		fleet, problems, err := c.loadFleet(c.stderr)
		if err != nil {
			fmt.Fprintf(c.stderr, "%s is not valid: %s\n", c.common.configFile, count(len(problems.Errors()), "problem"))
			return exitFailure
		}
		fmt.Fprintf(c.stdout, "%s is valid: %s, %s\n", c.common.configFile,
			count(len(fleet.Config.Machines), "machine"), count(len(fleet.Packs), "pack"))
		return exitOK
	}
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
