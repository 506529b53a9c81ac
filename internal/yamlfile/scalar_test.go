package yamlfile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// node parses a document with yaml.v3 alone.
func node(t *testing.T, text string) *yaml.Node {
	t.Helper()
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &document))
	return document.Content[0]
}

func TestScalarIsTheSourceText(t *testing.T) {
	cases := []struct{ name, yaml, want string }{
		{"version that looks like a number", "v: 8.10", "8.10"},
		{"octal", "v: 0644", "0644"},
		{"octal of YAML 1.2", "v: 0o644", "0o644"},
		{"hexadecimal", "v: 0x1F", "0x1F"},
		{"word that YAML 1.1 takes for false", "v: no", "no"},
		{"true", "v: True", "True"},
		{"date", "v: 2026-03-01", "2026-03-01"},
		{"base 60", "v: 12:30:45", "12:30:45"},
		{"exponent", "v: 1e3", "1e3"},
		{"digits with underscores", "v: 1_000", "1_000"},
		{"infinity", "v: .inf", ".inf"},
		{"quoted", `v: "a\tb"`, "a\tb"},
		{"quoted null", `v: "null"`, "null"},
		{"quoted tilde", `v: '~'`, "~"},
		{"path in the home", "v: ~/.bashrc", "~/.bashrc"},
		{"tagged as a string", "v: !!str null", "null"},
		{"tagged as an integer", "v: !!int 0644", "0644"},
		{"folded", "v: >-\n  a\n  b\n", "a b"},
		{"literal", "v: |\n  a\n  b\n", "a\nb\n"},
		{"binary", "v: !!binary /w==", "\xff"},
		{"binary over several lines", "v: !!binary |\n  aGVs\n  bG8=\n", "hello"},
		{"alias", "o: &a 8.10\nv: *a", "8.10"},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			var got struct {
				O yamlfile.Scalar `yaml:"o"`
				V yamlfile.Scalar `yaml:"v"`
			}
			require.Empty(t, yamlfile.DecodeNode(node(t, c.yaml), &got))
			assert.Equal(t, yamlfile.Scalar{Value: c.want, Line: 1, Set: true}, got.V)
		})
	}
}

func TestScalarThatIsNotSet(t *testing.T) {
	for _, text := range []string{"v:", "v: null", "v: ~", "v: Null", "v: !!null ''"} {
		var got struct {
			V yamlfile.Scalar `yaml:"v"`
		}
		require.Empty(t, yamlfile.DecodeNode(node(t, text), &got), text)
		assert.Equal(t, yamlfile.Scalar{Line: 1}, got.V, text)
		assert.Equal(t, "other", got.V.Or("other"), text)
	}
	var got struct {
		V yamlfile.Scalar `yaml:"v"`
	}
	require.Empty(t, yamlfile.DecodeNode(node(t, `v: ""`), &got))
	assert.Equal(t, yamlfile.Scalar{Line: 1, Set: true}, got.V, `"" is a value`)
	assert.Empty(t, got.V.Or("other"))
}

func TestBool(t *testing.T) {
	for text, want := range map[string]bool{
		"true": true, "True": true, "yes": true, "ON": true, `"on"`: true,
		"false": false, "FALSE": false, "no": false, "off": false,
	} {
		var got struct {
			V yamlfile.Bool `yaml:"v"`
		}
		require.Empty(t, yamlfile.DecodeNode(node(t, "v: "+text), &got), text)
		assert.Equal(t, yamlfile.Bool{Value: want, Line: 1, Set: true}, got.V, text)
		assert.Equal(t, want, got.V.Or(!want))
	}
	var got struct {
		V yamlfile.Bool `yaml:"v"`
	}
	require.Empty(t, yamlfile.DecodeNode(node(t, "v: null"), &got))
	assert.Equal(t, yamlfile.Bool{Line: 1}, got.V)
	assert.True(t, got.V.Or(true))
}
