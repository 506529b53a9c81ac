package pack

import (
	"fmt"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// Lister is what a Lookup may be beside, so that a mistyped section or type is answered with the nearest one.
type Lister interface {
	Sections() []string
	Types(section string) []string
}

// items decodes the sections of `items` in their order.
func (l *loader) items(s *source, node *yaml.Node) {
	sections, problems := yamlfile.Fields("items", node)
	l.report(s, problems, node.Line)
	before := map[identity][]placed{}
	for _, section := range sections {
		if !l.lookup.Section(section.Name) {
			l.fail(s, section.Line, fmt.Sprintf("unknown section %q in items%s", section.Name, l.suggestSection(section.Name)))
			continue
		}
		entries, ok := yamlfile.List(section.Value)
		if !ok {
			l.fail(s, section.Value.Line, "items."+section.Name+" must be a list")
			continue
		}
		for _, entry := range entries {
			l.item(s, section.Name, entry, before)
		}
	}
}

// identity is what tells items apart.
type identity struct{ kind, name string }

func identityOf(e Entry) identity { return identity{e.Kind, e.Item.Identity()} }

// placed is where an item stands and on which machines it applies.
type placed struct {
	line int
	when string
}

// item decodes one entry of a section. before holds the items before it.
func (l *loader) item(s *source, section string, node *yaml.Node, before map[identity][]placed) {
	line, written := node.Line, node // an alias stands here, what it stands for elsewhere
	node = yamlfile.Resolve(node)
	switch {
	case yamlfile.IsNull(node):
		l.fail(s, line, "items."+section+" has an empty entry")
		return
	case node.Kind != yaml.MappingNode:
		l.fail(s, line, "each entry of items."+section+" must be a mapping, such as {name: …}")
		return
	}
	typ, ok := l.typeOf(s, node)
	if !ok {
		return
	}
	kind, decoder, ok := l.lookup.Kind(section, typ)
	if !ok {
		l.fail(s, line, l.unknownType(section, typ))
		return
	}
	item, problems := decoder.Decode(node, l.templates)
	entry := Entry{Kind: kind, Item: item, Pack: s.ID, Source: fmt.Sprintf("%s:%d", s.File, line)}
	problems = append(problems, entry.common(node)...)
	l.report(s, problems, line)
	if problems.Fatal() || item == nil {
		s.broken = true
		return
	}
	key, here := identityOf(entry), placed{line, entry.When.String()}
	for _, other := range before[key] {
		if other.when == here.when || other.when == "" || here.when == "" {
			l.fail(s, line, fmt.Sprintf("%s %q is in this pack twice, first in line %d%s", kind, key.name, other.line, twiceHint(other, here)))
			return
		}
	}
	before[key] = append(before[key], here)
	entry.Lines = [2]int{line, max(line, s.lastLine(written))}
	entry.Shown = l.show(entry, decoder, node)
	s.Entries = append(s.Entries, entry)
}

// twiceHint says how an item may be in a pack twice, to those who tried.
func twiceHint(first, second placed) string {
	if first.when == "" && second.when == "" {
		return ""
	}
	return ": each needs a when of its own, and no machine for which both hold"
}

// common takes the fields that items of every kind have.
func (e *Entry) common(node *yaml.Node) yamlfile.Problems {
	var description yamlfile.Scalar
	var problems, more yamlfile.Problems
	if value := yamlfile.Get(node, "description"); value != nil {
		problems = yamlfile.DecodeField("description", value, &description)
		e.Description = description.Value
	}
	if value := yamlfile.Get(node, "sensitive"); value != nil {
		problems = append(problems, yamlfile.DecodeField("sensitive", value, &e.Sensitive)...)
	}
	e.When, more = decodeWhen(yamlfile.Get(node, "when"))
	return append(problems, more...)
}

// typeOf is the text of an item's `type`; empty if it has none.
func (l *loader) typeOf(s *source, node *yaml.Node) (string, bool) {
	value := yamlfile.Get(node, "type")
	if value == nil {
		return "", true
	}
	var typ yamlfile.Scalar
	problems := yamlfile.DecodeField("type", value, &typ)
	l.report(s, problems, node.Line)
	return typ.Value, !problems.Fatal()
}

func (l *loader) suggestSection(name string) string {
	if lister, ok := l.lookup.(Lister); ok {
		return yamlfile.Suggest(name, lister.Sections())
	}
	return ""
}

func (l *loader) unknownType(section, typ string) string {
	var known []string
	if lister, ok := l.lookup.(Lister); ok {
		known = lister.Types(section)
	}
	if typ == "" {
		return "type is missing: it says what kind of thing in items." + section + " this is" + oneOf(known)
	}
	if suggestion := yamlfile.Suggest(typ, known); suggestion != "" {
		return fmt.Sprintf("unknown type %q in items.%s%s", typ, section, suggestion)
	}
	return fmt.Sprintf("unknown type %q in items.%s%s", typ, section, oneOf(known))
}
