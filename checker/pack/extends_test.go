package pack_test

import (
	"maps"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/checker/pack"
)

func TestExtendsPutsTheParentFirstAndReplacesInPlace(t *testing.T) {
	packs := load(t, map[string]string{
		"base.yaml": "items:\n  files:\n    - {path: /a, mode: 1}\n    - {path: /b, mode: 1}\n  packages:\n    - {name: curl}\n",
		"mid.yaml":  "extends: base\nitems:\n  files:\n    - {path: /c, mode: 2}\n    - {path: /a, mode: 2}\n",
		"top.yaml":  "extends: mid\nitems:\n  packages:\n    - {name: /a}\n  files:\n    - {path: /b, mode: 3}\n    - {path: /c, mode: 3}\n",
	})
	assert.Equal(t, []string{
		"file /a=1 (base, packs/base.yaml:3)",
		"file /b=1 (base, packs/base.yaml:4)",
		"package curl= (base, packs/base.yaml:6)",
	}, summary(packs["base"]), "a parent stays as it is")
	assert.Equal(t, []string{
		"file /a=2 (mid, packs/mid.yaml:5)",
		"file /b=1 (base, packs/base.yaml:4)",
		"package curl= (base, packs/base.yaml:6)",
		"file /c=2 (mid, packs/mid.yaml:4)",
	}, summary(packs["mid"]))
	assert.Equal(t, []string{
		"file /a=2 (mid, packs/mid.yaml:5)",
		"file /b=3 (top, packs/top.yaml:6)",
		"package curl= (base, packs/base.yaml:6)",
		"file /c=3 (top, packs/top.yaml:7)",
		"package /a= (top, packs/top.yaml:4)",
	}, summary(packs["top"]))
	assert.Equal(t, "mid", packs["top"].Extends)
}

func TestExtendsThatLeadsNowhere(t *testing.T) {
	cases := []struct {
		name  string
		files map[string]string
		want  []string
		loads []string
	}{
		{"no such pack", map[string]string{"web.yaml": "name: x\nextends: bas\n", "base.yaml": "items:"},
			[]string{`packs/web.yaml:2: extends "bas": there is no such pack in packs (did you mean "base"?)`}, []string{"base"}},
		{"itself", map[string]string{"a.yaml": "extends: a"},
			[]string{"packs/a.yaml:1: extends is circular: a → a"}, nil},
		{"in a circle", map[string]string{"a.yaml": "extends: b", "b.yaml": "extends: c", "c.yaml": "extends: a", "d.yaml": "extends: a", "e.yaml": "{}"},
			[]string{
				"packs/a.yaml:1: extends is circular: a → b → c → a",
				"packs/b.yaml:1: extends is circular: b → c → a → b",
				"packs/c.yaml:1: extends is circular: c → a → b → c",
			}, []string{"e"}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			packs, problems := pack.Load(files(c.files), "packs", kinds{})
			assert.Equal(t, c.want, texts(problems))
			assert.Equal(t, c.loads, slices.Sorted(maps.Keys(packs)))
		})
	}
}

func TestExtendsNothing(t *testing.T) {
	packs := load(t, map[string]string{"a.yaml": "extends: null", "b.yaml": "extends:", "c.yaml": `extends: ""`, "d.yaml": "extends: ~"})
	for id, p := range packs {
		assert.Empty(t, p.Extends, id)
	}
	assert.Len(t, packs, 4)
}
