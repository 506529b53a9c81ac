package yamlfile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

type outer struct {
	Line   int                        `yaml:",line"`
	Name   yamlfile.Scalar            `yaml:"name"`
	On     yamlfile.Bool              `yaml:"enabled"`
	Inner  inner                      `yaml:"inner"`
	Maybe  *inner                     `yaml:"maybe"`
	List   []yamlfile.Scalar          `yaml:"list"`
	Inners []inner                    `yaml:"inners"`
	Labels map[string]yamlfile.Scalar `yaml:"labels"`
	Vars   map[string]any             `yaml:"vars"`
	Raw    yaml.Node                  `yaml:"raw"`
	hidden string
}

type inner struct {
	Line int             `yaml:",line"`
	Port yamlfile.Scalar `yaml:"port"`
	Host string          `yaml:"host"`
	Tags []string        `yaml:"tags"`
	N    int             `yaml:"n"`
	F    float64         `yaml:"f"`
	U    uint8           `yaml:"u"`
	B    bool            `yaml:"b"`
}

func TestDecodeNodeFillsEveryType(t *testing.T) {
	var got outer
	require.Empty(t, yamlfile.DecodeNode(node(t, `
name: web1
enabled: yes
inner: {port: 022, host: 1.10, tags: [no, 0x1], n: -3, f: 1.5, u: 200, b: on}
maybe:
  port: 1
list: [a, 8.10]
inners:
  - {port: 1}
  - port: 2
labels: {env: prod, yes: no}
raw: {anything: [1]}
`), &got))

	assert.Equal(t, 2, got.Line)
	assert.Equal(t, "web1", got.Name.Value)
	assert.True(t, got.On.Value)
	assert.Equal(t, inner{
		Line: 4, Port: yamlfile.Scalar{Value: "022", Line: 4, Set: true}, Host: "1.10",
		Tags: []string{"no", "0x1"}, N: -3, F: 1.5, U: 200, B: true,
	}, got.Inner)
	assert.Equal(t, 6, got.Maybe.Line)
	assert.Equal(t, "8.10", got.List[1].Value)
	assert.Equal(t, 9, got.Inners[0].Line)
	assert.Equal(t, 10, got.Inners[1].Port.Line)
	assert.Equal(t, "no", got.Labels["yes"].Value)
	assert.Equal(t, yaml.MappingNode, got.Raw.Kind)
	assert.Empty(t, got.hidden)
}

func TestDecodeNodeLeavesWhatIsNullOrMissing(t *testing.T) {
	got := outer{Inner: inner{Host: "default"}, List: []yamlfile.Scalar{{Value: "default"}}}
	require.Empty(t, yamlfile.DecodeNode(node(t, "inner: {host: null}\nlist:\nmaybe: ~\nvars: null\ninners: []"), &got))
	assert.Equal(t, "default", got.Inner.Host)
	assert.Equal(t, "default", got.List[0].Value)
	assert.Nil(t, got.Maybe)
	assert.Nil(t, got.Vars)
	assert.NotNil(t, got.Inners, "an empty list is not a missing one")
}

func TestDecodeNodeReportsEveryProblemWithItsLine(t *testing.T) {
	cases := []struct {
		name, yaml string
		want       []string
	}{
		{"unknown field, nothing near", "colour: red", []string{`1: unknown field "colour"`}},
		{"unknown field, one near", "naem: x", []string{`1: unknown field "naem" (did you mean "name"?)`}},
		{"unknown field inside", "inner:\n  Port_: 1", []string{`2: unknown field "Port_" in inner (did you mean "port"?)`}},
		{"field given twice", "name: a\nlist: []\nname: b", []string{`3: field "name" is given twice, first in line 1`}},
		{"field given twice inside", "labels:\n  a: 1\n  a: 2", []string{`3: labels: field "a" is given twice, first in line 2`}},
		{"field whose name is a list", "[a, b]: c", []string{`1: has a field whose name is a list, not text`}},
		{"list for a value", "name: [a]", []string{`1: name must be a single value, not a list`}},
		{"mapping for a value", "name: {a: b}", []string{`1: name must be a single value, not a mapping`}},
		{"mapping for a text", "inner: {host: {}}", []string{`1: inner.host must be a single value, not a mapping`}},
		{"value for a list", "list: a", []string{`1: list must be a list, not a single value`}},
		{"list for a mapping", "inner: []", []string{`1: inner must be a mapping, not a list`}},
		{"value for a map", "labels: a", []string{`1: labels must be a mapping, not a single value`}},
		{"value for an entry", "inners:\n  - a", []string{`2: each entry of inners must be a mapping, not a single value`}},
		{"list for an entry", "list:\n  - - a", []string{`2: each entry of list must be a single value, not a list`}},
		{"empty entry", "list:\n  - a\n  -\n", []string{`3: list has an empty entry`}},
		{"not a truth value", "enabled: maybe", []string{`1: enabled must be true or false`}},
		{"list for a truth value", "enabled: [yes]", []string{`1: enabled must be true or false, not a list`}},
		{"numbers", "inner:\n  n: x\n  f: x\n  u: 256\n  b: x", []string{
			`2: inner.n must be a whole number`, `3: inner.f must be a number`,
			`4: inner.u must be a whole number, not below 0`, `5: inner.b must be true or false`,
		}},
		{"broken base64", "name: !!binary '*'", []string{`1: name is not valid base64, which !!binary requires`}},
		{"text with a comma in braces", "{name: pass,word}", []string{`1: a field without a value is not known (put text that has a comma in quotes)`}},
		{"tag of another program", "name: !vault secret", []string{`1: name uses a tag, which is not supported (put text that begins with ! in quotes)`}},
		{"tag of another program inside", "vars: {a: [!include x]}", []string{`1: each entry of vars.a uses a tag, which is not supported (put text that begins with ! in quotes)`}},
		{"top level of another type", "- a", []string{`1: must be a mapping, not a list`}},
		{"several at once", "nam: x\nlist: {}\ninner: {port: []}", []string{
			`1: unknown field "nam" (did you mean "name"?)`, `2: list must be a list, not a mapping`,
			`3: inner.port must be a single value, not a list`,
		}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var into outer
			assert.Equal(t, c.want, lines(yamlfile.DecodeNode(node(t, c.yaml), &into)))
		})
	}
}

func TestDecodeFieldNamesTheField(t *testing.T) {
	var into inner
	assert.Equal(t, []string{`1: ssh.n must be a whole number`, `2: unknown field "hots" in ssh (did you mean "host"?)`},
		lines(yamlfile.DecodeField("ssh", node(t, "n: b\nhots: a"), &into)))
}

func TestAnyValuePrintsAsItWasWritten(t *testing.T) {
	var got outer
	require.Empty(t, yamlfile.DecodeNode(node(t, `
vars:
  version: 8.10
  mode: 0644
  port: 8080
  ratio: 0.5
  big: 1000000.5
  date: 2026-03-01
  word: no
  yes: true
  none:
  list: [1, "1", {a: b}]
`), &got))
	assert.Equal(t, map[string]any{
		"version": "8.10", "mode": "0644", "port": 8080, "ratio": 0.5, "big": "1000000.5", "date": "2026-03-01",
		"word": "no", "yes": true, "none": nil, "list": []any{1, "1", map[string]any{"a": "b"}},
	}, got.Vars)
}

// lines prints problems without a file.
func lines(ps yamlfile.Problems) []string {
	var out []string
	for _, p := range ps {
		out = append(out, p.String()[len(p.File)+1:])
	}
	return out
}
