package yamlfile_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// FuzzParse wants no input to end in a panic or in a problem without a line.
func FuzzParse(f *testing.F) {
	for _, seed := range []string{
		"name: web1\nenabled: yes\ninner: {port: 022, tags: [no]}\nlabels: {a: b}\nvars: {x: [1, {y: z}]}",
		"a: &a [*a]", "b: &b {<<: *b}", "<<: [{name: x}, {<<: {}}]", "? [a]\n: b", "- !x y", "name: !!binary '*'",
		"a: 1\n---\nb: 2", "\t", "*x", "%YAML 1.1\n---\na", "a: \"\\x\"", "!!map {}", "? &a a\n: *a",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		root, ps := yamlfile.Parse(data)
		if root == nil {
			assert.True(t, ps.Fatal())
		} else {
			var into outer
			ps = append(ps, yamlfile.DecodeNode(root, &into)...)
		}
		for _, p := range ps {
			assert.Positive(t, p.Line, p.Message)
			assert.NotEmpty(t, p.Message)
		}
	})
}
