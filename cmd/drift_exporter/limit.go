package main

import (
	"errors"
	"fmt"
	"maps"
	"path"
	"slices"
	"strings"

	"github.com/prometheus/alertmanager/pkg/labels"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// pattern chooses machines by exactly one of name, glob and matcher.
type pattern struct {
	text    string
	not     bool // chooses all others
	name    string
	glob    string
	matcher *labels.Matcher
}

// matches tells whether the machine is what the pattern describes, whether or not it is excluded for it.
func (p pattern) matches(m *config.Machine) bool {
	switch {
	case p.matcher != nil && p.matcher.Name == machineLabel:
		return p.matcher.Matches(m.Name)
	case p.matcher != nil:
		return p.matcher.Matches(m.Labels[p.matcher.Name])
	case p.glob != "":
		matched, err := path.Match(p.glob, m.Name) // a name has no slash, which is all that is special in a path
		return matched && err == nil
	}
	return m.Name == p.name
}

// machineLabel is the label that alerts have of a machine's name.
const machineLabel = "machine"

// limit is what one --limit says: a machine that any of its patterns matches and that none excludes.
type limit []pattern

func (l limit) admits(m *config.Machine) bool {
	admitted := !slices.ContainsFunc(l, func(p pattern) bool { return !p.not }) // only exclusions: all others
	for _, p := range l {
		if p.matches(m) {
			if p.not {
				return false
			}
			admitted = true
		}
	}
	return admitted
}

// parseLimit reads the value of a --limit: patterns between commas.
func parseLimit(text string) (limit, error) {
	var l limit
	for _, piece := range splitPatterns(text) {
		p, err := parsePattern(piece)
		if err != nil {
			return nil, err
		}
		l = append(l, p)
	}
	return l, nil
}

// splitPatterns cuts at the commas that are not within double quotes.
func splitPatterns(text string) []string {
	var pieces []string
	start, quoted, escaped := 0, false, false
	for i := range len(text) {
		switch c := text[i]; {
		case escaped:
			escaped = false
		case quoted && c == '\\':
			escaped = true
		case c == '"':
			quoted = !quoted
		case c == ',' && !quoted:
			pieces = append(pieces, text[start:i])
			start = i + 1
		}
	}
	return append(pieces, text[start:])
}

var errEmptyPattern = errors.New("a pattern of --limit is empty")

func parsePattern(text string) (pattern, error) {
	text = strings.TrimSpace(text)
	bare, not := strings.CutPrefix(text, "!")
	p := pattern{text: text, not: not}
	switch {
	case bare == "":
		return pattern{}, errEmptyPattern
	case strings.Contains(bare, "=") || strings.Contains(bare, "!~"):
		m, err := labels.ParseMatcher(bare)
		if err != nil {
			return pattern{}, fmt.Errorf("--limit %q: %w", text, err)
		}
		p.matcher = m
		return p, nil
	}
	var err error
	p.name, p.glob, err = parseName(bare)
	return p, err
}

// parseName tells a machine's name from a glob for several.
func parseName(text string) (name, glob string, err error) {
	if !strings.ContainsAny(text, `*?[\`) {
		return text, "", nil
	}
	if _, err := path.Match(text, ""); err != nil {
		return "", "", fmt.Errorf("%q is not a glob: a [ is not closed, or a \\ is the last character", text)
	}
	return "", text, nil
}

// checkPattern refuses a pattern that is a mistake: one that matches no machine, whether enabled or not. An
// exclusion may well have nothing to exclude, but its name or label must exist: else it is mistyped.
func checkPattern(p pattern, machines []config.Machine) error {
	switch {
	case p.name != "":
		if !matchesAny(p, machines) {
			return unknownMachine(p.name, machines)
		}
	case p.matcher != nil:
		if known := labelNames(machines); !slices.Contains(known, p.matcher.Name) {
			return fmt.Errorf("no machine has a label %q%s", p.matcher.Name, yamlfile.Suggest(p.matcher.Name, known))
		}
	}
	if !p.not && !matchesAny(p, machines) {
		return fmt.Errorf("no machine matches %q", p.text)
	}
	return nil
}

func matchesAny(p pattern, machines []config.Machine) bool {
	return slices.ContainsFunc(machines, func(m config.Machine) bool { return p.matches(&m) })
}

func unknownMachine(name string, machines []config.Machine) error {
	known := make([]string, len(machines))
	for i := range machines {
		known[i] = machines[i].Name
	}
	return fmt.Errorf("no machine is called %q%s", name, yamlfile.Suggest(name, known))
}

// labelNames are the labels that machines can be chosen by.
func labelNames(machines []config.Machine) []string {
	names := map[string]bool{machineLabel: true}
	for _, m := range machines {
		for name := range m.Labels {
			names[name] = true
		}
	}
	return slices.Sorted(maps.Keys(names))
}
