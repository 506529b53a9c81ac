package yamlfile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

func TestTextsAreOneValueOrAList(t *testing.T) {
	for yaml, want := range map[string][]string{
		"8.10": {"8.10"}, "[a, 0644, no]": {"a", "0644", "no"}, `""`: {""}, `["", "~"]`: {"", "~"}, "[]": {}, "[a, ]": {"a"},
	} {
		node, problems := yamlfile.Parse([]byte("field: " + yaml))
		require.Empty(t, problems)
		var got struct {
			Field yamlfile.Texts `yaml:"field"`
		}
		require.Empty(t, yamlfile.DecodeNode(node, &got), yaml)
		assert.True(t, got.Field.Set, yaml)
		assert.Equal(t, want, got.Field.Texts(), yaml)
	}
}

func TestTextsThatAreNone(t *testing.T) {
	for _, yaml := range []string{"{a: b}", "[[a]]", "[a, {}]", "[a, ~]"} {
		node, problems := yamlfile.Parse([]byte("field: " + yaml))
		require.Empty(t, problems)
		var got struct {
			Field yamlfile.Texts `yaml:"field"`
		}
		problems = yamlfile.DecodeNode(node, &got)
		require.Len(t, problems, 1, yaml)
		assert.Equal(t, ":1: field must be a value, or a list of values", problems[0].String(), yaml)
		assert.False(t, got.Field.Set)
	}
	var unset struct {
		Field yamlfile.Texts `yaml:"field"`
	}
	node, _ := yamlfile.Parse([]byte("field: null"))
	require.Empty(t, yamlfile.DecodeNode(node, &unset))
	assert.False(t, unset.Field.Set)
}
