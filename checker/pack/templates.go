package pack

import (
	"errors"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"strings"
	"text/template"

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
	source := string(data)
	tmpl, err := template.New(name).Option("missingkey=error").Parse(source)
	if err != nil {
		return parsed{err: fmt.Errorf("template %q is not valid: %s", name, strings.TrimPrefix(err.Error(), "template: "))}
	}
	return parsed{template: tmpl, source: source}
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
