package config_test

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// TestInvalid loads every testdata/invalid-*.yaml, one for each rule, and compares everything that is said with the
// .txt beside it.
func TestInvalid(t *testing.T) {
	files, err := filepath.Glob("testdata/invalid-*.yaml")
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		t.Run(filepath.Base(file), func(t *testing.T) {
			_, problems := config.Load(file, home)
			assert.True(t, problems.Fatal())
			got := strings.Join(texts(problems), "\n") + "\n"
			want, err := os.ReadFile(strings.TrimSuffix(file, ".yaml") + ".txt")
			require.NoError(t, err)
			assert.Equal(t, string(want), got)
			for _, p := range problems {
				assert.Positive(t, p.Line, p.Message)
			}
			assert.NotContains(t, got, "s3", "a part of a password")
		})
	}
}
