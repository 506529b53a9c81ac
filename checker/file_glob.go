package checker

import (
	"errors"
	"fmt"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// glob is a pattern of paths: a directory that is meant literally, and what is looked for below it, a pattern for each
// level. A machine's shell lists directories and picks roughly, by what all shells take alike; which of the names match
// is decided here, the same for every machine.
type glob struct {
	text   string
	dir    string   // absolute or in ~, without a final slash: empty is the root
	levels []string // as path.Match takes them, at least one
}

var (
	repeatedSlashes = regexp.MustCompile(`/{2,}`)
	escapedByte     = regexp.MustCompile(`(?s)\\(.)`)
)

// parseGlob reads a pattern: *, ?, […], [!…] or [^…] within a level, and a backslash before what is meant literally.
func parseGlob(text string) (*glob, error) {
	segments := strings.Split(repeatedSlashes.ReplaceAllString(text, "/"), "/")
	literal := slices.IndexFunc(segments, holdsPattern)
	switch {
	case literal < 0:
		return nil, errors.New("holds no *, ? or […]: give it as path")
	case segments[len(segments)-1] == "":
		return nil, errors.New("must not end with a slash")
	case literal == 0: // ~*
		return nil, errors.New("must be absolute or begin with ~/")
	}
	g := &glob{text: text}
	for _, segment := range segments[:literal] {
		g.dir += "/" + unescaped(segment)
	}
	g.dir = g.dir[1:]
	for _, segment := range segments[literal:] {
		level, err := globLevel(segment)
		if err != nil {
			return nil, err
		}
		g.levels = append(g.levels, level)
	}
	return g, nil
}

// holdsPattern tells whether a text has a *, ? or [ that is not escaped.
func holdsPattern(segment string) bool {
	return strings.ContainsAny(escapedByte.ReplaceAllString(segment, ""), "*?[")
}

func unescaped(segment string) string {
	return escapedByte.ReplaceAllString(segment, "$1")
}

// globLevel makes the pattern of a level one of path.Match, which knows [^…] and not [!…].
func globLevel(segment string) (string, error) {
	if segment == "**" {
		return "", errors.New("has a **, which is not known: each * stays within one directory")
	}
	level := []byte(segment)
	inList := false
	for i := 0; i < len(level); i++ {
		switch c := level[i]; {
		case c == '\\':
			i++
		case inList && c == '[' && i+1 < len(level) && strings.ContainsRune(":.=", rune(level[i+1])):
			return "", errors.New("knows no classes such as [:alpha:], only characters and ranges")
		case !inList && c == '[':
			inList = true
			if i+1 < len(level) && level[i+1] == '!' {
				level[i+1] = '^'
			}
		case c == ']':
			inList = false
		}
	}
	if _, err := path.Match(string(level), ""); err != nil {
		return "", errors.New("has a [ without a list of characters and a ], or a backslash at the end of a level")
	}
	if name := unescaped(string(level)); name == "." || name == ".." {
		return "", errors.New("must not go through . or .. after its first *, ? or […]")
	}
	return string(level), nil
}

// question is what to ask a machine, on which the directory is this one: both, parted by two slashes, which a
// directory never holds.
func (g *glob) question(dir string) Question {
	rough := make([]string, len(g.levels))
	for i, level := range g.levels {
		rough[i] = roughly(level)
	}
	return Question{Op: "glob", Arg: cleanDir(dir) + "//" + strings.Join(rough, "/")}
}

// cleanDir is a directory without repeated slashes and one at the end: the root is empty.
func cleanDir(dir string) string {
	return strings.TrimSuffix(repeatedSlashes.ReplaceAllString(dir, "/"), "/")
}

// listElement is a part of a level's pattern: a list of characters, an escaped one, or one as it is.
var listElement = regexp.MustCompile(`(?s)\[(?:\\.|[^\\\]])*\]|\\.|.`)

// roughly is a pattern that matches at least what the level does, of a * and characters that no shell takes for more.
func roughly(level string) string {
	const plain = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789._-"
	var out strings.Builder
	star := false
	for _, element := range listElement.FindAllString(level, -1) {
		if len(element) == 2 && element[0] == '\\' {
			element = element[1:]
		}
		if literal := len(element) == 1 && strings.Contains(plain, element); literal || !star {
			star = !literal
			if star {
				element = "*"
			}
			out.WriteString(element)
		}
	}
	return out.String()
}

// matches tells whether a path below a directory is one that is meant.
func (g *glob) matches(dir, name string) bool {
	below, ok := strings.CutPrefix(name, dir+"/")
	names := strings.Split(below, "/")
	if !ok || len(names) != len(g.levels) {
		return false
	}
	for i, level := range g.levels {
		hidden := strings.HasPrefix(names[i], ".") && !strings.HasPrefix(strings.TrimPrefix(level, `\`), ".")
		matched, err := path.Match(level, names[i])
		if err != nil || !matched || hidden || names[i] == "." || names[i] == ".." {
			return false
		}
	}
	return true
}

// found reads an answer: the paths that match, sorted, with the directory as the pack names it.
func (g *glob) found(dir, answer string) []string {
	dir = cleanDir(dir)
	var out []string
	for name := range strings.SplitSeq(strings.TrimSuffix(answer, "\n"), "\n") {
		if g.matches(dir, name) {
			out = append(out, g.dir+strings.TrimPrefix(name, dir))
		}
	}
	slices.Sort(out)
	return slices.Compact(out)
}

// names are the paths that match on a machine.
func (g *glob) names(facts Facts, a Answers) ([]string, error) {
	dir, err := onMachine(g.dir, facts)
	if err != nil {
		return nil, err
	}
	question := g.question(dir)
	answer, err := a.to(question.Op, question.Arg)
	if err != nil {
		return nil, err
	}
	return g.found(dir, answer), nil
}

// ask is the question for the paths that match.
func (g *glob) ask(facts Facts) ([]Question, error) {
	dir, err := onMachine(g.dir, facts)
	if err != nil {
		return nil, err
	}
	return []Question{g.question(dir)}, nil
}

// glob is a pattern of paths.
func (d *decoding) glob(field string, s yamlfile.Scalar) *glob {
	before := len(d.problems)
	text := d.path(field, s)
	if len(d.problems) > before {
		return nil
	}
	g, err := parseGlob(text)
	if err != nil {
		d.problem(s.Line, "%s %s", field, err)
	}
	return g
}

// literalPath is a path that is no pattern. One that looks like it gets a warning.
func (d *decoding) literalPath(field string, s yamlfile.Scalar) string {
	name := d.path(field, s)
	if strings.ContainsAny(name, "*?") {
		d.problems = append(d.problems, yamlfile.Problem{
			Line: s.Line, Message: fmt.Sprintf("%s is taken literally, with its * and ?: a pattern of files is given as glob", field), Warning: true,
		})
	}
	return name
}

// covers tells whether the item stands for a path, among others.
func (f *fileItem) covers(identity string) bool {
	return f.glob != nil && f.glob.matches(f.glob.dir, identity)
}

// expand puts each file that matches in the place of a glob.
func (fileKind) expand(facts Facts, item pack.Item, answers Answers) ([]pack.Item, error) {
	f := item.(*fileItem)
	if f.glob == nil {
		return nil, nil
	}
	names, err := f.glob.names(facts, answers)
	if err != nil {
		return nil, err
	}
	items := make([]pack.Item, len(names))
	for i, name := range names {
		one := *f
		one.path, one.glob = name, nil
		items[i] = &one
	}
	return items, nil
}
