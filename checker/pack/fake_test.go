package pack_test

import (
	"fmt"
	"slices"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// The kinds of these tests: files and packages, sections of one kind each, and two kinds of settings.
type kinds struct{}

func (kinds) Sections() []string { return []string{"files", "packages", "settings"} }

func (k kinds) Section(section string) bool { return slices.Contains(k.Sections(), section) }

func (kinds) Types(section string) []string {
	if section == "settings" {
		return []string{"sysctl", "env_var"}
	}
	return nil
}

func (k kinds) Kind(section, typ string) (string, pack.Decoder, bool) {
	switch section {
	case "files":
		return "file", decoder{"path"}, true
	case "packages":
		return "package", decoder{"name"}, true
	}
	return typ, decoder{"key"}, slices.Contains(k.Types(section), typ)
}

// bare hides that kinds can list what it knows.
type bare struct{ pack.Lookup }

// item is what is decoded: its identity is the field that the kind demands.
type item struct {
	ID, Value, Source string
}

func (i item) Identity() string   { return i.ID }
func (i item) Definition() string { return i.ID + "=" + i.Value + i.Source }

type decoder struct{ field string }

func (d decoder) Decode(node *yaml.Node, templates pack.Templates) (pack.Item, yamlfile.Problems) {
	var raw struct {
		Path        yamlfile.Scalar `yaml:"path"`
		Name        yamlfile.Scalar `yaml:"name"`
		Key         yamlfile.Scalar `yaml:"key"`
		Type        yamlfile.Scalar `yaml:"type"`
		Mode        yamlfile.Scalar `yaml:"mode"`
		MinVersion  yamlfile.Scalar `yaml:"min_version"`
		Expected    yamlfile.Scalar `yaml:"expected"`
		ContentHash yamlfile.Scalar `yaml:"content_hash"`
		pack.Common `yaml:",inline"`
		Template    yamlfile.Scalar `yaml:"template"`
	}
	problems := yamlfile.DecodeNode(node, &raw)
	id := map[string]yamlfile.Scalar{"path": raw.Path, "name": raw.Name, "key": raw.Key}[d.field]
	if !id.Set {
		problems = append(problems, yamlfile.Problem{Message: d.field + " is missing"})
	}
	decoded := item{ID: id.Value, Value: raw.Mode.Value + raw.MinVersion.Value + raw.Expected.Value}
	if raw.Template.Set {
		_, source, err := templates.Template(raw.Template.Value)
		decoded.Source = source
		if err != nil {
			problems = append(problems, yamlfile.Problem{Line: raw.Template.Line, Message: err.Error()})
		}
	}
	return decoded, problems
}

// files makes a packs directory of names and contents.
func files(contents map[string]string) fstest.MapFS {
	fsys := fstest.MapFS{}
	for name, content := range contents {
		fsys[name] = &fstest.MapFile{Data: []byte(content)}
	}
	return fsys
}

// load loads packs that have no problems.
func load(t *testing.T, contents map[string]string) map[string]*pack.Pack {
	t.Helper()
	packs, problems := pack.Load(files(contents), "packs", kinds{})
	require.Empty(t, problems)
	return packs
}

// summary is a pack's entries, a line each.
func summary(p *pack.Pack) []string {
	var out []string
	for _, e := range p.Entries {
		out = append(out, fmt.Sprintf("%s %s (%s, %s)", e.Kind, e.Item.Definition(), e.Pack, e.Source))
	}
	return out
}

func texts(problems yamlfile.Problems) []string {
	var out []string
	for _, p := range problems {
		out = append(out, p.String())
	}
	return out
}
