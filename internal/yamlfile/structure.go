package yamlfile

import (
	"reflect"
	"slices"
	"strings"
	"sync"

	"gopkg.in/yaml.v3"
)

// layout is the fields of a struct by their YAML names.
type layout struct {
	fields map[string][]int // index for reflect.Value.FieldByIndex
	names  []string         // in the struct's order
	line   []int            // of the field that gets the line; nil: none
	rest   []int            // of an inline map, which takes every other field; nil: none
}

// layouts are those of the program's types, which nobody changes: ten thousand machines are of one type.
var layouts sync.Map // reflect.Type: layout

// layoutOf reads the struct's tags. Unexported fields and those without a name in their tag are left out.
func layoutOf(t reflect.Type) layout {
	if known, ok := layouts.Load(t); ok {
		return known.(layout)
	}
	l := layout{fields: map[string][]int{}}
	l.add(t, nil)
	layouts.Store(t, l)
	return l
}

func (l *layout) add(t reflect.Type, index []int) {
	for i := range t.NumField() {
		field := t.Field(i)
		name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
		here := append(slices.Clone(index), i)
		switch {
		case !field.IsExported() || name == "-":
		case options == "line":
			l.line = here
		case options == "inline" && field.Type.Kind() == reflect.Map:
			l.rest = here
		case options == "inline":
			l.add(field.Type, here)
		case name != "":
			l.fields[name] = here
			l.names = append(l.names, name)
		}
	}
}

func (d *decoder) structure(node *yaml.Node, into reflect.Value, at place) {
	if node.Kind != yaml.MappingNode {
		d.problem(node.Line, "%smust be a mapping, not %s", at.subject(), describe(node))
		return
	}
	l := layoutOf(into.Type())
	if l.line != nil {
		into.FieldByIndex(l.line).SetInt(int64(node.Line))
	}
	fields, problems := Fields(at.path, node)
	d.problems = append(d.problems, problems...)
	for _, field := range fields {
		index, known := l.fields[field.Name]
		switch {
		case known:
			d.value(field.Value, into.FieldByIndex(index), at.inside(field.Name))
		case l.rest != nil:
			d.other(field, into.FieldByIndex(l.rest), at)
		default:
			d.unknown(node, field, l.names, at)
		}
	}
}

// other puts a field into the struct's inline map.
func (d *decoder) other(field Field, into reflect.Value, at place) {
	if into.IsNil() {
		into.Set(reflect.MakeMap(into.Type()))
	}
	value := reflect.New(into.Type().Elem()).Elem()
	d.value(field.Value, value, at.inside(field.Name))
	into.SetMapIndex(reflect.ValueOf(field.Name).Convert(into.Type().Key()), value)
}

func (d *decoder) unknown(node *yaml.Node, field Field, known []string, at place) {
	where := ""
	if at.path != "" {
		where = " in " + at.path
	}
	if node.Style&yaml.FlowStyle != 0 && IsNull(field.Value) { // {password: a,b} has a field b, which is not to be quoted
		d.problem(field.Line, "a field without a value%s is not known (put text that has a comma in quotes)", where)
		return
	}
	d.problem(field.Line, "unknown field %q%s%s", field.Name, where, Suggest(field.Name, known))
}
