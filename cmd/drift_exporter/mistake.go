package main

import (
	"fmt"
	"slices"

	"github.com/alecthomas/kingpin/v2"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// mistake says in one line what is wrong with a command line that was refused, what was probably meant, and where to
// read on. What was typed may have come from anywhere.
func (p *program) mistake(args []string, err error) string {
	prefix, help := "", "drift_exporter --help"
	what := err.Error()
	context, parseErr := p.app.ParseContext(args)
	if context != nil && context.SelectedCommand != nil && slices.Contains(args, context.SelectedCommand.FullCommand()) {
		name := context.SelectedCommand.FullCommand()
		prefix, help = name+": ", "drift_exporter "+name+" --help"
	}
	if parseErr != nil && context != nil {
		if better := p.unknown(context, prefix != ""); better != "" {
			what = better
		}
	}
	return printable(prefix+what) + "; try " + help
}

// unknown says what the parser stumbled over: a flag, a command or an argument that there is not; empty if it was
// something else.
func (p *program) unknown(context *kingpin.ParseContext, named bool) string {
	token := context.Peek()
	switch token.Type {
	case kingpin.TokenShort:
		return "unknown flag -" + token.Value
	case kingpin.TokenLong:
		if known := p.flag(token.Value); known != nil && p.app.GetFlag(token.Value) == nil && !named {
			return fmt.Sprintf("--%s is no flag of the program but of %s: name the command before it", token.Value, p.ownerOf(token.Value))
		}
		name := "--" + token.Value
		return "unknown flag " + name + yamlfile.Suggest(name, p.flagNames(context.SelectedCommand))
	case kingpin.TokenArg:
		if named {
			return fmt.Sprintf("unexpected argument %q", token.Value)
		}
		return fmt.Sprintf("unknown command %q%s", token.Value, yamlfile.Suggest(token.Value, p.commandNames()))
	}
	return ""
}

// ownerOf names the command that has a flag.
func (p *program) ownerOf(flag string) string {
	i := slices.IndexFunc(p.commands, func(c command) bool { return c.clause.GetFlag(flag) != nil })
	if i < 0 {
		return ""
	}
	return p.commands[i].clause.FullCommand()
}

// flagNames are the flags that are understood after a command, which may be nil, as they are written.
func (p *program) flagNames(selected *kingpin.CmdClause) []string {
	flags := p.app.Model().Flags
	if selected != nil {
		flags = slices.Concat(selected.Model().Flags, flags)
	}
	var names []string
	for _, flag := range flags {
		if !flag.Hidden {
			names = append(names, "--"+flag.Name)
		}
	}
	return names
}

func (p *program) commandNames() []string {
	var names []string
	for _, c := range p.app.Model().Commands {
		if !c.Hidden {
			names = append(names, c.Name)
		}
	}
	return names
}
