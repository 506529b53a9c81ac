package main

import (
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// servesOnly tells whether only serve reads a flag, although it is the program's: see addServe.
func servesOnly(f *kingpin.FlagModel) bool {
	group, _, _ := strings.Cut(f.Name, ".")
	return slices.Contains([]string{"web", "cluster", "worker"}, group)
}

// commonFlagsOf are the flags that every command reads.
func commonFlagsOf(a *kingpin.ApplicationModel) []*kingpin.FlagModel {
	return visible(a.Flags, func(f *kingpin.FlagModel) bool { return !servesOnly(f) })
}

func visible(flags []*kingpin.FlagModel, also func(*kingpin.FlagModel) bool) []*kingpin.FlagModel {
	return slices.DeleteFunc(slices.Clone(flags), func(f *kingpin.FlagModel) bool { return f.Hidden || !also(f) })
}

// ownFlagsOf are the flags of one command.
func (p *program) ownFlagsOf(c *kingpin.CmdModel) []*kingpin.FlagModel {
	own := visible(c.Flags, func(*kingpin.FlagModel) bool { return true })
	if c.Name == serveName {
		own = append(own, visible(p.app.Model().Flags, servesOnly)...)
	}
	return own
}

// groupedFlags are a command's own flags under their titles, in the order of the groups.
func (p *program) groupedFlags(c *kingpin.CmdModel) ([]string, map[string][]*kingpin.FlagModel) {
	const rest = "Flags"
	grouped := map[string][]*kingpin.FlagModel{}
	titles := []string{rest}
	titleOf := map[string]string{}
	for _, g := range p.manualOf(c.Name).groups {
		titles = append(titles, g.title)
		for _, flag := range g.flags {
			titleOf[flag] = g.title
		}
	}
	for _, f := range p.ownFlagsOf(c) {
		title := titleOf[f.Name]
		if title == "" {
			title = rest
		}
		grouped[title] = append(grouped[title], f)
	}
	return slices.DeleteFunc(titles, func(title string) bool { return grouped[title] == nil }), grouped
}

// sections are the arguments and flags of a command's help.
func (p *program) sections(c *kingpin.CmdModel) []section {
	var out []section
	if len(c.Args) > 0 {
		var rows [][2]string
		for _, arg := range c.Args {
			rows = append(rows, [2]string{argName(arg), arg.Help})
		}
		out = append(out, section{"Arguments", rows})
	}
	titles, grouped := p.groupedFlags(c)
	for _, title := range titles {
		out = append(out, section{title, flagRows(grouped[title])})
	}
	return append(out, section{"Flags of every command", flagRows(commonFlagsOf(p.app.Model()))})
}

func flagRows(flags []*kingpin.FlagModel) [][2]string {
	short := slices.ContainsFunc(flags, func(f *kingpin.FlagModel) bool { return f.Short != 0 })
	var rows [][2]string
	for _, f := range flags {
		name := flagName(f)
		if short && f.Short == 0 {
			name = "    " + name
		}
		rows = append(rows, [2]string{name, flagHelp(f)})
	}
	return rows
}

// flagName is a flag as it is written: "-q, --quiet", "--format=FORMAT".
func flagName(f *kingpin.FlagModel) string {
	name := "--" + f.Name
	if f.Short != 0 {
		name = "-" + string(f.Short) + ", " + name
	}
	if f.IsBoolFlag() {
		return name
	}
	return name + "=" + placeHolder(f)
}

// placeHolder is what stands for a flag's value: --web.external-url=URL, and the last word of its name by default.
func placeHolder(f *kingpin.FlagModel) string {
	if f.PlaceHolder != "" {
		return f.PlaceHolder
	}
	parts := strings.FieldsFunc(f.Name, func(r rune) bool { return r == '.' || r == '-' })
	return strings.ToUpper(parts[len(parts)-1])
}

// flagHelp is what a flag does, with the words that it takes, whether it may be repeated, and its default.
func flagHelp(f *kingpin.FlagModel) string {
	help := f.Help
	if words, ok := f.Value.(*oneOf); ok {
		help += " One of: " + strings.Join(words.of, ", ") + "."
	}
	if cumulative(f.Value) {
		help += " Repeatable."
	}
	if d := defaultOf(f); d != "" {
		help += " Default: " + d + "."
	}
	return help
}

// defaultOf is a flag's default; empty if there is none.
func defaultOf(f *kingpin.FlagModel) string { return strings.Join(f.Default, ", ") }

// cumulative tells whether a flag or an argument may be given several times.
func cumulative(v kingpin.Value) bool {
	several, ok := v.(interface{ IsCumulative() bool })
	return ok && several.IsCumulative()
}
