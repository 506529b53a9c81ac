package checker

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"strconv"
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
func (fileKind) Shell() string             { return fileShell }

// hidesItself: of a file only content is sensitive, and hashes of it may be shown.
func (fileKind) hidesItself() {}

// fileFields is an item of the section files.
type fileFields struct {
	Path        yamlfile.Scalar `yaml:"path"`
	Mode        yamlfile.Scalar `yaml:"mode"`
	Owner       yamlfile.Scalar `yaml:"owner"`
	Group       yamlfile.Scalar `yaml:"group"`
	Type        yamlfile.Scalar `yaml:"type"`
	State       yamlfile.Scalar `yaml:"state"`
	ContentHash yamlfile.Scalar `yaml:"content_hash"`
	Template    yamlfile.Scalar `yaml:"template"`
	Content     yamlfile.Scalar `yaml:"content"`
	pack.Common `yaml:",inline"`
}

// fileItem is what a pack demands of a path. A field that is empty or nil demands nothing.
type fileItem struct {
	path         string
	mode         *uint32
	owner, group string
	typ          string // file, directory, symlink
	absent       bool
	hash         string // hex, lower case
	templateName string
	source       string // of the template
	template     *template.Template
	content      *string
}

func (f *fileItem) Identity() string { return f.path }

// Varies tells that the vars of a machine change what is demanded of it.
func (f *fileItem) Varies() bool { return f.template != nil }

func (f *fileItem) Definition() string {
	mode, content := "", ""
	if f.mode != nil {
		mode = fmt.Sprintf("%04o", *f.mode)
	}
	if f.content != nil {
		content = "=" + *f.content // an empty file is a demand, too
	}
	return definition("path", f.path, "mode", mode, "owner", f.owner, "group", f.group, "type", f.typ,
		"state", stateText(f.absent), "content_hash", f.hash, "template", f.templateName, "source", f.source, "content", content)
}

func (fileKind) Decode(node *yaml.Node, templates pack.Templates) (pack.Item, yamlfile.Problems) {
	var in fileFields
	d := decoding{problems: yamlfile.DecodeNode(node, &in)}
	f := &fileItem{
		path:   d.path("path", in.Path),
		mode:   d.mode("mode", in.Mode),
		owner:  d.name("owner", in.Owner),
		group:  d.name("group", in.Group),
		typ:    d.oneOf("type", in.Type, "file", "directory", "symlink"),
		absent: d.state(in.State),
		hash:   d.sha256("content_hash", in.ContentHash),
	}
	if in.Content.Set {
		f.content = &in.Content.Value
	}
	if in.Template.Set {
		f.templateName = in.Template.Value
		var err error
		if f.template, f.source, err = templates.Template(in.Template.Value); err != nil {
			d.problem(in.Template.Line, "template: %s", err)
		}
	}
	d.contentProblems(in)
	return f, d.problems
}

// contentProblems reports fields that exclude each other.
func (d *decoding) contentProblems(in fileFields) {
	contents := 0
	for _, s := range []yamlfile.Scalar{in.ContentHash, in.Template, in.Content} {
		if s.Set {
			contents++
		}
	}
	if contents > 1 {
		d.problem(0, "at most one of content_hash, template and content may be given")
	}
	if contents > 0 && in.Type.Set && in.Type.Value == "directory" {
		d.problem(0, "a directory has no content: content_hash, template and content need another type")
	}
	demands := map[string]bool{
		"mode": in.Mode.Set, "owner": in.Owner.Set, "group": in.Group.Set, "type": in.Type.Set,
		"content_hash": in.ContentHash.Set, "template": in.Template.Set, "content": in.Content.Set,
	}
	for _, field := range sortedKeys(demands) {
		if in.State.Value == "absent" && demands[field] {
			d.problem(0, "state absent excludes %s", field)
		}
	}
}

// hasContent tells whether content is demanded.
func (f *fileItem) hasContent() bool { return f.hash != "" || f.template != nil || f.content != nil }

// maxRendered bounds what a template may make.
const maxRendered = 4 << 20

// want is the sha256 that is demanded, and the content itself where it is known. It is nil where only a hash is.
func (f *fileItem) want(facts Facts) (hash string, content []byte, err error) {
	switch {
	case f.hash != "":
		return f.hash, nil, nil
	case f.template != nil:
		out := boundedBuffer{left: maxRendered}
		if err := f.template.Execute(&out, templateData(facts)); err != nil {
			return "", nil, fmt.Errorf("template %s: %w", f.templateName, err)
		}
		content = out.Bytes()
	case f.content != nil:
		content = []byte(*f.content)
	}
	if content == nil {
		content = []byte{}
	}
	return hashOf(content), content, nil
}

// templateData is what a template sees: the machine's vars at the root, and its facts.
func templateData(f Facts) map[string]any {
	data := make(map[string]any, len(f.Vars)+1)
	for name, value := range f.Vars {
		data[name] = value
	}
	data["facts"] = map[string]any{
		"os": f.OS, "version": f.Version, "name": f.Name, "kernel": f.Kernel, "arch": f.Arch, "hostname": f.Hostname,
		"package_manager": f.PackageManager, "init": f.Init, "user": f.User, "home": f.Home,
	}
	return data
}

// boundedBuffer is a buffer that refuses to grow without end.
type boundedBuffer struct {
	bytes.Buffer
	left int
}

func (b *boundedBuffer) Write(p []byte) (int, error) {
	if b.left -= len(p); b.left < 0 {
		return 0, errors.New("makes more than " + strconv.Itoa(maxRendered) + " bytes")
	}
	return b.Buffer.Write(p)
}

var _ io.Writer = (*boundedBuffer)(nil)

func hashOf(content []byte) string {
	sum := sha256.Sum256(content)
	return hex.EncodeToString(sum[:])
}

// onMachine is the path as the machine knows it: ~ is the home that it says the user has.
func (f *fileItem) onMachine(facts Facts) (string, error) {
	rest, inHome := strings.CutPrefix(f.path, "~")
	switch {
	case !inHome:
		return f.path, nil
	case facts.Home == "" && facts.User == "":
		return "", errors.New("the machine does not say whose home ~ is")
	case facts.Home == "":
		return "", fmt.Errorf("the machine knows no home of user %s", facts.User)
	}
	return facts.Home + rest, nil
}

func (fileKind) Ask(facts Facts, item pack.Item) ([]Question, error) {
	f := item.(*fileItem)
	path, err := f.onMachine(facts)
	if err != nil {
		return nil, err
	}
	questions := []Question{{Op: "file", Arg: path}}
	if f.hasContent() {
		questions = append(questions, Question{Op: "sum", Arg: path})
	}
	return questions, nil
}
