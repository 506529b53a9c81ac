package config_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// FuzzLoad wants no configuration to end in a panic, in a problem without file and line, or in a machine that breaks
// the rules that others rely on.
func FuzzLoad(f *testing.F) {
	for _, pattern := range []string{"testdata/*.yaml", "testdata/*/*.yaml"} {
		files, err := filepath.Glob(pattern)
		require.NoError(f, err)
		for _, file := range files {
			data, err := os.ReadFile(file)
			require.NoError(f, err)
			f.Add(data)
		}
	}
	f.Add([]byte(secrets))
	f.Add([]byte("machines: [&a {name: x, packs: [*a]}, *a, {<<: [*a]}]"))
	f.Add([]byte("schedule: {cron: \"TZ=\\t1\\t2\\t3\\t4\", timezone: \"\", spread: 9999999999999h}"))
	file := filepath.Join(f.TempDir(), "config.yaml")
	f.Fuzz(func(t *testing.T, data []byte) {
		require.NoError(t, os.WriteFile(file, data, 0o600))
		c, problems := config.Load(file, "")
		for _, p := range problems {
			assert.NotEmpty(t, p.File)
			assert.Positive(t, p.Line, p.Message)
		}
		if problems.Fatal() {
			return
		}
		require.NotNil(t, c)
		_, err := c.Redacted()
		require.NoError(t, err)
		for _, m := range c.Machines {
			assert.NotEmpty(t, m.Address)
			assert.NotEqual(t, byte('-'), m.Address[0])
			assert.NotContains(t, m.Address+m.BecomeUser+m.ConfigUser+m.SSH.User+m.DisplayName, "\n")
			assert.Positive(t, m.SSH.Port)
			found, ok := c.Machine(m.Name)
			assert.True(t, ok)
			assert.Equal(t, m.Name, found.Name)
		}
	})
}
