package checker

import (
	"errors"
	"testing"
	"text/template"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// templates is a packs directory's templates, by name.
type templates map[string]string

func (ts templates) Template(name string) (*template.Template, string, error) {
	source, ok := ts[name]
	if !ok {
		return nil, "", errors.New("there is no such template")
	}
	parsed, err := template.New(name).Option("missingkey=error").Parse(source)
	return parsed, source, err
}

// decode decodes an item of a kind from its YAML.
func decode(t testing.TB, kind Kind, text string) (pack.Item, yamlfile.Problems) {
	var document yaml.Node
	require.NoError(t, yaml.Unmarshal([]byte(text), &document))
	return kind.Decode(document.Content[0], templates{"motd": "{{ .role }} on {{ .facts.os }}\n"})
}

// decodeCases checks what is wrong with items; no messages: nothing is.
type decodeCases []struct {
	name, yaml string
	want       []string
}

func (cases decodeCases) run(t *testing.T, kind Kind) {
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			_, problems := decode(t, kind, c.yaml)
			var got []string
			for _, p := range problems {
				got = append(got, p.Message)
			}
			assert.Equal(t, c.want, got)
		})
	}
}
