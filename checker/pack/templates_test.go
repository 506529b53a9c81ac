package pack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

func TestTemplateProblemsStandAtTheirLine(t *testing.T) {
	cases := []struct{ name, template, want string }{
		{"not there", "none.sh", `template "none.sh": there is no file packs/templates/none.sh`},
		{"malformed", "bad.sh", `template "bad.sh" is not valid: bad.sh:2: unexpected "}" in operand`},
		{"outside", "../secret", `template "../secret" must be the name of a file below packs/templates`},
		{"outside by a detour", "a/../../secret", `template "a/../../secret" must be the name of a file below packs/templates`},
		{"absolute", "/etc/passwd", `template "/etc/passwd" must be the name of a file below packs/templates`},
		{"backslash", `..\secret`, `template "..\\secret" must be the name of a file below packs/templates`},
		{"the directory itself", ".", `template "." must be the name of a file below packs/templates`},
		{"empty", `""`, `template "" must be the name of a file below packs/templates`},
		{"one that uses itself", "loop.sh", `template "loop.sh": it, or one within it, uses itself, which may never end`},
		{"ones that use each other", "ring.sh", `template "ring.sh": it, or one within it, uses itself, which may never end`},
		{"huge", "huge.sh", `template "huge.sh": packs/templates/huge.sh is larger than 1 MiB`},
		{"deep", "deep.sh", `template "deep.sh" is not valid: deep.sh:1: unexpected EOF`},
		{"parentheses", "parens.sh", `template "parens.sh" is not valid: parens.sh:1: max expression depth exceeded`},
		{"a directory", "sub", `template "sub": packs/templates/sub cannot be read: invalid argument`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			packs, problems := pack.Load(files(map[string]string{
				"a.yaml":           "items:\n  files:\n    - path: /a\n      template: " + c.template + "\n",
				"templates/bad.sh": "first\n{{ .a } }}\n", "secret": "x", "templates/sub/b.sh": "",
				"templates/loop.sh": `{{ range .a }}{{ template "loop.sh" . }}{{ end }}`,
				"templates/ring.sh": `{{ define "x" }}{{ if .a }}{{ else }}{{ template "y" . }}{{ end }}{{ end }}{{ define "y" }}{{ template "x" . }}{{ end }}`,
				"templates/huge.sh": strings.Repeat("x", 1<<20+1), "templates/deep.sh": strings.Repeat("{{if 1}}", 1<<17),
				"templates/parens.sh": "{{" + strings.Repeat("(", 1<<20-2),
			}), "packs", kinds{})
			require.Len(t, problems, 1)
			assert.Equal(t, "packs/a.yaml:4: "+c.want, problems[0].String())
			assert.Empty(t, packs)
		})
	}
}

// grab is a decoder that keeps what it got.
type grab struct {
	kinds
	got *[]pack.Templates
}

func (g grab) Kind(section, typ string) (string, pack.Decoder, bool) {
	kind, _, ok := g.kinds.Kind(section, typ)
	return kind, g, ok
}

func (g grab) Decode(node *yaml.Node, templates pack.Templates) (pack.Item, yamlfile.Problems) {
	*g.got = append(*g.got, templates)
	return decoder{"path"}.Decode(node, templates)
}

func TestTemplatesAreReadOnceAndRefuseMissingKeys(t *testing.T) {
	var got []pack.Templates
	fsys := files(map[string]string{
		"a.yaml": "items:\n  files:\n    - {path: /a, template: sub/a.sh}\n", "templates/sub/a.sh": "role={{.role}} os={{.facts.OS}}\n",
		"templates/never-used": "{{ malformed",
	})
	_, problems := pack.Load(fsys, "packs", grab{got: &got})
	require.Empty(t, problems)
	require.Len(t, got, 1)

	delete(fsys, "templates/sub/a.sh")
	tmpl, source, err := got[0].Template("sub/a.sh")
	require.NoError(t, err)
	assert.Equal(t, "role={{.role}} os={{.facts.OS}}\n", source)

	var out strings.Builder
	require.NoError(t, tmpl.Execute(&out, map[string]any{"role": "web", "facts": struct{ OS string }{"linux"}}))
	assert.Equal(t, "role=web os=linux\n", out.String())
	err = tmpl.Execute(&out, map[string]any{})
	require.ErrorContains(t, err, `map has no entry for key "role"`)
}
