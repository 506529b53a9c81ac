package checker

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"
)

var _ describer = serviceKind{}

func (serviceKind) selector() string { return "a name, or all" }

// describe knows services by name, and all that are enabled or running.
func (serviceKind) describe(f Facts, selector string, answers Answers) ([]*yaml.Node, []Question, error) {
	if selector == selectAll {
		return describeServices(f, answers)
	}
	if why := badUnit(selector); why != "" {
		return nil, nil, fmt.Errorf("the name %s", why)
	}
	name := serviceName(selector)
	got, more, err := serviceToDescribe(f, name, answers)
	switch {
	case err != nil:
		return nil, more, err
	case got.absent:
		return nil, nil, errors.New("there is no such service")
	}
	if item := describeService(name, got); item != nil {
		return []*yaml.Node{item}, nil, nil
	}
	return nil, nil, fmt.Errorf("nothing can be demanded of what is %s and %s", got.enabled.text, got.running.text)
}

func serviceToDescribe(f Facts, name string, answers Answers) (serviceState, []Question, error) {
	questions, err := askService(f, name)
	if err == nil && !answers.has(questions[0]) {
		return serviceState{}, questions, errUndecided
	}
	if err != nil {
		return serviceState{}, nil, err
	}
	got, err := observedService(f, name, answers)
	return got, nil, err
}

func describeServices(f Facts, answers Answers) (items []*yaml.Node, more []Question, err error) {
	names, more, err := listedServices(f, answers)
	if err != nil {
		return nil, more, err
	}
	for _, name := range names {
		got, questions, err := serviceToDescribe(f, name, answers)
		switch {
		case errors.Is(err, errUndecided):
			more = append(more, questions...)
		case err != nil:
			return nil, nil, fmt.Errorf("%s: %w", name, err)
		case got.absent || got.passing || strings.Contains(name, "@") && !got.enabled.yes:
			// What came up for a login or a connection, the one of this check among them, goes with it.
		default:
			if item := describeService(name, got); item != nil {
				items = append(items, item)
			}
		}
	}
	if len(more) > 0 {
		return nil, more, errUndecided
	}
	return items, nil, nil
}

// listedServices are the names of the services that are enabled or running, sorted.
func listedServices(f Facts, answers Answers) ([]string, []Question, error) {
	question := Question{Op: "systemd_list", Arg: selectAll}
	switch f.Init {
	case initSystemd:
	case initOpenRC:
		question.Op = "openrc_list"
	default:
		_, err := askService(f, selectAll)
		return nil, nil, err
	}
	if !answers.has(question) {
		return nil, []Question{question}, errUndecided
	}
	answer, err := answers.to(question.Op, question.Arg)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for _, unit := range strings.Fields(answer) {
		if badUnit(unit) == "" { // a template is enabled, and only its instances are services
			names = append(names, serviceName(unit))
		}
	}
	slices.Sort(names)
	return slices.Compact(names), nil, nil
}

// describeService demands what is so or not so, and nothing of what is neither; nil if that is nothing.
func describeService(name string, got serviceState) *yaml.Node {
	item := mapping("name", name)
	add := func(field string, is claim) {
		if is.yes || is.no {
			addField(item, field, &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: fmt.Sprint(is.yes)})
		}
	}
	add("enabled", got.enabled)
	add("running", got.running)
	if got.masked.yes {
		add("masked", got.masked)
	}
	if len(item.Content) == 2 {
		return nil
	}
	return item
}
