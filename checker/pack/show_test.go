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

// telling is kinds whose items tell what may be shown of them.
type telling struct{ kinds }

func (t telling) Kind(section, typ string) (string, pack.Decoder, bool) {
	kind, _, ok := t.kinds.Kind(section, typ)
	return kind, teller{}, ok
}

type tellerFields struct {
	Path        yamlfile.Scalar            `yaml:"path" show:"always"`
	Mode        yamlfile.Scalar            `yaml:"mode" show:"open"`
	Lines       yamlfile.Texts             `yaml:"lines" show:"asked"`
	Values      map[string]yamlfile.Scalar `yaml:"values" show:"asked"`
	Forgotten   yamlfile.Scalar            `yaml:"forgotten"`
	Mistyped    yamlfile.Scalar            `yaml:"mistyped" show:"Always"`
	pack.Common `yaml:",inline"`
}

type teller struct{}

func (teller) Fields() any { return tellerFields{} }

func (teller) Decode(node *yaml.Node, _ pack.Templates) (pack.Item, yamlfile.Problems) {
	var in tellerFields
	problems := yamlfile.DecodeNode(node, &in)
	return concealed{item{ID: in.Path.Value}}, problems
}

// concealed is an item whose identity ends with a secret.
type concealed struct{ item }

func (c concealed) Concealed() string { return strings.TrimSuffix(c.ID, "SECRET") }

func shownOf(t *testing.T, content string) []pack.Entry {
	t.Helper()
	packs, problems := pack.Load(files(map[string]string{"a.yaml": content}), "packs", telling{})
	require.Empty(t, problems)
	return packs["a"].Entries
}

func TestWhatMayBeSecretIsNotShown(t *testing.T) {
	const fields = `
    path: /etc/x # SECRET of a comment
    mode: "0600"
    # SECRET of another comment
    lines: [SECRET one, SECRET two]
    values: {SECRET: SECRET}
    forgotten: SECRET
    mistyped: SECRET
    description: Of people
    when: {os: [debian, alpine], vars: {role: web}}
`
	for _, c := range []struct{ name, sensitive, want, hidden, description string }{
		{"nothing is said", "", "path: /etc/x\nmode: \"0600\"\nlines: (not shown)\nvalues: (not shown)\nforgotten: (not shown)\nmistyped: (not shown)\n" +
			"description: Of people\nwhen: {os: [debian, alpine], vars: {role: web}}", "lines values forgotten mistyped", "Of people"},
		{"sensitive", "    sensitive: true\n", "path: /etc/x\nmode: (not shown)\nlines: (not shown)\nvalues: (not shown)\nforgotten: (not shown)\nmistyped: (not shown)\n" +
			"description: (not shown)\nwhen: {os: [debian, alpine], vars: (not shown)}\nsensitive: true", "mode lines values forgotten mistyped description", ""},
		{"null says nothing", "    sensitive:\n", "path: /etc/x\nmode: \"0600\"\nlines: (not shown)\nvalues: (not shown)\nforgotten: (not shown)\nmistyped: (not shown)\n" +
			"description: Of people\nwhen: {os: [debian, alpine], vars: {role: web}}\nsensitive:", "lines values forgotten mistyped", "Of people"},
	} {
		t.Run(c.name, func(t *testing.T) {
			shown := shownOf(t, "items:\n  files:\n  -"+fields[4:]+c.sensitive)[0].Shown
			assert.Equal(t, c.want, strings.TrimSpace(shown.YAML))
			assert.Equal(t, strings.Fields(c.hidden), shown.Hidden)
			assert.Equal(t, c.description, shown.Description)
		})
	}
	t.Run("sensitive: false shows what the kind knows, and nothing that it forgot", func(t *testing.T) {
		shown := shownOf(t, "items:\n  files:\n  -"+fields[4:]+"    sensitive: false\n")[0].Shown
		assert.Contains(t, shown.YAML, "lines: [SECRET one, SECRET two]\nvalues: {SECRET: SECRET}\nforgotten: (not shown)\nmistyped: (not shown)")
		assert.Equal(t, []string{"forgotten", "mistyped"}, shown.Hidden)
	})
	t.Run("a kind that tells nothing has nothing shown", func(t *testing.T) {
		shown := load(t, map[string]string{"a.yaml": "items: {files: [{path: /a, mode: SECRET, description: SECRET, sensitive: false}]}"})["a"].Entries[0].Shown
		assert.Equal(t, "{path: (not shown), mode: (not shown), description: (not shown), sensitive: (not shown)}", shown.YAML)
		assert.Equal(t, "/a", shown.Identity)
		assert.Empty(t, shown.Description)
	})
}

func TestIdentitiesThatHoldSecretsAreConcealed(t *testing.T) {
	for fields, want := range map[string]string{
		"":                   "/a ",
		", sensitive: true":  "/a ",
		", sensitive: false": "/a SECRET",
		", sensitive: ":      "/a ",
	} {
		assert.Equal(t, want, shownOf(t, "items: {files: [{path: /a SECRET"+fields+"}]}")[0].Shown.Identity, fields)
	}
}

func TestConditionsAreShown(t *testing.T) {
	shown := shownOf(t, "items: {files: [{path: /a, when: {os: debian, arch: [arm64, x86_64], vars: {b: 1, a: [x, y]}}}]}")[0].Shown
	assert.Equal(t, []pack.Condition{
		{Name: "arch", Values: []string{"aarch64", "x86_64"}}, {Name: "os", Values: []string{"debian"}},
		{Name: "vars.a", Values: []string{"x", "y"}}, {Name: "vars.b", Values: []string{"1"}},
	}, shown.When)
	shown = shownOf(t, "items: {files: [{path: /a, sensitive: true, when: {os: debian, vars: {SECRET: 1, b: SECRET}}}]}")[0].Shown
	assert.Equal(t, []pack.Condition{{Name: "os", Values: []string{"debian"}}, {Name: "vars", Values: []string{"(not shown)"}}}, shown.When)
	assert.Equal(t, "{path: /a, sensitive: true, when: {os: debian, vars: (not shown)}}", shown.YAML)
}

func TestAliasesAndMergesAreShownAsWhatTheyStandFor(t *testing.T) {
	entries := shownOf(t, `
items:
  files:
    - &first {path: /a, mode: 1, lines: [SECRET]}
    - {<<: *first, path: /b, when: &on {os: debian}}
    - path: /c
      <<: [{mode: 2, when: *on}, {lines: [SECRET]}]
`)
	var got []string
	for _, e := range entries {
		got = append(got, e.Shown.YAML)
	}
	assert.Equal(t, []string{
		"{path: /a, mode: 1, lines: (not shown)}",
		"{path: /b, when: {os: debian}, mode: 1, lines: (not shown)}",
		"path: /c\nmode: 2\nwhen: {os: debian}\nlines: (not shown)",
	}, got)
}

func TestWhatIsShownOfAnItemIsBounded(t *testing.T) {
	long, many := strings.Repeat("x", 100<<10), strings.Repeat("v, ", 10_000)
	for fields, wants := range map[string][]string{
		"path: /" + long: {"xxx… (102401 bytes)"},
		"path: /a, sensitive: false, lines: [" + many + "]": {"v, … (9"},
		"path: /a, when: {os: [" + many + "]}":              {"v, … (9"},
	} {
		shown := shownOf(t, "items: {files: [{"+fields+"}]}")[0].Shown
		for _, want := range wants {
			assert.Contains(t, shown.YAML, want)
		}
		assert.Less(t, len(shown.YAML), 5<<10)
		assert.Less(t, len(shown.Identity), 2<<10)
	}
	shown := shownOf(t, "items: {files: [{path: /a, sensitive: false, lines: ["+strings.Repeat(long[:1000]+", ", 50)+"]}]}")[0].Shown
	assert.True(t, strings.HasSuffix(shown.YAML, "\n… the rest is left out"))
	assert.Less(t, len(shown.YAML), 5<<10)
}

func TestItemsKnowTheirLines(t *testing.T) {
	entries := shownOf(t, `items:
  files:
    - path: /a
      lines:
        - x

        - |
          y

          z

    # of the next

    - path: /b
      mode: 1 # its own
    - {path: /c, mode: 1}
    - {path: /d,
       mode: 1}
    -
      path: /e
    - path: /f
      description: >
        goes on
        here
  packages: [{path: /g}, {path: /h}]`)
	var got [][2]int
	for _, e := range entries {
		got = append(got, e.Lines)
	}
	assert.Equal(t, [][2]int{{3, 10}, {14, 15}, {16, 16}, {17, 18}, {20, 20}, {21, 24}, {25, 25}, {25, 25}}, got)
	assert.Equal(t, "packs/a.yaml:14", entries[1].Source)
}

func TestAChildsItemNamesTheOneThatItReplaces(t *testing.T) {
	packs := load(t, map[string]string{
		"base.yaml": "items:\n  files:\n    - {path: /a, mode: 1}\n    - {path: /b, mode: 1}\n",
		"mid.yaml":  "extends: base\nitems:\n  files:\n    - {path: /c, mode: 2}\n    - {path: /a, mode: 2}\n",
		"top.yaml":  "extends: mid\nitems:\n  files:\n    - {path: /a, mode: 3}\n    - {path: /b, mode: 3}\n",
	})
	replaces := func(id string) map[string]string {
		out := map[string]string{}
		for _, e := range packs[id].Entries {
			out[e.Source] = e.Replaces
		}
		return out
	}
	assert.Equal(t, map[string]string{"packs/base.yaml:3": "", "packs/base.yaml:4": ""}, replaces("base"))
	assert.Equal(t, map[string]string{"packs/mid.yaml:5": "packs/base.yaml:3", "packs/base.yaml:4": "", "packs/mid.yaml:4": ""}, replaces("mid"))
	assert.Equal(t, map[string]string{"packs/top.yaml:4": "packs/mid.yaml:5", "packs/top.yaml:5": "packs/base.yaml:4", "packs/mid.yaml:4": ""}, replaces("top"))
}
