package pack_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
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

// FuzzShow wants what is shown of an item to be small, and to be YAML in which all that is hidden is hidden.
func FuzzShow(f *testing.F) {
	for _, seed := range []string{
		"{path: /a, lines: [x, y], values: {a: b}, forgotten: z, when: {os: a, vars: {b: c}}, sensitive: true}",
		"<<: {lines: |\n    x\n}\npath: !!binary eA==\nmode: !!float 1\nsensitive: no", "path: >-\n  a\n  b\n\n  c\nmode: \"\\x85\\u2028\"\n# x",
		"? path\n: 'x: y'\nmode: '- # '\nlines: &a [*a]", "path: ~\nmode: \"\"\ndescription: \"a\\tb\\n\"\nwhen: {os: [{a: b}]}",
	} {
		f.Add(seed)
	}
	f.Fuzz(func(t *testing.T, fields string) {
		content := "items:\n  files:\n    -\n      " + strings.ReplaceAll(fields, "\n", "\n      ") + "\n"
		packs, _ := pack.Load(files(map[string]string{"a.yaml": content}), "packs", telling{})
		if packs["a"] == nil {
			return
		}
		for _, e := range packs["a"].Entries {
			assert.LessOrEqual(t, len(e.Shown.YAML), 5<<10)
			assert.LessOrEqual(t, len(e.Shown.Identity), 2<<10)
			assert.GreaterOrEqual(t, e.Lines[1], e.Lines[0])
			if strings.Contains(e.Shown.YAML, "… ") || e.Shown.YAML == pack.NotShown {
				continue // cut, or nothing at all
			}
			root, problems := yamlfile.Parse([]byte(e.Shown.YAML))
			if !assert.Empty(t, problems, e.Shown.YAML) {
				return
			}
			for _, field := range e.Shown.Hidden {
				value := yamlfile.Get(root, field)
				if assert.NotNil(t, value, field) {
					assert.Equal(t, pack.NotShown, value.Value, field)
				}
			}
		}
	})
}
