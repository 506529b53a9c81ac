package yamlfile

import (
	"errors"
	"fmt"
	"reflect"
	"slices"

	"gopkg.in/yaml.v3"
)

// DecodeNode decodes a node strictly into a pointer: to a struct with `yaml:"name"` tags as yaml.v3 knows them,
// or to anything that such a struct may hold. It goes on after a problem, so that all of them are reported, each
// with its line; the file is left for the caller to fill in.
//
// Beside Scalar and Bool, a field may be a struct, a pointer, a list, a map with string keys, a string or another
// basic type (a string takes the text of a scalar as Scalar does), a yaml.Node for what is decoded later, `any`
// (see anyValue), or a type with an UnmarshalYAML method. An int with the tag `yaml:",line"` gets the line of its
// struct. Fields that are null or not there are left as they are. An unknown field is a problem that suggests the
// nearest known one.
func DecodeNode(node *yaml.Node, into any) Problems {
	return DecodeField("", node, into)
}

// DecodeField is DecodeNode for the value of a field: the messages name what is in it as "field.inner".
func DecodeField(field string, node *yaml.Node, into any) Problems {
	if ps := checkAliases(node); len(ps) > 0 {
		return ps
	}
	if node.Kind == yaml.DocumentNode && len(node.Content) == 1 {
		node = node.Content[0]
	}
	d := decoder{}
	d.value(node, reflect.ValueOf(into).Elem(), place{path: field})
	d.problems.Sort()
	return slices.Compact(d.problems) // what is merged twice has its problems twice
}

// place is where in a file a value stands, for messages.
type place struct {
	path  string // "ssh.port"
	entry bool   // one of the list at path
}

func (p place) inside(name string) place {
	if p.path == "" {
		return place{path: name}
	}
	return place{path: p.path + "." + name}
}

func (p place) subject() string {
	if p.entry {
		return subject("each entry of " + p.path)
	}
	return subject(p.path)
}

type decoder struct {
	problems Problems
}

func (d *decoder) problem(line int, format string, args ...any) {
	d.problems = append(d.problems, Problem{Line: line, Message: fmt.Sprintf(format, args...)})
}

// value decodes one node.
func (d *decoder) value(node *yaml.Node, into reflect.Value, at place) {
	node = Resolve(node)
	if into.Type() == reflect.TypeFor[yaml.Node]() {
		into.Set(reflect.ValueOf(*node))
		return
	}
	if tag := badTag(node); tag != "" {
		// It is not quoted: it may be a password that begins so.
		d.problem(node.Line, "%suses a tag, which is not supported (put text that begins with ! in quotes)", at.subject())
		return
	}
	if into.Kind() == reflect.Pointer {
		d.pointer(node, into, at)
		return
	}
	switch own := into.Addr().Interface().(type) {
	case yaml.Unmarshaler:
		d.custom(node, at, own.UnmarshalYAML(node))
		return
	case unmarshalerV2:
		if IsNull(node) {
			return
		}
		inner := decoder{}
		err := own.UnmarshalYAML(func(v any) error { return inner.valueV2(node, v, at) })
		d.problems = append(d.problems, inner.problems...)
		if !errors.Is(err, errReported) {
			d.custom(node, at, err)
		}
		return
	}
	if !IsNull(node) {
		d.basic(node, into, at)
	}
}

func (d *decoder) pointer(node *yaml.Node, into reflect.Value, at place) {
	if IsNull(node) {
		return
	}
	if into.IsNil() {
		into.Set(reflect.New(into.Type().Elem()))
	}
	d.value(node, into.Elem(), at)
}

// basic decodes what is not null into a type without a method of its own.
func (d *decoder) basic(node *yaml.Node, into reflect.Value, at place) {
	switch into.Kind() {
	case reflect.Struct:
		d.structure(node, into, at)
	case reflect.Map:
		d.mapping(node, into, at)
	case reflect.Slice:
		d.list(node, into, at)
	case reflect.Interface:
		if v := d.anyValue(node, at); v != nil {
			into.Set(reflect.ValueOf(v))
		}
	default:
		d.text(node, into, at)
	}
}

func (d *decoder) list(node *yaml.Node, into reflect.Value, at place) {
	if node.Kind != yaml.SequenceNode {
		d.problem(node.Line, "%smust be a list, not %s", at.subject(), describe(node))
		return
	}
	list := reflect.MakeSlice(into.Type(), len(node.Content), len(node.Content))
	for i, entry := range node.Content {
		if IsNull(entry) {
			d.problem(entry.Line, "%shas an empty entry", at.subject())
			continue
		}
		d.value(entry, list.Index(i), place{path: at.path, entry: true})
	}
	into.Set(list)
}

func (d *decoder) mapping(node *yaml.Node, into reflect.Value, at place) {
	fields, problems := Fields(at.path, node)
	d.problems = append(d.problems, problems...)
	out := reflect.MakeMapWithSize(into.Type(), len(fields))
	for _, field := range fields {
		value := reflect.New(into.Type().Elem()).Elem()
		d.value(field.Value, value, at.inside(field.Name))
		out.SetMapIndex(reflect.ValueOf(field.Name).Convert(into.Type().Key()), value)
	}
	into.Set(out)
}
