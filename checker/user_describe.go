package checker

import (
	"errors"
	"fmt"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

var (
	_ describer = userKind{}
	_ describer = groupKind{}
)

func (userKind) selector() string { return "a name, or all" }

// describe takes a name, or all: every user of /etc/passwd.
func (k userKind) describe(_ Facts, selector string, a Answers) ([]*yaml.Node, []Question, error) {
	names, more, err := selected("all_users", selector, a)
	if err != nil {
		return nil, more, err
	}
	if more, err = everyOne("user", names, a); err != nil {
		return nil, more, err
	}
	if more, err = everyOne("user_groups", names, a); err != nil {
		return nil, more, err
	}
	var items []*yaml.Node
	for _, name := range names {
		item, err := describeUser(name, a)
		if err == nil {
			_, problems := k.Decode(item, nil)
			err = firstOf(problems)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", quoted(name), err)
		}
		items = append(items, item)
	}
	return items, nil, nil
}

func describeUser(name string, a Answers) (*yaml.Node, error) {
	user, err := accountOf(a, name)
	if err != nil {
		return nil, err
	}
	if user == nil {
		return nil, errors.New("there is no such user")
	}
	answer, err := a.to("user_groups", name)
	if err != nil {
		return nil, err
	}
	id, err := parseIdentified(answer)
	if err != nil {
		return nil, err
	}
	var groups []string
	for _, group := range id.groups {
		if group.gid != id.primary.gid && !slices.Contains(groups, group.String()) {
			groups = append(groups, group.String())
		}
	}
	item := mapping("name", name)
	addField(item, "uid", plain(user.uid))
	addField(item, "group", text(id.primary.String()))
	addField(item, "groups", list(groups))
	addField(item, "only_groups", plain("true"))
	for _, field := range [][2]string{{"home", user.home}, {"shell", user.shell}} {
		if strings.HasPrefix(field[1], "/") { // no pack can demand another
			addField(item, field[0], text(field[1]))
		}
	}
	return item, nil
}

func (groupKind) selector() string { return "a name, or all" }

// describe takes a name, or all: every group of /etc/group.
func (k groupKind) describe(_ Facts, selector string, a Answers) ([]*yaml.Node, []Question, error) {
	names, more, err := selected("all_groups", selector, a)
	if err != nil {
		return nil, more, err
	}
	if more, err = everyOne("group", names, a); err != nil {
		return nil, more, err
	}
	var items []*yaml.Node
	for _, name := range names {
		group, err := groupOf(a, name)
		if err == nil && group == nil {
			err = errors.New("there is no such group")
		}
		if err == nil {
			item := mapping("name", name)
			addField(item, "gid", plain(group.gid))
			addField(item, "members", list(slices.Compact(slices.Sorted(slices.Values(group.members)))))
			items = append(items, item)
			_, problems := k.Decode(item, nil)
			err = firstOf(problems)
		}
		if err != nil {
			return nil, nil, fmt.Errorf("%s: %w", quoted(name), err)
		}
	}
	return items, nil, nil
}

// selected are the names that a selector stands for. Lines of the files that begin with + or - are none of users or
// groups: they name what nsswitch's compat takes from elsewhere.
func selected(all, selector string, a Answers) ([]string, []Question, error) {
	if selector != selectAll {
		d := decoding{}
		d.accountName("name", yamlfile.Scalar{Value: selector, Set: true})
		return []string{selector}, nil, firstOf(d.problems)
	}
	question := Question{Op: all, Arg: selectAll}
	if !a.has(question) {
		return nil, []Question{question}, errUndecided
	}
	answer, err := a.to(question.Op, question.Arg)
	if err != nil {
		return nil, nil, err
	}
	var names []string
	for line := range strings.Lines(answer) {
		name := strings.TrimSuffix(line, "\n")
		if name != "" && !strings.ContainsAny(name[:1], "+-#") && !slices.Contains(names, name) {
			names = append(names, name)
		}
	}
	return names, nil, nil
}

// everyOne asks the same of all names.
func everyOne(op string, names []string, a Answers) ([]Question, error) {
	var questions []Question
	for _, name := range names {
		questions = append(questions, Question{Op: op, Arg: name})
	}
	if more := unanswered(a, questions); len(more) > 0 {
		return more, errUndecided
	}
	return nil, nil
}

func firstOf(problems yamlfile.Problems) error {
	if problems.Fatal() {
		return errors.New(problems.Errors()[0].Message)
	}
	return nil
}

// plain is a number or a truth value.
func plain(value string) *yaml.Node { return &yaml.Node{Kind: yaml.ScalarNode, Value: value} }
