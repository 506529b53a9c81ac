package checker

import (
	"errors"

	"gopkg.in/yaml.v3"
)

// describer is a kind of which snapshot can describe what a machine has.
type describer interface {
	// selector says what a selector may be, for people.
	selector() string
	// describe returns the items that demand what the machine has now of what a selector names (a path, a glob, a
	// name, or all), as mappings of YAML, by the answers so far; there are none at first. Further questions are as
	// with Compare, and errUndecided. What cannot be observed is an error, or an omission where there are others.
	describe(f Facts, selector string, a Answers) (items []*yaml.Node, more []Question, err error)
}

// omissions is what a description leaves out of several things, as an error beside its items.
type omissions []omission

type omission struct {
	item string
	err  error
}

func (o omissions) Error() string { return o[0].item + ": " + o[0].err.Error() }

// selectAll is the selector of everything of a kind.
const selectAll = "all"

// mapping is an item of these fields and values. Those without a value are left out.
func mapping(fields ...string) *yaml.Node {
	item := &yaml.Node{Kind: yaml.MappingNode}
	for i := 0; i < len(fields); i += 2 {
		if fields[i+1] != "" {
			addField(item, fields[i], text(fields[i+1]))
		}
	}
	return item
}

// addField adds a field to an item.
func addField(item *yaml.Node, name string, value *yaml.Node) {
	item.Content = append(item.Content, text(name), value)
}

// text is a value that is read back as it is here: quoted where YAML would take it for something else.
func text(value string) *yaml.Node {
	node := &yaml.Node{}
	node.SetString(value)
	return node
}

// list is a list of such values.
func list(values []string) *yaml.Node {
	node := &yaml.Node{Kind: yaml.SequenceNode, Style: yaml.FlowStyle}
	for _, value := range values {
		node.Content = append(node.Content, text(value))
	}
	return node
}

// describeSetting describes a setting by the answer to its only question, of which valueOf makes the value that it has.
func describeSetting(k Kind, key string, q Question, a Answers, valueOf func(answer string) (string, error)) ([]*yaml.Node, []Question, error) {
	_, typ := k.Section()
	value := ""
	item := func() *yaml.Node {
		item := mapping("key", key)
		addField(item, "expected", text(value))
		addField(item, "type", text(typ))
		return item
	}
	if _, problems := k.Decode(item(), nil); problems.Fatal() { // the key, before it is asked for
		return nil, nil, errors.New(problems[0].Message)
	}
	if !a.has(q) {
		return nil, []Question{q}, errUndecided
	}
	answer, err := a.to(q.Op, q.Arg)
	if err == nil {
		value, err = valueOf(answer)
	}
	if err != nil {
		return nil, nil, err
	}
	return []*yaml.Node{item()}, nil, nil
}
