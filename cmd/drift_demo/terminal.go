package main

import (
	"fmt"
	"io"
	"os"
	"strings"

	"golang.org/x/term"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
)

// style is the parameter of an SGR control sequence (ECMA-48).
type style string

const (
	bold   style = "1"
	faint  style = "2"
	green  style = "32"
	yellow style = "33"
	cyan   style = "36"
)

// textWidth is how wide our own text is at most: it fits every terminal.
const textWidth = 78

// terminal is what the story is told on.
type terminal struct {
	to      io.Writer
	colours bool
}

// newTerminal colours only where people see it, and want it.
func newTerminal(to *os.File, wanted bool) *terminal {
	return &terminal{to: to, colours: wanted && term.IsTerminal(int(to.Fd()))}
}

// paint colours text that holds no control sequences.
func (t *terminal) paint(s style, text string) string {
	if !t.colours || text == "" {
		return text
	}
	return "\x1b[" + string(s) + "m" + text + "\x1b[0m"
}

// say tells something, in lines that fit.
func (t *terminal) say(format string, args ...any) {
	for line := range strings.SplitSeq(fmt.Sprintf(format, args...), "\n") {
		fmt.Fprintln(t.to, strings.Join(wrapped(line, textWidth), "\n"))
	}
}

// title begins a part of the story.
func (t *terminal) title(text string) { fmt.Fprintf(t.to, "\n%s\n", t.paint(bold, "== "+text)) }

// commands shows what somebody would type to see or to do the same.
func (t *terminal) commands(lines ...string) {
	fmt.Fprintln(t.to)
	for _, line := range lines {
		fmt.Fprintf(t.to, "%s %s\n", t.paint(faint, "$"), t.paint(cyan, line))
	}
}

// output shows what a command has printed.
func (t *terminal) output(text string) {
	for line := range strings.SplitSeq(strings.TrimRight(text, "\n"), "\n") {
		line = plaintext.Escape(line, "")
		fmt.Fprintln(t.to, strings.TrimRight("  "+line, " "))
	}
}

// wrapped breaks a line at blanks, so that each piece fits if that is possible. What is indented goes on further in.
func wrapped(line string, width int) []string {
	var lines []string
	now, indent := "", line[:len(line)-len(strings.TrimLeft(line, " "))]
	if indent != "" {
		indent += "  "
	}
	for i, word := range strings.Split(line, " ") {
		switch {
		case i == 0:
			now = word
		case len([]rune(now))+1+len([]rune(word)) > width && strings.TrimSpace(now) != "":
			lines = append(lines, now)
			now = indent + word
		default:
			now += " " + word
		}
	}
	return append(lines, now)
}
