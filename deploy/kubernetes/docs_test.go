package kubernetes_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testdocs"
)

// What docs/kubernetes.md adds to an overlay is added to the example.
func TestTheDocumentedPartsOfAnOverlayBuild(t *testing.T) {
	var blocks []testdocs.Block
	for _, block := range testdocs.Read(t, "docs/kubernetes.md").In("yaml") {
		if block.Heading == "install-it" {
			blocks = append(blocks, block)
		}
	}
	require.NotEmpty(t, blocks)
	for _, block := range blocks {
		dir := t.TempDir()
		for _, part := range []string{"kubernetes", "grafana"} {
			require.NoError(t, os.CopyFS(filepath.Join(dir, part), os.DirFS(filepath.Join("..", part))))
		}
		overlay := filepath.Join(dir, "kubernetes", "overlays", "example")
		file := filepath.Join(overlay, "kustomization.yaml")
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		require.NoError(t, os.WriteFile(file, append(text, block.Text...), 0o600))
		set := one(t, build(t, overlay), "StatefulSet", "")
		assert.Equal(t, "registry.example.org/drift_exporter:0.1.0", set.text("spec", "template", "spec", "containers", 0, "image"))
	}
}
