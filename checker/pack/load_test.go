package pack_test

import (
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
)

func TestPacksOfTheOlderFormatLoadUnmodified(t *testing.T) {
	packs, problems := pack.Load(os.DirFS("testdata/older"), "packs", kinds{})
	require.Empty(t, problems)
	assert.ElementsMatch(t, []string{"base", "empty"}, slices.Collect(maps.Keys(packs)))

	base := packs["base"]
	assert.Equal(t, "Base Pack", base.Name)
	assert.Equal(t, "Essential tools", base.Description)
	assert.Empty(t, base.Extends)
	assert.Equal(t, "packs/base.yaml", base.File)
	assert.Equal(t, []string{
		"file ~/.bash_aliases=0644alias ll='ls -l'\n (base, packs/base.yaml:6)",
		"file ~/.config/tool.conf=0600 (base, packs/base.yaml:10)",
		"package curl=8.10 (base, packs/base.yaml:15)",
		"package git= (base, packs/base.yaml:17)",
		"env_var EDITOR=vim (base, packs/base.yaml:19)",
		"env_var DEBUG=no (base, packs/base.yaml:22)",
	}, summary(base))
	assert.Empty(t, packs["empty"].Entries)
}

func TestNameDefaultsToTheID(t *testing.T) {
	packs := load(t, map[string]string{"web-1.2.yml": "items: {}"})
	require.Contains(t, packs, "web-1.2")
	assert.Equal(t, "web-1.2", packs["web-1.2"].Name)
}

func TestFilesThatAreNoPacksAreIgnored(t *testing.T) {
	packs := load(t, map[string]string{
		"a.yaml": "items:", ".hidden.yaml": "no: pack", "README.md": "text", "b.yaml~": "x", "templates/c.yaml": "x: y", "dir.yaml/d": "",
	})
	assert.Equal(t, []string{"a"}, slices.Collect(maps.Keys(packs)))
}

func TestAnchorsAndMergeKeysInPacks(t *testing.T) {
	packs := load(t, map[string]string{"a.yaml": strings.Join([]string{
		"items:",
		"  files:",
		"    - &one {path: /a, mode: 0600}",
		"    - {<<: *one, path: /b}",
		"  packages: &none []",
		"  settings: *none",
	}, "\n")})
	assert.Equal(t, []string{"file /a=0600 (a, packs/a.yaml:3)", "file /b=0600 (a, packs/a.yaml:4)"}, summary(packs["a"]))
}

func TestProblemsNameFileLineAndField(t *testing.T) {
	cases := []struct {
		name  string
		files map[string]string
		want  []string
	}{
		{"malformed YAML", map[string]string{"a.yaml": "name: a\nitems: [\n"},
			[]string{"packs/a.yaml:2: not valid YAML: did not find expected node content"}},
		{"empty file", map[string]string{"a.yaml": "# nothing yet\n"}, []string{"packs/a.yaml:1: the file is empty"}},
		{"two documents", map[string]string{"a.yaml": "name: a\n---\nname: b\n"},
			[]string{"packs/a.yaml:2: a second YAML document starts here: a file holds only one"}},
		{"a list", map[string]string{"a.yaml": "- a\n"}, []string{"packs/a.yaml:1: must be a mapping, not a list"}},
		{"unknown field", map[string]string{"a.yaml": "name: a\nextend: b\n"},
			[]string{`packs/a.yaml:2: unknown field "extend" (did you mean "extends"?)`}},
		{"extends more than one", map[string]string{"a.yaml": "extends: [b, c]\n"},
			[]string{"packs/a.yaml:1: extends must be a single value, not a list"}},
		{"name of two lines", map[string]string{"a.yaml": "name: \"a\\nb\"\n"},
			[]string{"packs/a.yaml:1: name must not hold line breaks or other control characters"}},
		{"items as a list", map[string]string{"a.yaml": "items:\n  - path: /a\n"},
			[]string{"packs/a.yaml:2: items must be a mapping, not a list"}},
		{"unknown section", map[string]string{"a.yaml": "items:\n  file:\n    - path: /a\n"},
			[]string{`packs/a.yaml:2: unknown section "file" in items (did you mean "files"?)`}},
		{"section twice", map[string]string{"a.yaml": "items:\n  files: []\n  files: []\n"},
			[]string{`packs/a.yaml:3: items: field "files" is given twice, first in line 2`}},
		{"section as a mapping", map[string]string{"a.yaml": "items:\n  files:\n    path: /a\n"},
			[]string{"packs/a.yaml:3: items.files must be a list"}},
		{"text for an item", map[string]string{"a.yaml": "items:\n  packages:\n    - curl\n"},
			[]string{"packs/a.yaml:3: each entry of items.packages must be a mapping, such as {name: …}"}},
		{"empty item", map[string]string{"a.yaml": "items:\n  packages:\n    -\n"},
			[]string{"packs/a.yaml:3: items.packages has an empty entry"}},
		{"no type where there are several", map[string]string{"a.yaml": "items:\n  settings:\n    - key: a\n"},
			[]string{"packs/a.yaml:3: type is missing: it says what kind of thing in items.settings this is (one of env_var, sysctl)"}},
		{"mistyped type", map[string]string{"a.yaml": "items:\n  settings:\n    - {key: a, type: sysctrl}\n"},
			[]string{`packs/a.yaml:3: unknown type "sysctrl" in items.settings (did you mean "sysctl"?)`}},
		{"unknown type", map[string]string{"a.yaml": "items:\n  settings:\n    - {key: a, type: registry}\n"},
			[]string{`packs/a.yaml:3: unknown type "registry" in items.settings (one of env_var, sysctl)`}},
		{"type as a list", map[string]string{"a.yaml": "items:\n  settings:\n    - key: a\n      type: [x]\n"},
			[]string{"packs/a.yaml:4: type must be a single value, not a list"}},
		{"what the kind complains of", map[string]string{"a.yaml": "items:\n  files:\n    - mode: 0644\n      pth: /a\n"},
			[]string{"packs/a.yaml:3: path is missing", `packs/a.yaml:4: unknown field "pth" (did you mean "path"?)`}},
		{"item twice", map[string]string{"a.yaml": "items:\n  files:\n    - path: /a\n    - path: /b\n    - path: /a\n"},
			[]string{`packs/a.yaml:5: file "/a" is in this pack twice, first in line 3`}},
		{"unfit id", map[string]string{"my pack.yaml": "items:\n"},
			[]string{"packs/my pack.yaml: the file's name without its ending is the pack's id, which must be " +
				"letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 128 characters"}},
		{"one id in two files", map[string]string{"a.yaml": "items:\n", "a.yml": "items:\n"},
			[]string{`packs/a.yml: pack "a" is in a.yaml already: only one of the two may stay`}},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			packs, problems := pack.Load(files(c.files), "packs", kinds{})
			assert.Equal(t, c.want, texts(problems))
			assert.Empty(t, packs)
		})
	}
}

func TestLookupsNeedNotListWhatTheyKnow(t *testing.T) {
	_, problems := pack.Load(files(map[string]string{"a.yaml": "items:\n  file: []\n  settings: [{key: a, type: b}]"}), "packs", bare{kinds{}})
	assert.Equal(t, []string{
		`packs/a.yaml:2: unknown section "file" in items`, `packs/a.yaml:3: unknown type "b" in items.settings`,
	}, texts(problems))
}

func TestBrokenPackHidesNothingOfOthers(t *testing.T) {
	packs, problems := pack.Load(files(map[string]string{
		"broken.yaml": "items: [", "child.yaml": "extends: broken\nnam: x\n", "grandchild.yaml": "extends: child", "whole.yaml": "items:",
	}), "packs", kinds{})
	assert.Equal(t, []string{
		"packs/broken.yaml:1: not valid YAML: did not find expected node content",
		`packs/child.yaml:2: unknown field "nam" (did you mean "name"?)`,
	}, texts(problems))
	assert.Equal(t, []string{"whole"}, slices.Collect(maps.Keys(packs)))
}

func TestDirectoryThatIsNotThere(t *testing.T) {
	packs, problems := pack.Load(os.DirFS("testdata/nowhere"), "packs", kinds{})
	assert.Equal(t, []string{"packs: the packs directory cannot be read: no such file or directory"}, texts(problems))
	assert.Empty(t, packs)
}
