package pack_test

import (
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/checker/pack"
)

// FuzzLoad wants no pack to end in a panic, in a problem without file and line, or in items that were refused.
func FuzzLoad(f *testing.F) {
	for _, seed := range []string{
		"name: Base\nextends: null\nitems:\n  files:\n    - {path: ~/.x, mode: 0644, template: t}\n  settings: [{key: a, expected: b, type: sysctl}]\n",
		"extends: a", "extends: b\nitems: {packages: [{name: curl}, {name: curl}]}", "items: {files: [&x {path: /a}, {<<: *x, path: /b}]}",
		"items: &i {files: [*i]}", "items: [", "- a", "items: {settings: [{type: [x]}, , ~]}", "a: 1\n---\nb: 2", "items: {files: [{template: ../x}]}",
	} {
		f.Add([]byte(seed))
	}
	f.Fuzz(func(t *testing.T, data []byte) {
		fsys := files(map[string]string{"a.yaml": string(data), "b.yaml": "items: {packages: [{name: curl}]}", "templates/t": "{{.x}}"})
		packs, problems := pack.Load(fsys, "packs", kinds{})
		for _, p := range problems {
			assert.Equal(t, "packs/a.yaml", p.File)
			assert.Positive(t, p.Line, p.Message)
		}
		_, loaded := packs["a"]
		assert.Equal(t, !problems.Fatal(), loaded)
		assert.Contains(t, packs, "b")
	})
}
