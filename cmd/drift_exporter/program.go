package main

import (
	"bytes"
	"context"
	"fmt"
	"io"
	"os/signal"
	"slices"
	"strings"
	"syscall"

	"github.com/alecthomas/kingpin/v2"
	"github.com/prometheus/common/promslog"
	"github.com/prometheus/common/version"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// command is what a subcommand's file registers: its flags were added, run runs it, and manual is what else its help
// says.
type command struct {
	clause *kingpin.CmdClause
	run    func(ctx context.Context, c *cli) int
	manual manual
}

// cli is what all commands share.
type cli struct {
	common *commonFlags
	env    environment
	log    *promslog.Config
	stdout io.Writer
	stderr io.Writer
	hinted *config.Config // what completions were made from
}

// program is the command line: what it understands, and what it says of itself.
type program struct {
	*cli
	app      *kingpin.Application
	commands []command
	said     bytes.Buffer // what kingpin prints: help and version
	exited   int          // what kingpin would have exited with; -1 if it would not have
}

func newProgram(env environment, stdout, stderr io.Writer) *program {
	p := &program{cli: &cli{env: env, stdout: stdout, stderr: stderr}, exited: -1}
	p.app = kingpin.New("drift_exporter",
		"Checks machines against packs over SSH, exposes what drifted to Prometheus and alerts through Alertmanager. "+
			"Without a command it serves.")
	p.app.UsageWriter(&p.said).ErrorWriter(stderr)
	p.app.UsageTemplate(usageTemplate).UsageFuncs(p.usageFuncs())
	p.app.HelpFlag.Short('h').Help("Show the help of the program or of a command.")
	p.app.Version(version.Print("drift_exporter"))
	p.app.VersionFlag.Help("Show the version.")
	p.app.Terminate(func(status int) {
		if p.exited < 0 {
			p.exited = status
		}
	})
	p.common = addCommonFlags(p.app)
	p.log = addLogFlags(p.app, stderr)
	for _, add := range []func(*program) command{addServe, addCheck, addValidate, addPacks, addSnapshot, addHelper, addCompletion} {
		p.commands = append(p.commands, add(p))
	}
	return p
}

// execute parses the arguments and runs the command they name; it returns the exit code.
func execute(args []string, env environment, stdout, stderr io.Writer) int {
	p := newProgram(env, stdout, stderr)
	if len(args) > 0 && args[0] == completeHook {
		printCompletions(stdout, p.complete(args[1:]))
		return exitOK
	}
	if len(args) > 0 && args[0] == "help" { // as kingpin does it, but with the same answer to what is mistyped
		args = append(slices.Clone(args[1:]), "--help")
	}
	name, err := p.parse(args)
	switch {
	case err != nil:
		fmt.Fprintf(stderr, "drift_exporter: %s\n", p.mistake(args, err))
		return exitUnknown
	case p.exited >= 0: // --help or --version was asked for
		if _, err := p.said.WriteTo(stdout); err != nil {
			return exitFailure
		}
		return p.exited
	}
	ctx, stop := signal.NotifyContext(context.Background(), syscall.SIGINT, syscall.SIGTERM)
	defer stop()
	do, _ := p.command(name)
	return do.run(ctx, p.cli)
}

// parse is the name of the command to run. There is none and no error where kingpin has answered itself.
func (p *program) parse(args []string) (string, error) {
	if flag, ok := p.switchWithValue(args); ok {
		return "", fmt.Errorf("--%s takes no value; to turn it off, write --no-%s", flag, flag)
	}
	name, err := p.app.Parse(args)
	if p.exited >= 0 {
		return "", nil
	}
	return name, err
}

// command finds a command by its name.
func (p *program) command(name string) (command, bool) {
	i := slices.IndexFunc(p.commands, func(c command) bool { return c.clause.FullCommand() == name })
	if i < 0 {
		return command{}, false
	}
	return p.commands[i], true
}

// switchWithValue finds a flag that is on or off and was given a value: kingpin takes that for the next argument.
func (p *program) switchWithValue(args []string) (string, bool) {
	for _, arg := range args {
		name, _, hasValue := strings.Cut(arg, "=")
		if arg == "--" {
			break
		}
		if name, long := strings.CutPrefix(name, "--"); long && hasValue {
			if flag := p.flag(name); flag != nil && flag.IsBoolFlag() {
				return name, true
			}
		}
	}
	return "", false
}

// flag finds a flag of the program or of any command by its name.
func (p *program) flag(name string) *kingpin.FlagModel {
	if clause := p.app.GetFlag(name); clause != nil {
		return clause.Model()
	}
	for _, c := range p.commands {
		if clause := c.clause.GetFlag(name); clause != nil {
			return clause.Model()
		}
	}
	return nil
}
