package main

import (
	"strings"
	"text/template"

	"github.com/alecthomas/kingpin/v2"
)

// manual is what is to be said of a command beside its flags: by its help, by docs/cli.md and by the man page.
type manual struct {
	about    string // one paragraph
	groups   []flagGroup
	examples []example
	exits    []exit
	more     string // where to read on
}

// flagGroup are flags that belong together. What is in no group comes first, under "Flags".
type flagGroup struct {
	title string
	flags []string
}

// example is a command line that works, and what it does.
type example struct{ does, line string }

// exit is what an exit status means.
type exit struct {
	status int
	means  string
}

// usageTemplate is the help, for kingpin: the flags of a command first, and those that every command has apart.
const usageTemplate = `
{{- define "sections"}}{{range .}}
{{heading .Title}}
{{.Rows | FormatTwoColumns -}}
{{end -}}
{{end -}}
{{define "examples"}}{{if .}}
{{heading "Examples"}}
{{range .}}  # {{.Does}}
  {{.Line}}
{{end -}}
{{end -}}
{{end -}}
{{with .Context.SelectedCommand -}}
{{heading "Usage"}} {{synopsis .}}

{{about . | Wrap 0 -}}
{{template "sections" sections .}}
{{- template "examples" examples .Name}}
{{with exits .Name -}}
{{heading "Exit status"}}
{{. | FormatTwoColumns}}
{{end -}}
{{more .Name -}}
{{else -}}
{{heading "Usage"}} drift_exporter [<flags>] [<command>] [<args> ...]

{{.App.Help | Wrap 0}}
{{heading "Commands"}}
{{commands .App | FormatTwoColumns -}}
{{template "sections" common .App}}
{{- template "examples" examples ""}}
Flags of a command: drift_exporter <command> --help. Those of serve may stand
without it. {{more "" -}}
{{end -}}
`

// section is a part of a help with two columns.
type section struct {
	Title string
	Rows  [][2]string
}

// usageFuncs are what the template needs beyond kingpin's own functions.
func (p *program) usageFuncs() template.FuncMap {
	return template.FuncMap{
		"heading": func(title string) string {
			return paletteFor(p.stdout, colorAuto, p.env).paint(bold, title+":")
		},
		"synopsis": synopsis,
		"about":    func(c *kingpin.CmdModel) string { return p.manualOf(c.Name).aboutOr(c.Help) },
		"commands": commandRows,
		"sections": func(c *kingpin.CmdModel) []section { return p.sections(c) },
		"common": func(a *kingpin.ApplicationModel) []section {
			return []section{{"Flags of every command", flagRows(commonFlagsOf(a))}}
		},
		"examples": p.exampleLines,
		"exits":    func(name string) [][2]string { return p.manualOf(name).exitRows() },
		"more":     func(name string) string { return p.manualOf(name).moreOr() },
	}
}

// manualOf is the manual of a command, or the program's own where there is no such command.
func (p *program) manualOf(name string) manual {
	if c, ok := p.command(name); ok {
		return c.manual
	}
	return programManual
}

var programManual = manual{
	examples: []example{
		{"Check the fleet every day, serve metrics and pages", "drift_exporter --config.file=config.yaml"},
		{"Check two machines now, and show what differs", "drift_exporter check web1 db1 --diff"},
		{"Name every mistake of the configuration and the packs", "drift_exporter validate"},
		{"Begin a pack with what a machine is like now", "drift_exporter snapshot web1 --package=all > packs/web1.yaml"},
	},
	more: "docs/cli.md, docs/configuration.md, docs/packs.md",
}

func (m manual) aboutOr(help string) string {
	if m.about == "" {
		return help
	}
	return m.about
}

func (m manual) moreOr() string { return "Read more: " + m.more + "\n" }

func (m manual) exitRows() [][2]string {
	var rows [][2]string
	for _, e := range m.exits {
		rows = append(rows, [2]string{string(rune('0' + e.status)), e.means})
	}
	return rows
}

// shownExample is an example as the template reads it.
type shownExample struct{ Does, Line string }

func (p *program) exampleLines(name string) []shownExample {
	var shown []shownExample
	for _, e := range p.manualOf(name).examples {
		shown = append(shown, shownExample{e.does, e.line})
	}
	return shown
}

// synopsis is a command with its arguments: "drift_exporter check [<flags>] [MACHINE...]".
func synopsis(c *kingpin.CmdModel) string {
	words := []string{"drift_exporter", c.FullCommand, "[<flags>]"}
	for _, arg := range c.Args {
		word := argName(arg)
		if cumulative(arg.Value) {
			word += "..."
		}
		if !arg.Required {
			word = "[" + word + "]"
		}
		words = append(words, word)
	}
	return strings.Join(words, " ")
}

func argName(arg *kingpin.ArgModel) string {
	if arg.PlaceHolder != "" {
		return arg.PlaceHolder
	}
	return strings.ToUpper(arg.Name)
}

func commandRows(a *kingpin.ApplicationModel) [][2]string {
	var rows [][2]string
	for _, c := range a.Commands {
		if !c.Hidden {
			rows = append(rows, [2]string{c.Name, c.Help})
		}
	}
	return rows
}
