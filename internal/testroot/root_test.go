package testroot_test

import (
	"os"
	"path/filepath"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testroot"
)

func TestWhatIsDoneInACopyIsNotDoneHere(t *testing.T) {
	root := testroot.New(t)
	before, err := os.ReadFile("/etc/passwd")
	require.NoError(t, err)
	root.Run(`echo x >>/etc/passwd; rm -rf /usr/share/doc; echo made >/etc/of-the-copy`)
	after, err := os.ReadFile("/etc/passwd")
	require.NoError(t, err)
	assert.Equal(t, before, after)
	assert.NoFileExists(t, "/etc/of-the-copy")
	assert.DirExists(t, "/usr/share/doc")

	made, err := os.ReadFile(root.Path("/etc/of-the-copy"))
	require.NoError(t, err)
	assert.Equal(t, "made\n", string(made))
}

func TestACopyHasNothingButItselfToTalkTo(t *testing.T) {
	root := testroot.New(t)
	assert.NotContains(t, root.Run(`ip -o link show up`), "eth")
	assert.Contains(t, root.Run(`ip -o link show up`), "lo:")
	assert.Equal(t, "cat\n", root.Run(`cat /proc/1/comm`))
	assert.Empty(t, root.Run(`ls -A /run; ls -A /tmp`))
}

func TestAScriptThatFailsSaysWhatItPrinted(t *testing.T) {
	_, err := testroot.New(t).Try(`echo reason; false; echo not reached`)
	require.ErrorContains(t, err, "reason")
	assert.NotContains(t, err.Error(), "\nnot reached")
}

func TestFilesArePutWithTheirMode(t *testing.T) {
	root := testroot.New(t)
	file := filepath.Join(t.TempDir(), "file")
	require.NoError(t, os.WriteFile(file, []byte("text"), 0o600))
	root.Put(file, "/opt/new/file", 0o755)
	assert.Equal(t, "755 text", root.Run(`printf '%s ' "$(stat -c %a /opt/new/file)"; cat /opt/new/file`))
}
