package checker

import (
	"errors"
	"path"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

var _ describer = mountKind{}

func (mountKind) selector() string { return "a path, or all" }

// describe takes a mount point, or all: everything that is mounted, and not hidden by what was mounted later.
func (k mountKind) describe(_ Facts, selector string, a Answers) ([]*yaml.Node, []Question, error) {
	paths := []string{path.Clean(selector)}
	if selector == selectAll {
		question := Question{Op: "all_mounts", Arg: selectAll}
		if !a.has(question) {
			return nil, []Question{question}, errUndecided
		}
		answer, err := a.to(question.Op, question.Arg)
		if err != nil {
			return nil, nil, err
		}
		paths = mountPoints(answer)
	} else {
		d := decoding{}
		d.path("path", yamlfile.Scalar{Value: selector, Set: true})
		if err := firstOf(d.problems); err != nil {
			return nil, nil, err
		}
	}
	var escaped []string
	for _, p := range paths {
		for _, prefix := range prefixes(p) {
			escaped = append(escaped, escapeMount(prefix))
		}
	}
	if more, err := everyOne("mount", escaped, a); err != nil {
		return nil, more, err
	}
	var items []*yaml.Node
	for _, p := range paths {
		have, err := mountAt(p, a)
		switch {
		case err != nil:
			return nil, nil, err
		case have != nil:
			item := describeMount(have)
			if _, problems := k.Decode(item, nil); problems.Fatal() {
				return nil, nil, firstOf(problems)
			}
			items = append(items, item)
		case selector != selectAll:
			return nil, nil, errors.New("nothing is mounted there")
		}
	}
	return items, nil, nil
}

// mountPoints are the paths of an answer, each once. Those of directories that were removed are no paths any more.
func mountPoints(answer string) []string {
	var paths []string
	for line := range strings.Lines(answer) {
		p := unescapeMount(strings.TrimSuffix(line, "\n"))
		if p == path.Clean(p) && strings.HasPrefix(p, "/") && !slices.Contains(paths, p) {
			paths = append(paths, p)
		}
	}
	return paths
}

// describeMount leaves out options that tell of sizes and of how the kernel does it: these differ without any change.
func describeMount(m *mounted) *yaml.Node {
	item := mapping("path", m.path, "device", m.device, "fstype", m.fstype)
	if m.root != "/" {
		addField(item, "root", text(m.root))
	}
	var options []string
	for _, option := range []string{"ro", "rw", "nosuid", "nodev", "noexec"} {
		if m.has(option) {
			options = append(options, option)
		}
	}
	addField(item, "options", list(options))
	return item
}
