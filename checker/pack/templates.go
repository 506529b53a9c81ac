package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"
	"text/template"
	"text/template/parse"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// templates reads templates when they are first asked for.
type templates struct {
	fsys  fs.FS
	dir   string // as in problems
	known map[string]parsed
}

type parsed struct {
	template *template.Template
	source   string
	err      error
}

// maxTemplate bounds a template, and with it how deep things in it can stand within each other: the parser calls itself for each.
const maxTemplate = 1 << 20

func newTemplates(fsys fs.FS, dir string) *templates {
	return &templates{fsys: fsys, dir: dir, known: map[string]parsed{}}
}

// Template is Templates. It is not safe for concurrent use; the templates are.
func (t *templates) Template(name string) (*template.Template, string, error) {
	p, ok := t.known[name]
	if !ok {
		p = t.read(name)
		t.known[name] = p
	}
	return p.template, p.source, p.err
}

func (t *templates) read(name string) parsed {
	if name == "." || !fs.ValidPath(name) || strings.ContainsAny(name, "\\\x00") {
		return parsed{err: fmt.Errorf("template %q must be the name of a file below %s", name, t.file(""))}
	}
	data, err := yamlfile.ReadFS(t.fsys, path.Join("templates", name))
	if errors.Is(err, fs.ErrNotExist) {
		return parsed{err: fmt.Errorf("template %q: there is no file %s", name, t.file(name))}
	}
	if err != nil {
		return parsed{err: fmt.Errorf("template %q: %s %w", name, t.file(name), err)}
	}
	if len(data) > maxTemplate {
		return parsed{err: fmt.Errorf("template %q: %s is larger than %d MiB", name, t.file(name), maxTemplate>>20)}
	}
	source := string(data)
	tmpl, err := template.New(name).Option("missingkey=error").Parse(source)
	if err != nil {
		return parsed{err: fmt.Errorf("template %q is not valid: %s", name, strings.TrimPrefix(err.Error(), "template: "))}
	}
	for _, t := range tmpl.Templates() {
		if usesItself(tmpl, t.Name(), t.Name(), map[string]bool{}) {
			return parsed{err: fmt.Errorf("template %q: it, or one within it, uses itself, which may never end", name)}
		}
	}
	for _, t := range tmpl.Templates() {
		countable(t.Root)
	}
	return parsed{template: tmpl, source: source}
}

// usesItself tells whether the template of that name is among those that another uses, and those use. They are told from each
// other by name, and never by data: text/template takes minutes to give up loops of a hundred thousand templates within each other.
func usesItself(all *template.Template, name, from string, seen map[string]bool) bool {
	if t := all.Lookup(from); t != nil && !seen[from] && t.Tree != nil {
		seen[from] = true
		for _, used := range uses(t.Root, nil) {
			if used == name || usesItself(all, name, used, seen) {
				return true
			}
		}
	}
	return false
}

// uses adds the names of the templates that a list uses.
func uses(list *parse.ListNode, names []string) []string {
	if list == nil {
		return names
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.TemplateNode:
			names = append(names, node.Name)
		case *parse.IfNode:
			names = uses(node.ElseList, uses(node.List, names))
		case *parse.WithNode:
			names = uses(node.ElseList, uses(node.List, names))
		case *parse.RangeNode:
			names = uses(node.ElseList, uses(node.List, names))
		}
	}
	return names
}

// countable has each round of a loop and each use of a template write something, be it nothing: whoever counts what is written then
// knows of loops that write nothing.
func countable(list *parse.ListNode) {
	if list == nil {
		return
	}
	for _, node := range list.Nodes {
		switch node := node.(type) {
		case *parse.IfNode:
			inside(&node.BranchNode)
		case *parse.WithNode:
			inside(&node.BranchNode)
		case *parse.RangeNode:
			inside(&node.BranchNode)
		}
	}
	list.Nodes = slices.Insert(list.Nodes, 0, parse.Node(&parse.TextNode{NodeType: parse.NodeText, Pos: list.Pos}))
}

func inside(branch *parse.BranchNode) {
	countable(branch.List)
	countable(branch.ElseList)
}

func (t *templates) file(name string) string { return filepath.Join(t.dir, "templates", name) }

// reason is an error without the operation and the file's name.
func reason(err error) string {
	var failed *fs.PathError
	if errors.As(err, &failed) {
		err = failed.Err
	}
	return err.Error()
}
