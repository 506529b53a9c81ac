package yamlfile

import (
	"gopkg.in/yaml.v3"
)

// Texts is a list of single values as they were written (see Scalar), or one of them in place of a list.
type Texts struct {
	Values []Scalar
	Line   int  // of the value; 0 if the field is not there
	Set    bool // false if the field is not there or null; an empty list is set
}

// Texts are the values without their lines.
func (t Texts) Texts() []string {
	out := make([]string, len(t.Values))
	for i, value := range t.Values {
		out[i] = value.Value
	}
	return out
}

// UnmarshalYAML takes a scalar or a list of scalars. What is null, or empty without quotes, is no entry.
func (t *Texts) UnmarshalYAML(node *yaml.Node) error {
	*t = Texts{Line: node.Line}
	var values []Scalar
	entries, isList := List(node)
	if !isList {
		entries = []*yaml.Node{node}
	}
	for _, entry := range entries {
		entry = Resolve(entry)
		if entry.Kind != yaml.ScalarNode || IsNull(entry) {
			return complaint("must be a value, or a list of values")
		}
		var value Scalar
		if err := value.UnmarshalYAML(entry); err != nil {
			return err
		}
		values = append(values, value)
	}
	t.Values, t.Set = values, !IsNull(node)
	return nil
}
