package pack

import (
	"cmp"
	"fmt"
	"io/fs"
	"path"
	"path/filepath"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// Load reads every pack of a packs directory: the *.yaml and *.yml at the top level of fsys, hidden files left
// out. dir is the directory's name in problems and sources ("packs" gives "packs/base.yaml:9"). A pack with fatal
// problems, its own or an ancestor's, is not among the results; the others are.
func Load(fsys fs.FS, dir string, lookup Lookup) (map[string]*Pack, yamlfile.Problems) {
	l := &loader{fsys: fsys, dir: dir, lookup: lookup, tags: map[string]map[string]string{}, sources: map[string]*source{}}
	l.templates = newTemplates(fsys, dir)
	for _, name := range l.fileNames() {
		l.read(name)
	}
	packs := l.assemble()
	l.problems.Sort()
	return packs, slices.Compact(l.problems)
}

type loader struct {
	fsys      fs.FS
	dir       string
	lookup    Lookup
	templates Templates
	tags      map[string]map[string]string // `show` of the fields, by kind
	sources   map[string]*source           // by id
	problems  yamlfile.Problems
}

// source is one pack's file, its parent not yet looked at.
type source struct {
	Pack        // Entries are its own
	extendsLine int
	broken      bool
	lines       []string // as they are written
}

// file is the top level of a pack.
type file struct {
	Name        yamlfile.Scalar `yaml:"name"`
	Description yamlfile.Scalar `yaml:"description"`
	Extends     yamlfile.Scalar `yaml:"extends"`
	Items       yaml.Node       `yaml:"items"`
}

// fileNames lists the packs' files, sorted.
func (l *loader) fileNames() []string {
	entries, err := fs.ReadDir(l.fsys, ".")
	if err != nil {
		l.problems = append(l.problems, yamlfile.Problem{
			File: l.dir, Message: "the packs directory cannot be read: " + reason(err),
		})
	}
	var names []string
	for _, entry := range entries {
		name := entry.Name()
		extension := path.Ext(name)
		if entry.IsDir() || strings.HasPrefix(name, ".") || extension != ".yaml" && extension != ".yml" {
			continue
		}
		names = append(names, name)
	}
	return names
}

// read takes one file into the sources.
func (l *loader) read(name string) {
	s := &source{Pack: Pack{ID: strings.TrimSuffix(name, path.Ext(name)), File: filepath.Join(l.dir, name)}}
	if !yamlfile.IsID(s.ID) {
		l.fail(s, 0, "the file's name without its ending is the pack's id, which must be "+yamlfile.IDRule)
		return
	}
	if other, twice := l.sources[s.ID]; twice {
		l.fail(s, 0, fmt.Sprintf("pack %q is in %s already: only one of the two may stay", s.ID, filepath.Base(other.File)))
		other.broken = true
		return
	}
	l.sources[s.ID] = s

	data, err := yamlfile.ReadFS(l.fsys, name)
	if err != nil {
		l.fail(s, 0, err.Error())
		return
	}
	s.lines = strings.Split(string(data), "\n")
	root, problems := yamlfile.Parse(data)
	l.report(s, problems, 1)
	if root != nil {
		l.decode(s, root)
	}
}

// decode takes the file's content into its source.
func (l *loader) decode(s *source, root *yaml.Node) {
	var f file
	l.report(s, yamlfile.DecodeNode(root, &f), root.Line)
	s.Name, s.Description = f.Name.Or(s.ID), f.Description.Value
	s.Extends, s.extendsLine = f.Extends.Value, f.Extends.Line
	if !yamlfile.OneLine(s.Name) {
		l.fail(s, f.Name.Line, "name must not hold line breaks or other control characters")
	}
	if !yamlfile.IsNull(&f.Items) {
		l.items(s, &f.Items)
	}
}

// report adds problems of one source; those without a line get the given one.
func (l *loader) report(s *source, problems yamlfile.Problems, line int) {
	for _, p := range problems {
		p.File, p.Line = s.File, cmp.Or(p.Line, line)
		l.problems = append(l.problems, p)
	}
	s.broken = s.broken || problems.Fatal()
}

func (l *loader) fail(s *source, line int, message string) {
	l.problems = append(l.problems, yamlfile.Problem{File: s.File, Line: line, Message: message})
	s.broken = true
}
