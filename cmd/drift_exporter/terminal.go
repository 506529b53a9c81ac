package main

import (
	"io"
	"os"

	"github.com/alecthomas/kingpin/v2"
	"golang.org/x/term"
)

// defaultWidth is how wide text may be where there is no terminal to ask: in a log, a file or a pipe.
const defaultWidth = 120

// isTerminal tells whether people see what is written there at once.
func isTerminal(w io.Writer) bool {
	f, ok := w.(*os.File)
	return ok && term.IsTerminal(int(f.Fd()))
}

// widthOf is how many columns a terminal has.
func widthOf(w io.Writer) int {
	if f, ok := w.(*os.File); ok {
		if width, _, err := term.GetSize(int(f.Fd())); err == nil && width > 0 {
			return width
		}
	}
	return defaultWidth
}

// dumb tells whether the terminal knows no control sequences.
func (e environment) dumb() bool { return e.term == "" || e.term == "dumb" }

// The values of --color.
const (
	colorAuto   = "auto"
	colorAlways = "always"
	colorNever  = "never"
)

// addColor adds --color to a command that prints text.
func addColor(cmd *kingpin.CmdClause, to *string) {
	flag := cmd.Flag("color", "Colour the text. auto: on a terminal, unless NO_COLOR is set.").PlaceHolder("WHEN").Default(colorAuto)
	chooseVar(flag, to, colorAuto, colorAlways, colorNever)
}

// paletteFor decides whether to colour: as demanded, otherwise only on a terminal that can, and where NO_COLOR
// (https://no-color.org) does not ask for none.
func paletteFor(w io.Writer, color string, e environment) palette {
	if color == colorAuto {
		return palette{on: isTerminal(w) && !e.dumb() && !e.noColor}
	}
	return palette{on: color == colorAlways}
}

// style is the parameter of an SGR control sequence (ECMA-48). The eight colours are the ones that every terminal
// has, and that its owner has chosen to be readable.
type style string

const (
	plain  style = ""
	bold   style = "1"
	faint  style = "2"
	red    style = "31"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// palette colours text, or leaves it as it is.
type palette struct{ on bool }

// paint colours text that must have been escaped before: what came from a machine must not end the colour.
func (p palette) paint(s style, text string) string {
	if !p.on || s == plain || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}
