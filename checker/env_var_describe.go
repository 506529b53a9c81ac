package checker

import (
	"errors"

	"gopkg.in/yaml.v3"
)

var _ describer = envVarKind{}

func (envVarKind) selector() string { return "a name" }

// describe takes the name of an environment variable.
func (k envVarKind) describe(_ Facts, key string, a Answers) ([]*yaml.Node, []Question, error) {
	item := mapping("key", key)
	addField(item, "expected", text(""))
	addField(item, "type", text("env_var"))
	if _, problems := k.Decode(item, nil); problems.Fatal() {
		return nil, nil, errors.New(problems[0].Message)
	}
	question := Question{Op: "env_var", Arg: key}
	if !a.has(question) {
		return nil, []Question{question}, errUndecided
	}
	answer, err := a.to(question.Op, question.Arg)
	if err != nil {
		return nil, nil, err
	}
	value, set, err := envValue(answer)
	switch {
	case err != nil:
		return nil, nil, err
	case !set:
		return nil, nil, errors.New("is not set")
	}
	item.Content[3] = text(value)
	return []*yaml.Node{item}, nil, nil
}
