package yamlfile_test

import (
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

func TestIsID(t *testing.T) {
	for _, id := range []string{"web1", "0", "A.b_c-d", strings.Repeat("a", 128)} {
		assert.True(t, yamlfile.IsID(id), id)
	}
	for _, id := range []string{"", ".", "..", "-a", "_a", "a b", "a/b", "a\n", "é", strings.Repeat("a", 129)} {
		assert.False(t, yamlfile.IsID(id), id)
	}
}

func TestOneLine(t *testing.T) {
	for _, text := range []string{"", "Web 1", "Zürich – 東京"} {
		assert.True(t, yamlfile.OneLine(text), text)
	}
	for _, text := range []string{"a\nb", "a\x00", "\x1b[31m", "a\r", "\x7f", "\u0085", "\u2028", "\xff"} {
		assert.False(t, yamlfile.OneLine(text), "%q", text)
	}
}
