package checker

import (
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// linePattern says which lines are meant: those that are literally the text, or, of a text between two slashes, those
// in which the regular expression matches. Lines are without their newline; a carriage return is a part of them.
type linePattern struct {
	text   string
	expr   *regexp.Regexp // nil: literal
	there  string         // the expression as a machine's awk takes it
	absent error          // why it takes none
}

func (p *linePattern) matches(line string) bool {
	if p.expr == nil {
		return line == p.text
	}
	return p.expr.MatchString(line)
}

// linePatterns is a list of lines. What is wrong with one is said without its text, which may be a secret.
func (d *decoding) linePatterns(field string, in yamlfile.Texts) []*linePattern {
	if in.Set && len(in.Values) == 0 {
		d.problem(in.Line, "%s must name at least one line", field)
	}
	var out []*linePattern
	for i, value := range in.Values {
		if strings.ContainsAny(value.Value, "\n\x00") {
			d.problem(value.Line, "%s: entry %d must not contain a newline or a NUL: each entry is one line", field, i+1)
			continue
		}
		p, err := newLinePattern(value.Value)
		if err != nil {
			d.problem(value.Line, "%s: entry %d is not a regular expression: %s", field, i+1, err)
			continue
		}
		out = append(out, p)
	}
	return out
}

func newLinePattern(text string) (*linePattern, error) {
	p := &linePattern{text: text}
	if len(text) < 2 || text[0] != '/' || text[len(text)-1] != '/' {
		return p, nil
	}
	expr := text[1 : len(text)-1]
	var err error
	if p.expr, err = regexp.Compile(expr); err != nil {
		var broken *syntax.Error
		if errors.As(err, &broken) {
			return nil, errors.New(broken.Code.String())
		}
		return nil, errors.New("it cannot be read")
	}
	p.there, p.absent = portable(expr)
	return p, nil
}

// question asks a machine whether a line of a file matches. The path is parted from the pattern by two slashes, which
// it does not hold.
func (p *linePattern) question(path string) Question {
	what := "=" + p.text
	switch {
	case p.expr == nil:
	case countsCharacters(p.there):
		what = "." + p.there
	default:
		what = "~" + p.there
	}
	return Question{Op: "line", Arg: cleanDir(path) + "//" + what}
}

func textsOf(patterns []*linePattern) string {
	if len(patterns) == 0 {
		return ""
	}
	var out []string
	for _, p := range patterns {
		out = append(out, p.text)
	}
	return fmt.Sprintf("%q", out)
}

// linesOf splits a content into its lines, without their newlines. One at the end begins no further line.
func linesOf(content string) []string {
	if content == "" {
		return nil
	}
	return strings.Split(strings.TrimSuffix(content, "\n"), "\n")
}

// compareLines judges which lines there are.
func (f *fileItem) compareLines(facts Facts, got observed, answers Answers, path string) ([]state.Mismatch, []Question, error) {
	if len(f.contains)+len(f.without) == 0 {
		return nil, nil, nil
	}
	if f.secret(facts, got) {
		return f.compareLinesThere(got, answers, path)
	}
	content, more, err := readWhole(got, answers, path)
	if err != nil {
		return nil, more, err
	}
	lines := linesOf(content)
	first := func(p *linePattern) (int, bool) {
		for i, line := range lines {
			if p.matches(line) {
				return i, true
			}
		}
		return 0, false
	}
	var mismatches []state.Mismatch
	for _, p := range f.contains {
		if _, found := first(p); !found {
			mismatches = append(mismatches, state.Mismatch{Type: "missing_line", Expected: p.text, Actual: "no such line"})
		}
	}
	for _, p := range f.without {
		if i, found := first(p); found {
			actual := fmt.Sprintf("line %d: %s", i+1, lines[i])
			mismatches = append(mismatches, state.Mismatch{Type: "unexpected_line", Expected: "no line " + p.text, Actual: actual})
		}
	}
	return mismatches, nil, nil
}

// compareLinesThere has the machine look for the lines of a file whose content must stay there. What is looked for is
// not shown either: it may be a part of the secret.
func (f *fileItem) compareLinesThere(got observed, answers Answers, path string) ([]state.Mismatch, []Question, error) {
	if err := tooLarge(got.reached.size); err != nil {
		return nil, nil, err
	}
	var mismatches []state.Mismatch
	var more []Question
	judge := func(field, typ, actual string, patterns []*linePattern, wanted bool) error {
		for i, p := range patterns {
			if p.absent != nil {
				return fmt.Errorf("entry %d of %s cannot be matched on the machine, which the content must not leave: %w", i+1, field, p.absent)
			}
			q := p.question(path)
			if !answers.has(q) {
				more = append(more, q)
				continue
			}
			answer, err := answers.to(q.Op, q.Arg)
			switch {
			case err != nil:
				return err
			case answer != "0" && answer != "1":
				return fmt.Errorf("awk gave %s", quoted(answer))
			case (answer == "1") != wanted:
				expected := fmt.Sprintf("entry %d of %s", i+1, field)
				mismatches = append(mismatches, state.Mismatch{Type: typ, Expected: expected, Actual: actual, Sensitive: true})
			}
		}
		return nil
	}
	err := judge("contains", "missing_line", "no such line", f.contains, true)
	if err == nil {
		err = judge("not_contains", "unexpected_line", "a line like that", f.without, false)
	}
	switch {
	case err != nil:
		return nil, nil, err
	case len(more) > 0:
		return nil, more, errUndecided
	}
	return mismatches, nil, nil
}
