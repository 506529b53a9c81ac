package yamlfile

import (
	"fmt"
	"slices"

	"gopkg.in/yaml.v3"
)

// Field is one field of a mapping.
type Field struct {
	Name  string
	Line  int // of the name
	Value *yaml.Node
}

// Fields returns the fields of a mapping in their order, those of merge keys (`<<: *base`) after its own, which
// come before them. Fields given twice, names that are not text and merges of anything but mappings are
// problems. Null has no fields. Messages name the mapping as path; empty: not at all.
func Fields(path string, node *yaml.Node) ([]Field, Problems) {
	m := merger{path: path}
	m.add(node)
	return m.fields, m.problems
}

// Get returns the value of a mapping's field, merge keys included, or nil.
func Get(node *yaml.Node, name string) *yaml.Node {
	fields, _ := Fields("", node)
	for _, field := range fields {
		if field.Name == name {
			return field.Value
		}
	}
	return nil
}

type merger struct {
	path     string
	seen     map[string]bool     // nil: nothing is merged
	merging  map[*yaml.Node]bool // against a mapping that merges itself; nil as well
	fields   []Field
	problems Problems
}

// add takes the fields of one mapping that are not there yet, then those of what it merges.
func (m *merger) add(node *yaml.Node) {
	if node = Resolve(node); IsNull(node) || m.merging[node] {
		return
	}
	if node.Kind != yaml.MappingNode {
		m.problem(node.Line, "must be a mapping, not "+describe(node))
		return
	}
	own := make(map[string]int, len(node.Content)/2)
	m.fields = slices.Grow(m.fields, len(node.Content)/2)
	var merges []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := node.Content[i], node.Content[i+1]
		if isMerge(key) {
			merges = append(merges, value)
			continue
		}
		name, set, err := scalarText(key)
		switch first, twice := own[name]; {
		case err != nil || !set:
			m.problem(key.Line, "has a field whose name is "+describe(key)+", not text")
		case twice:
			m.twice(name, key.Line, first)
		case !m.seen[name]:
			m.fields = append(m.fields, Field{Name: name, Line: key.Line, Value: value})
			fallthrough
		default:
			own[name] = key.Line
		}
	}
	if m.seen == nil {
		if len(merges) == 0 {
			return // as nearly all mappings
		}
		m.seen, m.merging = map[string]bool{}, map[*yaml.Node]bool{}
	}
	for name := range own {
		m.seen[name] = true
	}
	m.merging[node] = true
	defer delete(m.merging, node)
	for _, value := range merges {
		m.merge(value)
	}
}

// merge takes a mapping, or a list of mappings of which the earlier come first.
func (m *merger) merge(value *yaml.Node) {
	sources := []*yaml.Node{value}
	if resolved := Resolve(value); resolved.Kind == yaml.SequenceNode {
		sources = resolved.Content
	}
	for _, source := range sources {
		if Resolve(source).Kind != yaml.MappingNode {
			m.problem(source.Line, "merges (<<) "+describe(source)+": only mappings can be merged")
			continue
		}
		m.add(source)
	}
}

func (m *merger) twice(name string, line, first int) {
	message := fmt.Sprintf("field %q is given twice, first in line %d", name, first)
	if m.path != "" {
		message = m.path + ": " + message
	}
	m.problems = append(m.problems, Problem{Line: line, Message: message})
}

func (m *merger) problem(line int, message string) {
	m.problems = append(m.problems, Problem{Line: line, Message: subject(m.path) + message})
}

func isMerge(key *yaml.Node) bool {
	return key.Kind == yaml.ScalarNode && key.Value == "<<" && (key.Tag == "" || key.Tag == "!" || key.ShortTag() == mergeTag)
}

// subject is the beginning of a message about what is at path.
func subject(path string) string {
	if path == "" {
		return ""
	}
	return path + " "
}
