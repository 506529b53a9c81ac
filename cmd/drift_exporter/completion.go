package main

import (
	"context"
	"embed"
	"fmt"
)

// completionScripts are what each shell calls us with. They execute nothing that we print.
//
//go:embed completion
var completionScripts embed.FS

func addCompletion(p *program) command {
	var shell string
	cmd := p.app.Command("completion", "Print the completion script of a shell.")
	arg := cmd.Arg("shell", "The shell.").PlaceHolder("SHELL").Required()
	chooseArg(arg, &shell, "bash", "zsh", "fish")
	return command{cmd, func(_ context.Context, c *cli) int {
		script, err := completionScripts.ReadFile("completion/drift_exporter." + shell)
		if err == nil {
			_, err = c.stdout.Write(script)
		}
		if err != nil {
			fmt.Fprintf(c.stderr, "drift_exporter: printing the script: %v\n", err)
			return exitFailure
		}
		return exitOK
	}, completionManual}
}

var completionManual = manual{
	about: "Print a script with which a shell completes commands, flags, their values, and the names of machines, packs and " +
		"labels of the configuration that the line names with --config.file. Names are offered as long as the " +
		"configuration can be read; a completion never prints an error.",
	examples: []example{
		{"bash, in ~/.bashrc", "source <(drift_exporter completion bash)"},
		{"zsh, in a directory of $fpath", "drift_exporter completion zsh > _drift_exporter"},
		{"fish, in ~/.config/fish/completions", "drift_exporter completion fish > drift_exporter.fish"},
	},
	exits: []exit{{0, "it was printed"}, {1, "it could not be printed"}, {2, "there is no script for this shell"}},
	more:  "docs/cli.md",
}
