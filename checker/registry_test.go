package checker

import (
	"fmt"
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A kind is a file here, a test of the same name and a section in the documentation: this test asks for all three.
func TestEveryKindHasItsFileItsTestAndItsSection(t *testing.T) {
	docs, err := os.ReadFile("../docs/packs.md")
	require.NoError(t, err)
	headings := regexp.MustCompile(`(?m)^## (.+)$`).FindAllStringSubmatch(string(docs), -1)
	var sections []string
	for _, heading := range headings {
		sections = append(sections, heading[1])
	}
	places := map[[2]string]bool{}
	ops := map[string]bool{}
	for _, kind := range Kinds().kinds {
		assert.FileExists(t, kind.Name()+".go")
		assert.FileExists(t, kind.Name()+"_test.go")
		assert.Contains(t, sections, kind.Name(), "docs/packs.md has no section about it")
		section, typ := kind.Section()
		assert.False(t, places[[2]string{section, typ}], "two kinds in one place")
		places[[2]string{section, typ}] = true
		for _, op := range scriptOps(kind.Shell()) {
			assert.False(t, ops[op], "two kinds answer op %s", op)
			ops[op] = true
		}
	}
	assert.Subset(t, append(Kinds().Names(), "Fields of every item", "Verdicts"), sections, "a section about no kind")
}

func TestKindsAreFoundByTheirPlace(t *testing.T) {
	kinds := Kinds()
	for _, c := range []struct{ section, typ, want string }{
		{"files", "", "file"}, {"files", "directory", "file"}, {"packages", "", "package"}, {"settings", "env_var", "env_var"},
		{"settings", "sysctl", "sysctl"}, {"settings", "config", "config"}, {"settings", "", ""}, {"settings", "x", ""}, {"x", "", ""},
	} {
		name, decoder, ok := kinds.Kind(c.section, c.typ)
		assert.Equal(t, c.want, name)
		assert.Equal(t, c.want != "", ok)
		assert.Equal(t, ok, decoder != nil)
	}
	assert.True(t, kinds.Section("settings"))
	assert.False(t, kinds.Section("setting"))
	assert.Subset(t, kinds.Sections(), []string{"files", "packages", "settings"})
	assert.Len(t, slices.Compact(slices.Sorted(slices.Values(kinds.Sections()))), len(kinds.Sections()), "each once")
	assert.Equal(t, []string{"env_var", "sysctl", "config"}, kinds.Types("settings"))
}

// The examples of the documentation are packs that load.
func TestDocumentedExamplesLoad(t *testing.T) {
	docs, err := os.ReadFile("../docs/packs.md")
	require.NoError(t, err)
	examples := regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllStringSubmatch(string(docs), -1)
	require.GreaterOrEqual(t, len(examples), len(Kinds().kinds))
	files := map[string]string{
		"base.yaml": "name: Base", "templates/nginx.conf": "x", "templates/authorized_keys": "x",
	}
	for i, example := range examples {
		files[fmt.Sprintf("example-%d.yaml", i)] = example[1]
	}
	packs := loadPacks(t, files)
	assert.Len(t, packs, len(examples)+1)
	for _, p := range packs {
		assert.True(t, p.ID == "base" || len(p.Entries) > 0, p.ID)
	}
}

func TestDocumentedMismatchesAreThoseThereAre(t *testing.T) {
	docs, err := os.ReadFile("../docs/packs.md")
	require.NoError(t, err)
	table := regexp.MustCompile("`((?:missing|unexpected|wrong)_[a-z]+)`")
	documented, given := map[string]bool{}, map[string]bool{}
	for _, match := range table.FindAllStringSubmatch(string(docs), -1) {
		documented[match[1]] = true
	}
	sources, err := os.ReadDir(".")
	require.NoError(t, err)
	for _, source := range sources {
		if !strings.HasSuffix(source.Name(), ".go") || strings.HasSuffix(source.Name(), "_test.go") {
			continue
		}
		text, err := os.ReadFile(source.Name())
		require.NoError(t, err)
		for _, match := range regexp.MustCompile(`"((?:missing|unexpected|wrong)_[a-z]+)"`).FindAllStringSubmatch(string(text), -1) {
			given[match[1]] = true
		}
	}
	assert.Equal(t, sortedKeys(given), sortedKeys(documented))
}
