package checker

import (
	"errors"
	"fmt"
	"strings"
	"text/template"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// fileKind checks files, directories and symbolic links.
type fileKind struct{}

func (fileKind) Name() string              { return "file" }
func (fileKind) Section() (string, string) { return "files", "" }
func (fileKind) Fields() any               { return fileFields{} }
func (fileKind) Shell() string             { return fileShell + globShell + linkShell + linesShell }

// hidesItself: of a file only content is sensitive, and hashes of it may be shown.
func (fileKind) hidesItself() {}

// fileFields is an item of the section files.
type fileFields struct {
	Path        yamlfile.Scalar `yaml:"path" show:"always"`
	Glob        yamlfile.Scalar `yaml:"glob" show:"always"`
	Mode        yamlfile.Scalar `yaml:"mode" show:"always"`
	Owner       yamlfile.Scalar `yaml:"owner" show:"always"`
	Group       yamlfile.Scalar `yaml:"group" show:"always"`
	Type        yamlfile.Scalar `yaml:"type" show:"always"`
	Target      yamlfile.Scalar `yaml:"target" show:"open"`
	Follow      yamlfile.Bool   `yaml:"follow" show:"always"`
	State       yamlfile.Scalar `yaml:"state" show:"always"`
	ContentHash yamlfile.Scalar `yaml:"content_hash" show:"open"`
	Template    yamlfile.Scalar `yaml:"template" show:"always"`
	Content     yamlfile.Scalar `yaml:"content" show:"asked"`
	IgnoreLines yamlfile.Texts  `yaml:"ignore_lines" show:"asked"`
	Contains    yamlfile.Texts  `yaml:"contains" show:"asked"`
	NotContains yamlfile.Texts  `yaml:"not_contains" show:"asked"`
	MinSize     yamlfile.Scalar `yaml:"min_size" show:"open"`
	MaxSize     yamlfile.Scalar `yaml:"max_size" show:"open"`
	pack.Common `yaml:",inline"`
}

// fileItem is what a pack demands of a path. A field that is empty or nil demands nothing.
type fileItem struct {
	path         string // of a glob: empty
	glob         *glob
	mode         *uint32
	owner, group string
	typ          string // file, directory, symlink
	target       string
	own          bool // owner and group are of the path itself, and it need not lead anywhere
	absent       bool
	hash         string // hex, lower case
	templateName string
	source       string // of the template
	template     *template.Template
	content      *string
	contentHash  string
	ignored      []*linePattern // lines that content and template may differ in
	contains     []*linePattern
	without      []*linePattern
	minSize      *int64
	maxSize      *int64
}

func (f *fileItem) Identity() string {
	if f.glob != nil {
		return f.glob.text
	}
	return f.path
}

// Varies tells that the vars of a machine change what is demanded of it.
func (f *fileItem) Varies() bool { return f.template != nil }

func (f *fileItem) Definition() string {
	mode, content, glob, follow := "", "", "", ""
	if f.mode != nil {
		mode = fmt.Sprintf("%04o", *f.mode)
	}
	if f.content != nil {
		content = "=" + *f.content // an empty file is a demand, too
	}
	if f.glob != nil {
		glob = f.glob.text
	}
	if f.own {
		follow = "false"
	}
	return definition("path", f.path, "glob", glob, "mode", mode, "owner", f.owner, "group", f.group, "type", f.typ,
		"target", f.target, "follow", follow, "state", stateText(f.absent),
		"content_hash", f.hash, "template", f.templateName, "source", f.source, "content", content,
		"ignore_lines", textsOf(f.ignored), "contains", textsOf(f.contains), "not_contains", textsOf(f.without),
		"min_size", sizeText(f.minSize), "max_size", sizeText(f.maxSize))
}

func (fileKind) Decode(node *yaml.Node, templates pack.Templates) (pack.Item, yamlfile.Problems) {
	var in fileFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	f := &fileItem{
		mode:   d.mode("mode", in.Mode),
		owner:  d.name("owner", in.Owner),
		group:  d.name("group", in.Group),
		typ:    d.oneOf("type", in.Type, "file", "directory", "symlink"),
		target: d.text("target", in.Target),
		own:    !in.Follow.Or(true),
		absent: d.state(in.State),
		hash:   d.sha256("content_hash", in.ContentHash),

		ignored:  d.linePatterns("ignore_lines", in.IgnoreLines),
		contains: d.linePatterns("contains", in.Contains),
		without:  d.linePatterns("not_contains", in.NotContains),
		minSize:  d.size("min_size", in.MinSize),
		maxSize:  d.size("max_size", in.MaxSize),
	}
	if in.Glob.Set {
		f.glob = d.glob("glob", in.Glob)
	} else {
		f.path = d.literalPath("path", in.Path)
	}
	if in.Target.Set && !in.Type.Set {
		f.typ = "symlink"
	}
	if in.Content.Set {
		f.content, f.contentHash = &in.Content.Value, hashOf([]byte(in.Content.Value)) // once, not for each machine
	}
	if in.Template.Set {
		f.templateName = in.Template.Value
		var err error
		if f.template, f.source, err = templates.Template(in.Template.Value); err != nil {
			d.problem(in.Template.Line, "template: %s", err)
		}
	}
	d.fileProblems(in, f)
	return f, d.problems
}

// hasContent tells whether content is demanded.
func (f *fileItem) hasContent() bool { return f.hash != "" || f.template != nil || f.content != nil }

// needsRegular tells whether what is demanded can only be true of a regular file.
func (f *fileItem) needsRegular() bool {
	return f.hasContent() || len(f.contains)+len(f.without) > 0 || f.minSize != nil || f.maxSize != nil
}

// needsReached tells whether what a path leads to is looked at, if it is a symbolic link.
func (f *fileItem) needsReached() bool {
	return f.mode != nil || f.needsRegular() || !f.own && (f.typ != "symlink" || f.owner != "" || f.group != "")
}

// needsLink tells whether the path itself is looked at, if it is a symbolic link.
func (f *fileItem) needsLink() bool {
	return f.target != "" || f.own && (f.owner != "" || f.group != "")
}

// onMachine is a path as the machine knows it: ~ is the home that it says the user has.
func onMachine(path string, facts Facts) (string, error) {
	rest, inHome := strings.CutPrefix(path, "~")
	switch {
	case !inHome:
		return path, nil
	case facts.Home == "" && facts.User == "":
		return "", errors.New("the machine does not say whose home ~ is")
	case facts.Home == "":
		return "", fmt.Errorf("the machine knows no home of user %s", facts.User)
	}
	return facts.Home + rest, nil
}

// Ops are also those of whose answers only a mismatch has need.
func (fileKind) Ops(item pack.Item) []string {
	f := item.(*fileItem)
	ops := []string{"file"}
	add := func(needed bool, more ...string) {
		if needed {
			ops = append(ops, more...)
		}
	}
	add(f.glob != nil, "glob")
	lines := len(f.contains)+len(f.without) > 0
	add(f.hasContent() || lines, "sum", "content")
	add(lines, "line")
	add(f.needsLink(), "link")
	add(mayBeAccount(f.owner), "user")
	add(mayBeAccount(f.group), "group")
	return ops
}

func (fileKind) Ask(facts Facts, item pack.Item) ([]Question, error) {
	f := item.(*fileItem)
	if f.glob != nil {
		return f.glob.ask(facts)
	}
	path, err := onMachine(f.path, facts)
	if err != nil {
		return nil, err
	}
	questions := []Question{{Op: "file", Arg: path}}
	if f.hasContent() {
		questions = append(questions, Question{Op: "sum", Arg: path})
	}
	if f.needsLink() {
		questions = append(questions, Question{Op: "link", Arg: path})
	}
	return questions, nil
}
