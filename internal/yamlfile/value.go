package yamlfile

import (
	"errors"
	"fmt"
	"net/url"
	"reflect"
	"strconv"

	"gopkg.in/yaml.v3"
)

// unmarshalerV2 is how types made for yaml.v2 decode themselves; those of prometheus/common do.
type unmarshalerV2 interface {
	UnmarshalYAML(unmarshal func(any) error) error
}

// errReported tells a V2 type that decoding failed; the problems themselves are known already.
var errReported = errors.New("problems reported")

// valueV2 decodes for a V2 type, as strictly as everything else.
func (d *decoder) valueV2(node *yaml.Node, into any, at place) error {
	d.value(node, reflect.ValueOf(into).Elem(), at)
	if d.problems.Fatal() {
		return errReported
	}
	return nil
}

// custom reports what a type's own method complains of. An error about a URL may quote a password, and is not
// shown.
func (d *decoder) custom(node *yaml.Node, at place, err error) {
	var (
		badURL *url.Error
		ours   complaint
	)
	switch {
	case err == nil:
	case errors.As(err, &badURL):
		d.problem(node.Line, "%sis not a valid URL", at.subject())
	case errors.As(err, &ours):
		d.problem(node.Line, "%s%s", at.subject(), ours)
	case at.path == "":
		d.problem(node.Line, "%s", err)
	default:
		d.problem(node.Line, "%s: %s", at.path, err)
	}
}

// text decodes a scalar into a string, a bool or a number.
func (d *decoder) text(node *yaml.Node, into reflect.Value, at place) {
	text, _, err := scalarText(node)
	if err != nil {
		d.problem(node.Line, "%s%s", at.subject(), err)
		return
	}
	expected := ""
	switch {
	case into.Kind() == reflect.String:
		into.SetString(text)
	case into.Kind() == reflect.Bool:
		b, ok := parseBool(text)
		into.SetBool(b)
		if !ok {
			expected = "true or false"
		}
	case into.CanInt():
		n, err := strconv.ParseInt(text, 10, into.Type().Bits())
		into.SetInt(n)
		if err != nil {
			expected = "a whole number"
		}
	case into.CanUint():
		n, err := strconv.ParseUint(text, 10, into.Type().Bits())
		into.SetUint(n)
		if err != nil {
			expected = "a whole number, not below 0"
		}
	case into.CanFloat():
		f, err := strconv.ParseFloat(text, into.Type().Bits())
		into.SetFloat(f)
		if err != nil {
			expected = "a number"
		}
	default:
		panic(fmt.Sprintf("yamlfile: a field of type %s cannot be decoded", into.Type()))
	}
	if expected != "" {
		d.problem(node.Line, "%smust be %s", at.subject(), expected)
	}
}

// anyValue decodes what has no type of its own, such as the vars of templates: map[string]any, []any, bool for
// true and false, int and float64 for numbers that print as they are written, string for everything else, nil
// for null. A value therefore always prints as its source text: 8.10 and 0644 are strings.
func (d *decoder) anyValue(node *yaml.Node, at place) any {
	node = Resolve(node)
	switch node.Kind {
	case yaml.MappingNode:
		out := map[string]any{}
		d.mapping(node, reflect.ValueOf(&out).Elem(), at)
		return out
	case yaml.SequenceNode:
		out := make([]any, len(node.Content))
		for i, entry := range node.Content {
			d.value(entry, reflect.ValueOf(&out[i]).Elem(), place{path: at.path, entry: true})
		}
		return out
	}
	text, set, err := scalarText(node)
	if err != nil {
		d.problem(node.Line, "%s%s", at.subject(), err)
	}
	if !set {
		return nil
	}
	return plainValue(node.ShortTag(), text)
}

func plainValue(tag, text string) any {
	switch tag {
	case "!!bool":
		if text == "true" || text == "false" {
			return text == "true"
		}
	case "!!int":
		if n, err := strconv.Atoi(text); err == nil && strconv.Itoa(n) == text {
			return n
		}
	case "!!float":
		if f, err := strconv.ParseFloat(text, 64); err == nil && fmt.Sprint(f) == text {
			return f
		}
	}
	return text
}
