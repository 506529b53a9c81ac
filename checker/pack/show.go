package pack

import (
	"reflect"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// Shown is what everybody who may look at pages may see of an item. A pack may hold secrets, so that a value is in
// here only if the item's kind says of its field that it may.
type Shown struct {
	Identity string
	// YAML is the item without its comments, NotShown in place of what may not be seen. A long one is cut.
	YAML string
	// Hidden are the fields whose values may not be seen, in their order.
	Hidden []string
	// When is the item's conditions; nil: none.
	When []Condition
	// Description is empty for an item with `sensitive: true`.
	Description string
}

// NotShown stands for a value that may not be seen.
const NotShown = "(not shown)"

// Discloser is a Decoder that tells what of its items may be seen. Of items of any other, nothing is shown but kind
// and identity.
type Discloser interface {
	// Fields is the struct that Decode decodes into. The tag `show` of a field says when its value may be seen:
	//
	//	always  even of an item with `sensitive: true`: what names it, or can hold no secret
	//	open    unless the item says `sensitive: true`
	//	asked   only if the item says `sensitive: false`: content, and what often holds secrets
	//
	// A field without the tag, or with any other, is never shown.
	Fields() any
}

// Concealer is an Item whose identity holds what may only be shown if the item says `sensitive: false`.
type Concealer interface {
	// Concealed is the identity without that.
	Concealed() string
}

// show makes what may be seen of an entry, of which all else is known.
func (l *loader) show(e Entry, decoder Decoder, node *yaml.Node) Shown {
	asked := e.Sensitive.Set && !e.Sensitive.Value
	s := Shown{Identity: e.Item.Identity(), When: e.When.conditions(!e.Sensitive.Value)}
	if item, ok := e.Item.(Concealer); ok && !asked {
		s.Identity = item.Concealed()
	}
	s.Identity = shortened(s.Identity)
	tags := l.tagsOf(e.Kind, decoder)
	visible := func(field string) bool {
		switch tags[field] {
		case "always":
			return true
		case "open":
			return !e.Sensitive.Value
		case "asked":
			return asked
		}
		return false
	}
	if visible("description") {
		s.Description = shortened(e.Description)
	}
	fields, _ := yamlfile.Fields("", node) // decoding has reported the problems
	r := rendering{budget: maxNodes}
	out := &yaml.Node{Kind: yaml.MappingNode, Style: node.Style & yaml.FlowStyle}
	for _, field := range fields {
		value := hiddenNode()
		switch {
		case !visible(field.Name):
			s.Hidden = append(s.Hidden, field.Name)
		case field.Name == "when" && e.Sensitive.Value:
			value = withoutVars(r.copy(field.Value))
		default:
			value = r.copy(field.Value)
		}
		out.Content = append(out.Content, &yaml.Node{Kind: yaml.ScalarNode, Value: field.Name}, value)
	}
	s.YAML = render(out)
	return s
}

// withoutVars hides the values of the vars that conditions name.
func withoutVars(when *yaml.Node) *yaml.Node {
	for i := 0; i+1 < len(when.Content); i += 2 {
		if when.Content[i].Value == "vars" {
			when.Content[i+1] = hiddenNode()
		}
	}
	return when
}

// tagsOf reads the tags of a kind's fields, once.
func (l *loader) tagsOf(kind string, decoder Decoder) map[string]string {
	tags, known := l.tags[kind]
	if !known {
		tags = map[string]string{}
		if d, ok := decoder.(Discloser); ok {
			addTags(tags, reflect.TypeOf(d.Fields()))
		}
		l.tags[kind] = tags
	}
	return tags
}

func addTags(tags map[string]string, t reflect.Type) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		switch {
		case slices.Contains(strings.Split(options, ","), "inline"):
			addTags(tags, field.Type)
		case field.IsExported():
			tags[name] = field.Tag.Get("show")
		}
	}
}
