package main

import (
	"fmt"
	"io"
	"regexp"
	"slices"
	"strings"

	"github.com/alecthomas/kingpin/v2"
)

// completeHook is the first argument of a shell that asks how to complete a line. The line's words follow, without
// the program, up to and with the one at the cursor.
const completeHook = "__complete"

// The answers that stand for names that the shell itself knows.
const (
	completeFiles       = ":files"
	completeDirectories = ":dirs"
)

// candidate is what a word may be completed to.
type candidate struct {
	word  string
	about string
}

// harmless is what a candidate may be: no shell gives any of it a meaning within a word, quoted or not, and nothing of
// it moves a cursor.
var harmless = regexp.MustCompile(`^[A-Za-z0-9:@%+=,./_-]+$`)

// printCompletions answers a shell: a candidate a line, with a tab before what it is.
func printCompletions(w io.Writer, candidates []candidate) {
	said := map[string]bool{}
	for _, c := range candidates {
		if !harmless.MatchString(c.word) || said[c.word] {
			continue
		}
		said[c.word] = true
		line := c.word
		if c.about != "" {
			line += "\t" + printable(c.about)
		}
		fmt.Fprintln(w, line) // a shell that is gone needs no answer
	}
}

// complete lists what the last of the words may become.
func (p *program) complete(words []string) []candidate {
	if len(words) == 0 {
		words = []string{""}
	}
	before, current := withoutFiles(words[:len(words)-1]), words[len(words)-1]
	onlyArguments := slices.Contains(before, "--")
	if flag, ok := p.awaiting(before); ok && !onlyArguments {
		p.read(before[:len(before)-1])
		return p.values(flag, "", current)
	}
	selected, given := p.read(before)
	if name, value, isFlag := strings.Cut(current, "="); isFlag && !onlyArguments && strings.HasPrefix(name, "--") {
		if flag := p.flag(name[len("--"):]); flag != nil {
			return p.values(flag, name+"=", value)
		}
		return nil
	}
	if strings.HasPrefix(current, "-") && !onlyArguments {
		return startingWith(current, p.flagCandidates(selected, given))
	}
	if selected == nil {
		return startingWith(current, p.commandCandidates())
	}
	return startingWith(current, p.argumentCandidates(selected, before))
}

// withoutFiles leaves out the words that stand for a file of arguments: none is read for a completion.
func withoutFiles(words []string) []string {
	return slices.DeleteFunc(slices.Clone(words), func(word string) bool { return strings.HasPrefix(word, "@") })
}

// awaiting is the flag whose value the next word is.
func (p *program) awaiting(before []string) (*kingpin.FlagModel, bool) {
	if len(before) == 0 {
		return nil, false
	}
	name, long := strings.CutPrefix(before[len(before)-1], "--")
	if !long || name == "" {
		return nil, false
	}
	flag := p.flag(name)
	return flag, flag != nil && !flag.IsBoolFlag()
}

// read takes from the words before the cursor which command they name, which flags were given, and the configuration
// that names are completed from. Words that are wrong are for the command to refuse.
func (p *program) read(before []string) (selected *kingpin.CmdClause, given map[string]bool) {
	given = map[string]bool{}
	context, _ := p.app.ParseContext(before)
	p.common.configFile = p.app.GetFlag(configFlag).Model().Default[0]
	if context == nil {
		return nil, given
	}
	for _, element := range context.Elements {
		flag, ok := element.Clause.(*kingpin.FlagClause)
		if !ok {
			continue
		}
		given[flag.Model().Name] = true
		if flag.Model().Name == configFlag {
			p.common.configFile = *element.Value
		}
	}
	if c := context.SelectedCommand; c != nil && slices.Contains(before, c.FullCommand()) { // and not for want of another
		selected = c
	}
	return selected, given
}

// values are those of a flag, each with what stands before it in its word.
func (p *program) values(flag *kingpin.FlagModel, before, current string) []candidate {
	switch flag.PlaceHolder {
	case "FILE":
		return []candidate{{word: completeFiles}}
	case "DIR":
		return []candidate{{word: completeDirectories}}
	}
	head := ""
	if i := strings.LastIndexByte(current, ','); i >= 0 && strings.Contains(flag.PlaceHolder, ",") { // a list
		head = current[:i+1]
	}
	var out []candidate
	for _, value := range p.hints(flag.Name) {
		out = append(out, candidate{word: before + head + value})
	}
	return startingWith(before+current, out)
}

// hints are the values that a flag says it may have.
func (p *program) hints(flag string) []string {
	values, _, _ := p.app.FlagCompletion(flag, "")
	if p.app.GetFlag(flag) != nil {
		return values
	}
	for _, c := range p.commands {
		if c.clause.GetFlag(flag) != nil {
			values, _, _ = c.clause.FlagCompletion(flag, "")
			return values
		}
	}
	return nil
}

func startingWith(prefix string, candidates []candidate) []candidate {
	return slices.DeleteFunc(candidates, func(c candidate) bool { return !strings.HasPrefix(c.word, prefix) })
}

// flagCandidates are the flags that may follow, those of the command first: --format= where a value does.
func (p *program) flagCandidates(selected *kingpin.CmdClause, given map[string]bool) []candidate {
	model := p.app.Model()
	flags := visible(model.Flags, func(*kingpin.FlagModel) bool { return true }) // if none is named, it is serve
	if selected != nil {
		flags = append(p.ownFlagsOf(selected.Model()), commonFlagsOf(model)...)
	}
	var out []candidate
	for _, f := range flags {
		if given[f.Name] && !cumulative(f.Value) {
			continue
		}
		word := "--" + f.Name
		if !f.IsBoolFlag() {
			word += "="
		}
		about, _, _ := strings.Cut(f.Help, ". ")
		out = append(out, candidate{word: word, about: strings.TrimSuffix(about, ".")})
	}
	return out
}

func (p *program) commandCandidates() []candidate {
	var out []candidate
	for _, row := range commandRows(p.app.Model()) {
		out = append(out, candidate{word: row[0], about: strings.TrimSuffix(row[1], ".")})
	}
	return out
}

// argumentCandidates are the values of the argument that is next, without those that were given already.
func (p *program) argumentCandidates(selected *kingpin.CmdClause, before []string) []candidate {
	context, _ := p.app.ParseContext(before)
	if selected == p.app.HelpCommand {
		return p.commandCandidates()
	}
	if context == nil {
		return nil
	}
	var out []candidate
	for _, word := range selected.CmdCompletion(context) {
		if !slices.Contains(before, word) {
			out = append(out, candidate{word: word})
		}
	}
	return out
}
