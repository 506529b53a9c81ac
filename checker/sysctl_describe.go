package checker

import (
	"errors"

	"gopkg.in/yaml.v3"
)

var _ describer = sysctlKind{}

func (sysctlKind) selector() string { return "a name" }

// describe takes the name of a kernel parameter.
func (k sysctlKind) describe(_ Facts, key string, a Answers) ([]*yaml.Node, []Question, error) {
	item := mapping("key", key)
	addField(item, "expected", text(""))
	addField(item, "type", text("sysctl"))
	if _, problems := k.Decode(item, nil); problems.Fatal() {
		return nil, nil, errors.New(problems[0].Message)
	}
	question := Question{Op: "sysctl", Arg: procPath(key)}
	if !a.has(question) {
		return nil, []Question{question}, errUndecided
	}
	value, err := a.to(question.Op, question.Arg)
	switch {
	case err != nil:
		return nil, nil, err
	case value == "absent":
		return nil, nil, errors.New("the kernel has no such parameter")
	}
	item.Content[3] = text(sysctlValue(value))
	return []*yaml.Node{item}, nil, nil
}
