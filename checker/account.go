package checker

import (
	"errors"
	"fmt"
	"regexp"
	"strconv"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// passwdEntry is a line of passwd(5) without its password, which stays on the machine.
type passwdEntry struct {
	name, uid, gid, comment, home, shell string
}

// groupEntry is a line of group(5) without its password.
type groupEntry struct {
	name, gid string
	members   []string
}

// entry takes an answer to op user or op group apart, see accountShell. There are no fields if there is no such entry.
func entry(answers Answers, op, name string, fields int) ([]string, error) {
	answer, err := answers.to(op, name)
	if err != nil || answer == "absent" {
		return nil, err
	}
	line, found := strings.CutPrefix(answer, "=")
	parts := strings.Split(line, ":")
	if !found || len(parts) != fields || parts[0] != name {
		return nil, fmt.Errorf("the machine's entry makes no sense: %s", quoted(answer))
	}
	return parts, nil
}

// accountOf is what the machine knows of a user; nil if it knows none of that name.
func accountOf(answers Answers, name string) (*passwdEntry, error) {
	parts, err := entry(answers, "user", name, 7)
	if err != nil || parts == nil {
		return nil, err
	}
	if !isID(parts[2]) || !isID(parts[3]) {
		return nil, fmt.Errorf("the user's numbers make no sense: %s", quoted(parts[2]+":"+parts[3]))
	}
	return &passwdEntry{name: parts[0], uid: parts[2], gid: parts[3], comment: parts[4], home: parts[5], shell: parts[6]}, nil
}

// groupOf is what the machine knows of a group; nil if it knows none of that name.
func groupOf(answers Answers, name string) (*groupEntry, error) {
	parts, err := entry(answers, "group", name, 4)
	if err != nil || parts == nil {
		return nil, err
	}
	if !isID(parts[2]) {
		return nil, fmt.Errorf("the group's number makes no sense: %s", quoted(parts[2]))
	}
	g := &groupEntry{name: parts[0], gid: parts[2]}
	if parts[3] != "" {
		g.members = strings.Split(parts[3], ",")
	}
	return g, nil
}

// groupRef is a group as id(1) shows it. The name is empty if the machine has none for the number.
type groupRef struct{ gid, name string }

// String is the group's name, or its number if it has none.
func (g groupRef) String() string {
	if g.name == "" {
		return g.gid
	}
	return g.name
}

// identified is a line of id(1): whose it is, and all of the user's groups.
type identified struct {
	uid     string
	primary groupRef
	groups  []groupRef // the primary one among them
}

var errIdentified = errors.New("id gave what makes no sense")

// Of a group's name only what follows it is certain: names of directory services hold blanks, and even parentheses.
var (
	idLine  = regexp.MustCompile(`^uid=([0-9]+)(?:\([^=]*\))? gid=([0-9]+)(?:\(([^=]*)\))? groups=([^=]*)$`)
	idGroup = regexp.MustCompile(`^([0-9]+)(?:\((.+)\))?$`)
	idComma = regexp.MustCompile(`,[0-9]+(\(|,|$)`)
)

// parseIdentified reads uid=1000(a) gid=1000(a) groups=1000(a),27(sudo).
func parseIdentified(line string) (identified, error) {
	match := idLine.FindStringSubmatch(line)
	if match == nil || !isID(match[1]) || !isID(match[2]) {
		return identified{}, fmt.Errorf("%w: %s", errIdentified, quoted(line))
	}
	id := identified{uid: match[1], primary: groupRef{match[2], match[3]}}
	for rest := match[4]; rest != ""; {
		one := rest
		if at := idComma.FindStringIndex(rest); at != nil {
			one, rest = rest[:at[0]], rest[at[0]+1:]
		} else {
			rest = ""
		}
		parts := idGroup.FindStringSubmatch(one)
		if parts == nil || !isID(parts[1]) {
			return identified{}, fmt.Errorf("%w: %s", errIdentified, quoted(line))
		}
		id.groups = append(id.groups, groupRef{parts[1], parts[2]})
	}
	if len(id.groups) == 0 {
		return identified{}, fmt.Errorf("%w: %s", errIdentified, quoted(line))
	}
	return id, nil
}

// isID tells whether text is a uid or gid as it is printed.
func isID(s string) bool {
	n, err := strconv.ParseUint(s, 10, 32)
	return err == nil && strconv.FormatUint(n, 10) == s
}

// number is a uid or gid; empty if it is not given.
func (d *decoding) number(field string, s yamlfile.Scalar) string {
	n, err := strconv.ParseUint(s.Value, 10, 32)
	switch {
	case !s.Set:
		return ""
	case err != nil || !isDigits(s.Value):
		d.problem(s.Line, "%s must be a number from 0 to 4294967295, not %q", field, s.Value)
	}
	return strconv.FormatUint(n, 10)
}

// numeric is what getent(1) and id(1) take for a uid or gid.
var numeric = regexp.MustCompile(`^[ \t\v\f\r]*[+-]?[0-9]+$`)

// accountName is the name of a user or group, as it is looked up.
func (d *decoding) accountName(field string, s yamlfile.Scalar) string {
	before := len(d.problems)
	name := d.text(field, s)
	switch {
	case len(d.problems) > before || !s.Set:
	case numeric.MatchString(name):
		d.problem(s.Line, "%s must be a name, not a number: machines would look up whoever has that number", field)
	case strings.ContainsAny(name, "*?["):
		d.problem(s.Line, "%s must be one name: patterns with *, ? or [ are not known", field)
	case strings.ContainsAny(name, ":,/") || name[0] == '-':
		d.problem(s.Line, "%s must be a name: without : , and /, and no - first", field)
	}
	return name
}

// groupName is the name of a group, or its number.
func (d *decoding) groupName(field string, s yamlfile.Scalar) string {
	if isDigits(s.Value) {
		return d.number(field, s)
	}
	return d.accountName(field, s)
}

// names is a list of which each is checked on its own, and none may be there twice.
func (d *decoding) names(field string, in yamlfile.Texts, one func(string, yamlfile.Scalar) string) []string {
	var out []string
	seen := map[string]bool{}
	for _, s := range in.Values {
		name := one(field, s)
		if seen[name] {
			d.problem(s.Line, "%s has %q twice", field, name)
		}
		seen[name] = true
		out = append(out, name)
	}
	return out
}
