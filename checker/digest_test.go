package checker

import (
	"fmt"
	"math"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
)

func digestOf(t testing.TB, text string, vars map[string]any) (string, map[string]string) {
	packs := loadPacks(t, map[string]string{"p.yaml": text, "templates/motd": "{{ .role }}"})
	return digests(packs["p"], vars)
}

func TestDigestFollowsWhatIsDemanded(t *testing.T) {
	whole, definitions := digestOf(t, "items: {files: [{path: /a}, {path: /b, template: motd}]}", nil)
	same, _ := digestOf(t, "name: Other\ndescription: x\nitems:\n\n  files: [{path: /a, description: y}, {template: motd, path: /b}]", nil)
	assert.Equal(t, whole, same)

	other, changed := digestOf(t, "items: {files: [{path: /a, mode: 644}, {path: /b, template: motd}]}", nil)
	assert.NotEqual(t, whole, other)
	assert.NotEqual(t, definitions["file /a"], changed["file /a"])
	assert.Equal(t, definitions["file /b"], changed["file /b"])
}

func TestVarsChangeWhatTemplatesDemand(t *testing.T) {
	const text = "items: {files: [{path: /a}, {path: /b, template: motd}]}"
	whole, definitions := digestOf(t, text, map[string]any{"role": "web"})
	other, changed := digestOf(t, text, map[string]any{"role": "db"})
	assert.NotEqual(t, whole, other)
	assert.Equal(t, definitions["file /a"], changed["file /a"], "vars are nothing to it")
	assert.NotEqual(t, definitions["file /b"], changed["file /b"])
}

func TestVarsChangeWhatAppliesByThem(t *testing.T) {
	const text = "items: {files: [{path: /a, when: {vars: {role: web}}}, {path: /b, when: {os: debian}}, {path: /c}]}"
	_, web := digestOf(t, text, map[string]any{"role": "web", "site": "a"})
	_, db := digestOf(t, text, map[string]any{"role": "db", "site": "a"})
	_, moved := digestOf(t, text, map[string]any{"role": "web", "site": "b"})
	_, none := digestOf(t, text, nil)
	assert.NotEqual(t, web["file /a"], db["file /a"])
	assert.NotEqual(t, web["file /a"], none["file /a"])
	assert.Equal(t, web["file /b"], db["file /b"], "no condition of it names a var")
	assert.Equal(t, web["file /c"], db["file /c"])
	assert.Equal(t, web, moved, "no condition names that var")
}

func TestCanonicalVars(t *testing.T) {
	assert.Equal(t, canonical(nil), canonical(map[string]any{}))
	assert.JSONEq(t, `{"a":[1,{"x":true}],"b":null}`, canonical(map[string]any{"b": nil, "a": []any{1, map[string]any{"x": true}}}))
	assert.NotEqual(t, canonical(map[string]any{"a": math.Inf(1)}), canonical(map[string]any{"a": math.Inf(-1)}), "JSON knows neither")
}

func TestDigestOfAPackWithoutItems(t *testing.T) {
	whole, definitions := digests(&pack.Pack{}, nil)
	require.Len(t, whole, 64)
	assert.Empty(t, definitions)
}

func TestDigestsAreKeptForEachPackAndItsVars(t *testing.T) {
	packs := loadPacks(t, map[string]string{"p.yaml": "items:\n  files: [{path: /a}]\n", "q.yaml": "items:\n  files: [{path: /b}]\n"})
	var kept digestCache
	for i := range maxCached + 10 {
		for range 2 {
			for _, p := range packs {
				vars := map[string]any{"n": i}
				whole, definitions := kept.of(p, vars)
				wantWhole, wantDefinitions := digests(p, vars)
				assert.Equal(t, wantWhole, whole)
				assert.Equal(t, wantDefinitions, definitions)
			}
		}
	}
	assert.Len(t, kept.kept, maxCached)
}

// BenchmarkDigests is what the digests of a pack cost a check, made for it and kept.
func BenchmarkDigests(b *testing.B) {
	for _, n := range []int{20, 500} {
		var items strings.Builder
		for i := range n {
			fmt.Fprintf(&items, "    - {path: /etc/file%d, mode: 644, content: x}\n", i)
		}
		p := loadPacks(b, map[string]string{"p.yaml": "items:\n  files:\n" + items.String()})["p"]
		b.Run(fmt.Sprintf("made/items=%d", n), func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				digests(p, nil)
			}
		})
		b.Run(fmt.Sprintf("kept/items=%d", n), func(b *testing.B) {
			var kept digestCache
			b.ReportAllocs()
			for b.Loop() {
				kept.of(p, nil)
			}
		})
	}
}
