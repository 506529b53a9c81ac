package checker

import (
	"bytes"
	"encoding/json"
	"errors"
	"io"
	"slices"
	"strconv"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// treeDocument is a document of mappings, lists and scalars, of the types that JSON and TOML are read into.
type treeDocument struct{ root any }

func (t treeDocument) value(c *configItem) (configValue, error) {
	at := t.root
	for _, step := range c.steps {
		there := false
		if step.isIndex {
			list, _ := entriesOf(at)
			if there = step.index < len(list); there {
				at = list[step.index]
			}
		} else {
			at, there = fieldsOf(at)[step.name]
		}
		if !there {
			return configValue{}, nil
		}
	}
	return valueOf(at)
}

// fieldsOf are those of a mapping; nil of all else.
func fieldsOf(node any) map[string]any {
	switch node := node.(type) {
	case map[string]any:
		return node
	case *tomlTable:
		return node.fields
	}
	return nil
}

// entriesOf are those of a list.
func entriesOf(node any) (entries []any, isList bool) {
	switch node := node.(type) {
	case []any:
		return node, true
	case *tomlTables:
		for _, table := range node.entries {
			entries = append(entries, table)
		}
		return entries, true
	}
	return nil, false
}

func valueOf(node any) (configValue, error) {
	if list, isList := entriesOf(node); isList {
		texts := configList{}
		for _, entry := range list {
			text, isScalar := scalarOf(entry)
			if !isScalar {
				return configValue{set: true, what: whatList}, nil
			}
			if err := texts.add(text); err != nil {
				return configValue{}, err
			}
		}
		return texts.value(), nil
	}
	if text, isScalar := scalarOf(node); isScalar {
		return scalarRead(text)
	}
	return configValue{set: true, what: whatMapping}, nil
}

// What stands where a value does that is no scalar and no list of them.
const (
	whatMapping = "(a mapping)"
	whatList    = "(a list of more than plain values)"
)

// scalarOf is the text of a scalar as it was written.
func scalarOf(node any) (text string, ok bool) {
	switch node := node.(type) {
	case nil:
		return "null", true
	case bool:
		return strconv.FormatBool(node), true
	case json.Number:
		return node.String(), true
	case string:
		return node, true
	}
	return "", false
}

var (
	errNoText = errors.New("is not valid UTF-8")
	errUTF16  = errors.New("is not UTF-8 but UTF-16: it begins with the byte order mark of that")
	errMarked = errors.New("begins with a byte order mark, which many programs refuse in this format")
)

// mustBeText is an error for what is no text in UTF-8.
func mustBeText(content []byte) error {
	switch {
	case utf8.Valid(content):
		return nil
	case bytes.HasPrefix(content, []byte("\xff\xfe")), bytes.HasPrefix(content, []byte("\xfe\xff")):
		return errUTF16
	}
	return errNoText
}

// mustBeUnmarked is an error for a byte order mark, too: nobody sees it, and parsers say no more than that they fail.
func mustBeUnmarked(content []byte) error {
	if bytes.HasPrefix(content, []byte("\ufeff")) {
		return errMarked
	}
	return mustBeText(content)
}

// parseJSON takes one JSON value. Of a name that is given twice the last counts, as nearly all programs have it.
func parseJSON(content []byte) (configDocument, error) {
	if err := mustBeUnmarked(content); err != nil {
		return nil, err
	}
	decoder := json.NewDecoder(bytes.NewReader(content))
	decoder.UseNumber()
	var root any
	err := decoder.Decode(&root)
	if err == nil {
		if _, more := decoder.Token(); errors.Is(more, io.EOF) {
			return treeDocument{root}, nil
		}
		return nil, atLine(lineAt(content, int(decoder.InputOffset())), "something follows the JSON value")
	}
	line := lineAt(content, len(content))
	var syntax *json.SyntaxError
	if errors.As(err, &syntax) {
		line = lineAt(content, int(syntax.Offset)-1)
	}
	return nil, atLine(line, "is no JSON")
}

// yamlDocument keeps scalars as they are written: 8.10 is not 8.1.
type yamlDocument struct{ root *yaml.Node }

func parseYAML(content []byte) (configDocument, error) {
	if err := mustBeText(content); err != nil {
		return nil, err
	}
	root, problems := yamlfile.ParseAny(content)
	if len(problems) > 0 {
		return nil, atLine(problems[0].Line, "is not one YAML document that can be read")
	}
	return yamlDocument{root}, nil
}

func (y yamlDocument) value(c *configItem) (configValue, error) {
	at := y.root
	for _, step := range c.steps {
		next, err := yamlStep(yamlfile.Resolve(at), step)
		if err != nil || next == nil {
			return configValue{}, err
		}
		at = next
	}
	switch at = yamlfile.Resolve(at); at.Kind {
	case yaml.SequenceNode:
		return yamlList(at)
	case yaml.MappingNode:
		return configValue{set: true, what: whatMapping}, nil
	}
	text, err := yamlText(at)
	if err != nil {
		return configValue{}, err
	}
	return scalarRead(text)
}

// yamlList is the value of a list. Its entries may be aliases of one long text, however short the file is.
func yamlList(list *yaml.Node) (configValue, error) {
	texts := configList{}
	for _, entry := range list.Content {
		entry = yamlfile.Resolve(entry)
		if entry.Kind != yaml.ScalarNode {
			return configValue{set: true, what: whatList}, nil
		}
		text, err := yamlText(entry)
		if err == nil {
			err = texts.add(text)
		}
		if err != nil {
			return configValue{}, err
		}
	}
	return texts.value(), nil
}

// yamlStep goes one step down; nil: there is nothing.
func yamlStep(node *yaml.Node, step keyStep) (*yaml.Node, error) {
	switch {
	case step.isIndex && node.Kind == yaml.SequenceNode && step.index < len(node.Content):
		return node.Content[step.index], nil
	case step.isIndex || node.Kind != yaml.MappingNode:
		return nil, nil
	}
	return yamlField(node, step.name, map[*yaml.Node]bool{})
}

// yamlField is a field of a mapping, or of what it merges with <<: the earlier come first. No mapping is looked into
// twice, since they may merge each other in far more ways than the file has bytes.
func yamlField(node *yaml.Node, name string, seen map[*yaml.Node]bool) (*yaml.Node, error) {
	if node.Kind != yaml.MappingNode || seen[node] {
		return nil, nil
	}
	seen[node] = true
	var found *yaml.Node
	var merged []*yaml.Node
	for i := 0; i+1 < len(node.Content); i += 2 {
		key, value := yamlfile.Resolve(node.Content[i]), node.Content[i+1]
		switch {
		case key.Kind != yaml.ScalarNode:
		case key.Value == "<<" && key.ShortTag() == "!!merge":
			merged = append(merged, yamlMerged(value)...)
		case key.Value != name:
		case found != nil:
			return nil, atLine(key.Line, "gives a key again: programs differ in which one counts")
		default:
			found = value
		}
	}
	var err error
	for i := 0; i < len(merged) && found == nil && err == nil; i++ {
		found, err = yamlField(merged[i], name, seen)
	}
	return found, err
}

// yamlMerged are the mappings that << names: one, or a list of them.
func yamlMerged(value *yaml.Node) []*yaml.Node {
	value = yamlfile.Resolve(value)
	if value.Kind != yaml.SequenceNode {
		return []*yaml.Node{value}
	}
	var out []*yaml.Node
	for _, entry := range value.Content {
		out = append(out, yamlfile.Resolve(entry))
	}
	return out
}

// yamlText is the text of a scalar. What a tag of a program's own makes of it only that program knows.
func yamlText(node *yaml.Node) (string, error) {
	tags := []string{"", "!", "!!str", "!!int", "!!float", "!!bool", "!!timestamp", "!!null", "!!binary"}
	var text yamlfile.Scalar
	if err := text.UnmarshalYAML(node); err != nil || !slices.Contains(tags, node.ShortTag()) {
		return "", atLine(node.Line, "the value has a tag of its own")
	}
	return text.Or("null"), nil
}
