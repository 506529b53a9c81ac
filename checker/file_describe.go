package checker

import (
	"cmp"
	"errors"
	"fmt"
	"strings"

	"gopkg.in/yaml.v3"
)

func (fileKind) selector() string { return "a path or a glob" }

// describe demands of a path, or of every file that a glob matches, what it is now, content by its hash only. What is
// not there is demanded to be absent. Of a symbolic link it demands what is its own.
func (fileKind) describe(facts Facts, selector string, a Answers) ([]*yaml.Node, []Question, error) {
	g, paths, err := selectedPaths(selector)
	if err != nil {
		return nil, nil, err
	}
	if g != nil {
		asked, err := g.ask(facts)
		if err != nil {
			return nil, nil, err
		}
		if !a.has(asked[0]) {
			return nil, asked, errUndecided
		}
		if paths, err = g.names(facts, a); err != nil {
			return nil, nil, err
		}
		if len(paths) == 0 {
			return []*yaml.Node{mapping("glob", selector, "state", "absent")}, nil, nil
		}
	}
	items, more, err := describePaths(facts, paths, a)
	var left omissions
	if g == nil && errors.As(err, &left) {
		return nil, nil, left[0].err
	}
	return items, more, err
}

// selectedPaths is the glob or the path that a selector is.
func selectedPaths(selector string) (*glob, []string, error) {
	switch {
	case !strings.HasPrefix(selector, "/") && !strings.HasPrefix(selector, "~/"):
		return nil, nil, fmt.Errorf("%s is neither a path nor a glob: it must be absolute or begin with ~/", quoted(selector))
	case len(selector) > maxPath || strings.ContainsAny(selector, "\n\x00"):
		return nil, nil, fmt.Errorf("%s is longer than a path can be, or holds a newline or a NUL", quoted(selector))
	case !holdsPattern(selector):
		return nil, []string{withoutSlashes(selector)}, nil
	}
	g, err := parseGlob(selector)
	if err != nil {
		return nil, nil, fmt.Errorf("the glob %s %w", quoted(selector), err)
	}
	return g, nil, nil
}

// withoutSlashes is a path without slashes at its end, which would make a directory of whatever is there.
func withoutSlashes(name string) string {
	return cmp.Or(strings.TrimRight(name, "/"), "/")
}

// describePaths describes several paths; those that cannot be described are omissions.
func describePaths(facts Facts, paths []string, a Answers) (items []*yaml.Node, more []Question, err error) {
	var left omissions
	for _, path := range paths {
		onMachine, err := onMachine(path, facts)
		if err != nil {
			return nil, nil, err
		}
		asked := []Question{{Op: "file", Arg: onMachine}, {Op: "link", Arg: onMachine}, {Op: "sum", Arg: onMachine}}
		if !a.has(asked[0]) {
			more = append(more, asked...)
			continue
		}
		item, err := describePath(path, onMachine, a)
		if err != nil {
			left = append(left, omission{item: path, err: err})
			continue
		}
		items = append(items, item)
	}
	switch {
	case len(more) > 0:
		return nil, more, errUndecided
	case len(left) > 0:
		return items, nil, left
	}
	return items, nil, nil
}

// describePath describes a path, which is known to the machine as onMachine.
func describePath(path, onMachine string, a Answers) (*yaml.Node, error) {
	answer, err := a.to("file", onMachine)
	if err != nil {
		return nil, err
	}
	got, err := parseObserved(answer)
	switch {
	case err != nil:
		return nil, err
	case got.absent:
		return mapping("path", path, "state", "absent"), nil
	case got.link:
		return describeLink(path, onMachine, a)
	}
	status := got.reached
	item := mapping("path", path, "mode", fmt.Sprintf("%04o", status.permissions()),
		"owner", status.userOrNumber(), "group", status.groupOrNumber())
	switch status.fileType() {
	case typeDirectory:
		addField(item, "type", text("directory"))
	case typeRegular:
		sum, err := a.to("sum", onMachine)
		if err != nil {
			return nil, err
		}
		if !isSHA256(sum) {
			return nil, errChanged
		}
		addField(item, "type", text("file"))
		addField(item, "content_hash", text("sha256:"+sum))
	default: // whose type no pack can demand
		return nil, fmt.Errorf("is a %s, and can only be described by hand", status.typeName())
	}
	return item, nil
}

func describeLink(path, onMachine string, a Answers) (*yaml.Node, error) {
	answer, err := a.to("link", onMachine)
	if err != nil {
		return nil, err
	}
	status, target, err := parseLink(answer)
	if err != nil {
		return nil, err
	}
	if status == nil {
		return nil, errChanged
	}
	item := mapping("path", path, "type", "symlink", "target", target,
		"owner", status.userOrNumber(), "group", status.groupOrNumber())
	addField(item, "follow", &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!bool", Value: "false"})
	return item, nil
}
