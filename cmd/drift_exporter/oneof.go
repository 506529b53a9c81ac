package main

import (
	"fmt"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// oneOf is the value of a flag that is one of few words. Unlike kingpin's own it names the flag, and says what was
// probably meant.
type oneOf struct {
	name string // of the flag or argument, as it is written
	of   []string
	to   kingpin.Value
}

// choose makes a flag one of some words.
func choose(flag *kingpin.FlagClause, to kingpin.Value, of ...string) {
	flag.HintOptions(of...).SetValue(&oneOf{name: "--" + flag.Model().Name, of: of, to: to})
}

// chooseArg makes an argument one of some words, which it writes to a string.
func chooseArg(arg *kingpin.ArgClause, to *string, of ...string) {
	arg.HintOptions(of...).SetValue(&oneOf{name: arg.Model().Name, of: of, to: &word{to: to, of: of}})
}

// chooseVar makes a flag one of some words, which it writes to a string.
func chooseVar(flag *kingpin.FlagClause, to *string, of ...string) {
	choose(flag, &word{to: to, of: of}, of...)
}

// String is the word as it is now.
func (v *oneOf) String() string { return v.to.String() }

// Set takes one of the words.
func (v *oneOf) Set(s string) error {
	if v.to.Set(s) != nil {
		return fmt.Errorf("%s: %q is not one of %s%s", v.name, s, strings.Join(v.of, ", "), yamlfile.Suggest(s, v.of))
	}
	return nil
}

// word is a string that is one of some.
type word struct {
	to *string
	of []string
}

func (w *word) String() string { return *w.to }

// Set refuses other words.
func (w *word) Set(s string) error {
	if !slices.Contains(w.of, s) {
		return fmt.Errorf("%q is not known", s)
	}
	*w.to = s
	return nil
}
