package yamlfile

import (
	"encoding/base64"
	"strings"

	"gopkg.in/yaml.v3"
)

// Scalar is a single value as it was written: `8.10` stays "8.10", `0644` stays "0644", `no` stays "no" and
// 2026-03-01 stays text, whatever YAML would take them for. Of a !!binary value it is the bytes.
type Scalar struct {
	Value string
	Line  int  // of the value; 0 if the field is not there
	Set   bool // false if the field is not there, empty or null; a quoted "" is set
}

// UnmarshalYAML takes the text of any scalar. A list or a mapping is refused.
func (s *Scalar) UnmarshalYAML(node *yaml.Node) error {
	text, set, err := scalarText(node)
	*s = Scalar{Value: text, Line: node.Line, Set: set && err == nil}
	return err
}

// Or returns the value, or the default if it is not set.
func (s Scalar) Or(otherwise string) string {
	if s.Set {
		return s.Value
	}
	return otherwise
}

// Bool is a truth value: true or false, and the yes, no, on and off of YAML 1.1, in lower, upper or title case.
type Bool struct {
	Value bool
	Line  int  // of the value; 0 if the field is not there
	Set   bool // false if the field is not there, empty or null
}

// UnmarshalYAML takes a truth value and refuses everything else.
func (b *Bool) UnmarshalYAML(node *yaml.Node) error {
	text, set, err := scalarText(node)
	*b = Bool{Line: node.Line}
	if err != nil {
		return complaint("must be true or false, not " + describe(node))
	}
	if !set {
		return nil
	}
	value, ok := parseBool(text)
	if !ok {
		return complaint("must be true or false")
	}
	*b = Bool{Value: value, Line: node.Line, Set: true}
	return nil
}

// Or returns the value, or the default if it is not set.
func (b Bool) Or(otherwise bool) bool {
	if b.Set {
		return b.Value
	}
	return otherwise
}

func parseBool(text string) (value, ok bool) {
	switch text {
	case "true", "True", "TRUE", "yes", "Yes", "YES", "on", "On", "ON":
		return true, true
	case "false", "False", "FALSE", "no", "No", "NO", "off", "Off", "OFF":
		return false, true
	}
	return false, false
}

// complaint is an error that begins with a verb, so that the field's name can stand before it.
type complaint string

func (c complaint) Error() string { return string(c) }

// scalarText is the text of a scalar and whether it is more than null. Its errors are complaints.
func scalarText(node *yaml.Node) (text string, set bool, err error) {
	node = Resolve(node)
	if node.Kind != yaml.ScalarNode {
		return "", false, complaint("must be a single value, not " + describe(node))
	}
	switch node.ShortTag() {
	case nullTag:
		return "", false, nil
	case binaryTag:
		data, err := base64.StdEncoding.DecodeString(strings.Join(strings.Fields(node.Value), ""))
		if err != nil {
			return "", false, complaint("is not valid base64, which !!binary requires")
		}
		return string(data), true, nil
	}
	return node.Value, true, nil
}
