// Command drift_exporter checks machines against packs over SSH, exposes what drifted to Prometheus and tells
// Alertmanager when a machine stops complying. This package is the wiring: flags, environment, signals, exit
// codes, and one file per command. It holds no logic about machines, alerts or pages.
package main

import (
	"context"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	promslogflag "github.com/prometheus/common/promslog/flag"
	"github.com/prometheus/common/version"
)

// The exit codes. A check that could not be made outranks drift: it is the one nobody may overlook.
const (
	exitOK      = 0
	exitDrift   = 1 // check
	exitFailure = 1 // every other command
	exitUnknown = 2 // check
)

func main() {
	os.Exit(execute(os.Args[1:], processEnvironment(), os.Stdout, os.Stderr))
}

// command is what a subcommand's file registers: its flags were added, and this runs it.
type command func(ctx context.Context, cli *cli) int

// cli is what all commands share.
type cli struct {
	common *commonFlags
	env    environment
	log    *promslog.Config
	stdout io.Writer
	stderr io.Writer
}

// execute parses the arguments and runs the command they name; it returns the exit code.
func execute(args []string, env environment, stdout, stderr io.Writer) int {
	a := kingpin.New("drift_exporter",
		"Checks machines against packs over SSH, exposes what drifted to Prometheus and alerts through Alertmanager.")
	a.UsageWriter(stdout)
	a.ErrorWriter(stderr)
	a.HelpFlag.Short('h')
	a.Version(version.Print("drift_exporter"))
	exited := -1
	a.Terminate(func(status int) {
		if exited < 0 {
			exited = status
		}
	})

	c := &cli{common: addCommonFlags(a), env: env, log: &promslog.Config{Writer: stderr}, stdout: stdout, stderr: stderr}
	promslogflag.AddFlags(a, c.log)
	commands := map[string]command{}
	for _, add := range []func(*kingpin.Application) (string, command){addServe, addCheck, addValidate, addPacks, addSnapshot} {
		name, do := add(a)
		commands[name] = do
	}

	name, err := a.Parse(args)
	if exited >= 0 { // --help or --version was asked for and printed
		return exited
	}
	if err != nil {
		fmt.Fprintf(stderr, "drift_exporter: %v, try --help\n", err)
		return exitUnknown
	}
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	defer stop()
	return commands[name](ctx, c)
}
