package pack

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// What is kept of an item to be shown is bounded: a fleet holds it for as long as it lives.
const (
	maxNodes = 200     // values of one item
	maxValue = 1 << 10 // bytes of one value
	maxShown = 4 << 10 // bytes of one item
)

// rendering copies values of an item.
type rendering struct{ budget int }

// copy is a value with what aliases and merge keys stand for in their place, without comments and anchors.
func (r *rendering) copy(node *yaml.Node) *yaml.Node {
	node = yamlfile.Resolve(node)
	r.budget--
	out := &yaml.Node{Kind: node.Kind, Tag: node.Tag, Style: node.Style, Value: node.Value}
	switch node.Kind {
	case yaml.MappingNode:
		fields, _ := yamlfile.Fields("", node)
		for i, field := range fields {
			if r.budget <= 0 {
				out.Content = append(out.Content, leftOut(len(fields)-i), &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!null"})
				break
			}
			out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: shortened(field.Name)}, r.copy(field.Value))
		}
	case yaml.SequenceNode:
		for i, entry := range node.Content {
			if r.budget <= 0 {
				out.Content = append(out.Content, leftOut(len(node.Content)-i))
				break
			}
			out.Content = append(out.Content, r.copy(entry))
		}
	default:
		out.Value = shortened(node.Value)
	}
	return out
}

func leftOut(n int) *yaml.Node {
	return &yaml.Node{Kind: yaml.ScalarNode, Value: fmt.Sprintf("… (%d more)", n)}
}

func hiddenNode() *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: NotShown} }

// shortened is a text of which the end may be missing, which it says then.
func shortened(s string) string {
	if len(s) <= maxValue {
		return s
	}
	return upTo(s, maxValue) + fmt.Sprintf("… (%d bytes)", len(s))
}

// upTo is the beginning of a text that has at most so many bytes.
func upTo(s string, most int) string {
	for most > 0 && !utf8.RuneStart(s[most]) {
		most--
	}
	return s[:most]
}

// render is an item as YAML. What cannot be written, whatever it is, is not shown.
func render(item *yaml.Node) (text string) {
	defer func() { // the writer is known to panic on nodes that it does not expect
		if recover() != nil {
			text = NotShown
		}
	}()
	var out strings.Builder
	encoder := yaml.NewEncoder(&out)
	encoder.SetIndent(2)
	if encoder.Encode(item) != nil || encoder.Close() != nil {
		return NotShown
	}
	text = strings.TrimSuffix(out.String(), "\n")
	if len(text) <= maxShown {
		return text
	}
	return upTo(text, maxShown) + "\n… the rest is left out"
}

// lastLine is the line in which an item that is written as node ends. Of a block it is the last one that is indented
// as its fields are; blank lines behind it do not count.
func (s *source) lastLine(node *yaml.Node) int {
	last := deepest(node)
	if node.Kind != yaml.MappingNode || node.Style&yaml.FlowStyle != 0 {
		return last
	}
	for i := last; i < len(s.lines); i++ { // s.lines[i] is the line after line i
		line := strings.TrimLeft(s.lines[i], " ")
		switch {
		case strings.TrimSpace(line) == "":
		case len(s.lines[i])-len(line) < node.Column-1:
			return last
		default:
			last = i + 1
		}
	}
	return last
}

// deepest is the last line in which something of a node begins.
func deepest(node *yaml.Node) int {
	last := node.Line
	for _, child := range node.Content {
		last = max(last, deepest(child))
	}
	return last
}
