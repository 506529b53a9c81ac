package fleetbench

import (
	"os"
	"os/exec"
	"os/user"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// ownItems are items that belong to who runs the test.
func ownItems(t testing.TB) Items {
	t.Helper()
	testenv.Program(t, "dpkg-query", "dpkg")
	me, err := user.Current()
	require.NoError(t, err)
	group, err := user.LookupGroupId(me.Gid)
	require.NoError(t, err)
	items := NewItems(filepath.Join(t.TempDir(), "machine"), me.Username, group.Name)
	require.NoError(t, items.Make(func(string) error { return nil }))
	return items
}

// The floor must not be low because it looks away.
func TestTheHandWrittenScriptFindsWhatHasDrifted(t *testing.T) {
	for name, c := range map[string]struct {
		drift func(t *testing.T, i *Items)
		line  string // of the output, %s is the file
	}{
		"nothing": {func(*testing.T, *Items) {}, ""},
		"content": {func(t *testing.T, i *Items) { plant(t, *i) }, "  FILE\n"},
		"mode":    {func(t *testing.T, i *Items) { require.NoError(t, os.Chmod(planted(*i), 0o600)) }, "FILE regular file 600"},
		"missing": {func(t *testing.T, i *Items) { require.NoError(t, os.Remove(planted(*i))) }, "No such file"},
		"type": {func(t *testing.T, i *Items) {
			require.NoError(t, os.Remove(planted(*i)))
			require.NoError(t, os.Mkdir(planted(*i), 0o644))
		}, "FILE directory"},
		"owner":     {func(_ *testing.T, i *Items) { i.Owner = "nobody" }, "FILE regular file 644"},
		"directory": {func(t *testing.T, i *Items) { require.NoError(t, os.Chmod(i.Directories()[1], 0o700)) }, "directory1 directory 700"},
		"package":   {func(_ *testing.T, i *Items) { i.Packages = []string{"bash", "no-such-package"} }, "no packages found matching no-such-package"},
		"parameter": {func(_ *testing.T, i *Items) { i.Parameters = map[string]string{"kernel.ostype": "Minix"} }, "Linux\n"},
	} {
		t.Run(name, func(t *testing.T) {
			items := ownItems(t)
			c.drift(t, &items)
			cmd := exec.Command("/bin/sh", "-c", items.Script())
			out, err := cmd.CombinedOutput()
			if c.line == "" {
				require.NoError(t, err, "%s", out)
				assert.Equal(t, AsWanted, string(out))
				return
			}
			assert.Equal(t, 1, status(cmd), "%s", out)
			assert.Contains(t, string(out), "drift:\n")
			assert.Contains(t, string(out), replaceFile(c.line, planted(items)))
			assert.NotContains(t, string(out), AsWanted)
		})
	}
}

func TestTheScriptGoesIntoQuotes(t *testing.T) {
	assert.NotContains(t, NewItems("/tmp/x", "a", "b").Script(), "'")
}

func replaceFile(line, file string) string { return strings.Replace(line, "FILE", file, 1) }
