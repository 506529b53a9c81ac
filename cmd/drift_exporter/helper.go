package main

import (
	"context"
	"fmt"
	"io"

	"github.com/drift-exporter/drift_exporter/checker"
)

// helperFlags are those of `helper`.
type helperFlags struct{ allowCommands, content bool }

func addHelper(p *program) command {
	f := &helperFlags{}
	cmd := p.app.Command("helper", "Print the script to install on machines instead of root access.")
	cmd.Flag("allow-commands", "Let it run the commands of packs: then whoever holds the key has it run any.").BoolVar(&f.allowCommands)
	cmd.Flag("content", "Let it tell content of files. With --no-content, content is compared by its hash only.").Default("true").BoolVar(&f.content)
	return command{cmd, func(_ context.Context, c *cli) int {
		text := checker.Helper(checker.HelperOptions{AllowCommands: f.allowCommands, NoContent: !f.content})
		if _, err := io.WriteString(c.stdout, text); err != nil {
			fmt.Fprintf(c.stderr, "drift_exporter: printing the script: %v\n", err)
			return exitFailure
		}
		return exitOK
	}, helperManual}
}

var helperManual = manual{
	about: "Print the script that observes machines, to be installed on them as the one program that sudoers and the forced " +
		"command of a key allow. It is the same for all machines, and ssh.helper in the configuration names where it is. It runs " +
		"no commands of packs, unless it is made to. An answer of another version's script is believed only where both make it in " +
		"the same way: install it anew when you upgrade.",
	examples: []example{
		{"The script, for a machine", "drift_exporter helper > drift_exporter_helper"},
		{"One that tells no content of files", "drift_exporter helper --no-content > drift_exporter_helper"},
	},
	exits: []exit{{0, "it was printed"}, {1, "it could not be printed"}, {2, "the command line is not valid"}},
	more:  "docs/least-privilege.md",
}
