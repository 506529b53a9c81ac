package yamlfile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

func TestMergeKeys(t *testing.T) {
	cases := []struct {
		name, yaml string
		want       map[string]string
	}{
		{"own fields come before merged ones", "b: &b {host: x, port: 1}\nv: {<<: *b, port: 2}", map[string]string{"host": "x", "port": "2"}},
		{"in any order", "b: &b {host: x, port: 1}\nv: {port: 2, <<: *b}", map[string]string{"host": "x", "port": "2"}},
		{"earlier of a list come first", "b: &b {port: 1}\nc: &c {port: 2, host: y}\nv: {<<: [*b, *c]}", map[string]string{"host": "y", "port": "1"}},
		{"merges of merges", "b: &b {port: 1}\nc: &c {<<: *b, host: y}\nv: {<<: *c}", map[string]string{"host": "y", "port": "1"}},
		{"a mapping in place", "v: {<<: {port: 1}, host: z}", map[string]string{"host": "z", "port": "1"}},
		{"a quoted << is a field", `v: {"<<": 1}`, map[string]string{"<<": "1"}},
		{"an alias of the whole", "b: &b {port: 1}\nv: *b", map[string]string{"port": "1"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			fields, ps := yamlfile.Fields("", yamlfile.Get(node(t, c.yaml), "v"))
			require.Empty(t, ps)
			got := map[string]string{}
			for _, field := range fields {
				got[field.Name] = field.Value.Value
			}
			assert.Equal(t, c.want, got)
		})
	}
}

func TestMergesOfAnythingButMappingsAreProblems(t *testing.T) {
	_, ps := yamlfile.Fields("", node(t, "a: &a [1]\n<<: *a"))
	assert.Equal(t, []string{"1: merges (<<) a single value: only mappings can be merged"}, lines(ps))
	_, ps = yamlfile.Fields("", node(t, "a: 1\n<<: text"))
	assert.Equal(t, []string{"2: merges (<<) a single value: only mappings can be merged"}, lines(ps))
	_, ps = yamlfile.Fields("", node(t, "[a]"))
	assert.Equal(t, []string{"1: must be a mapping, not a list"}, lines(ps))
}

func TestUnknownFieldOfAMergedMappingIsReportedOnce(t *testing.T) {
	var got struct {
		A inner   `yaml:"a"`
		L []inner `yaml:"inners"`
	}
	ps := yamlfile.DecodeNode(node(t, "a: &a\n  hots: x\ninners:\n  - <<: *a\n  - <<: *a\n"), &got)
	assert.Equal(t, []string{
		`2: unknown field "hots" in a (did you mean "host"?)`, `2: unknown field "hots" in inners (did you mean "host"?)`,
	}, lines(ps))
}

func TestListAndNull(t *testing.T) {
	entries, ok := yamlfile.List(node(t, "[1, 2]"))
	assert.True(t, ok)
	assert.Len(t, entries, 2)
	entries, ok = yamlfile.List(node(t, "a:").Content[1])
	assert.True(t, ok, "null is an empty list")
	assert.Empty(t, entries)
	_, ok = yamlfile.List(node(t, "{}"))
	assert.False(t, ok)
	assert.True(t, yamlfile.IsNull(&yaml.Node{}))
	assert.False(t, yamlfile.IsNull(node(t, `""`)))
	assert.Nil(t, yamlfile.Get(node(t, "a: 1"), "b"))
}

func TestSuggest(t *testing.T) {
	known := []string{"name", "address", "port", "host_key_policy", "resend_delay"}
	for name, want := range map[string]string{
		"naem": "name", "adddress": "address", "Port": "port", "host-key-policy": "host_key_policy", "resend_dealy": "resend_delay",
		"hostkeypolicy": "host_key_policy",
	} {
		assert.Equal(t, ` (did you mean "`+want+`"?)`, yamlfile.Suggest(name, known))
	}
	for _, name := range []string{"", "colour", "xx", "a_name_that_is_far_too_long_to_be_any_of_the_fields_that_there_are_in_a_file"} {
		assert.Empty(t, yamlfile.Suggest(name, known), name)
	}
}
