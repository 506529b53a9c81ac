package packages_test

import (
	"debug/buildinfo"
	"debug/elf"
	"encoding/base64"
	"encoding/hex"
	"encoding/json"
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// bill is what tests read of a CycloneDX bill of materials.
type bill struct {
	BOMFormat string `json:"bomFormat"`
	Metadata  struct {
		Timestamp string
		Component component
	}
	Components   []component
	Dependencies []struct {
		Ref       string
		DependsOn []string `json:"dependsOn"`
	}
}

type component struct {
	Ref     string `json:"bom-ref"`
	Name    string
	Version string
	PURL    string
	Hashes  []struct{ Alg, Content string }
}

// billIsTrue compares the bill with what the program in the archive says of itself.
func billIsTrue(t *testing.T, dist string) {
	program := filepath.Join(unpack(t, dist), "drift_exporter")
	data, err := os.ReadFile(one(t, dist, "*.cdx.json"))
	require.NoError(t, err)
	var got bill
	require.NoError(t, json.Unmarshal(data, &got))
	assert.Equal(t, "CycloneDX", got.BOMFormat)
	assert.Equal(t, "2026-01-01T00:00:00Z", got.Metadata.Timestamp)
	assert.Equal(t, version, got.Metadata.Component.Version)
	require.Len(t, got.Metadata.Component.Hashes, 1)
	assert.Equal(t, sum(t, program), got.Metadata.Component.Hashes[0].Content)

	info, err := buildinfo.ReadFile(program)
	require.NoError(t, err)
	want := map[string]string{"std": ""}
	for _, m := range info.Deps {
		require.Nil(t, m.Replace)
		sum, err := base64.StdEncoding.DecodeString(m.Sum[len("h1:"):])
		require.NoError(t, err)
		want[m.Path+" "+m.Version] = hex.EncodeToString(sum)
	}
	require.Greater(t, len(want), 20)
	said, refs := map[string]string{}, []string{}
	for _, c := range got.Components {
		refs = append(refs, c.Ref)
		if c.Name == "std" {
			assert.Equal(t, "v"+info.GoVersion[len("go"):], c.Version)
			said["std"] = ""
			continue
		}
		require.Len(t, c.Hashes, 1, c.Name)
		assert.Equal(t, "pkg:golang/"+c.Name+"@"+c.Version, c.PURL)
		said[c.Name+" "+c.Version] = c.Hashes[0].Content
	}
	assert.Equal(t, want, said)
	require.Len(t, got.Dependencies, 1)
	assert.Equal(t, refs, got.Dependencies[0].DependsOn)

	file, err := elf.Open(program)
	require.NoError(t, err)
	defer func() { require.NoError(t, file.Close()) }()
	libraries, err := file.ImportedLibraries()
	require.NoError(t, err)
	assert.Empty(t, libraries, "the program needs a C library")
}
