package checker

import (
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestSnapshotOfFiles(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	makeFiles(t, dir, "a", "b: c", "sub/x", "\xff", "#")
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.Symlink("a", at("link")))
	require.NoError(t, os.Symlink("\xff\x01", at("dangling")))
	require.NoError(t, os.Chmod(at("b: c"), 0o4750))
	if os.Getuid() == 0 {
		require.NoError(t, os.Lchown(at("link"), 12345, 54321))
	}
	selections := map[string]int{
		dir + "/*": 7, dir + "/*/*": 1, dir: 1, at("nothing"): 1, dir + "/nothing*": 1, at("link"): 1, "/usr/bin/env": 1, "~/no/such": 1, dir + `/[#]`: 1,
	}
	eachShell(t, func(t *testing.T, sh shell) {
		var all []Selection
		for selector, count := range selections {
			s := snapshot(t, sh, Selection{"file", selector})
			assert.Empty(t, s.Errors)
			assert.Equal(t, count, s.Items, "%s", s.Pack)
			assert.NotContains(t, string(s.Pack), "content:", "only its hash")
			all = append(all, Selection{"file", selector})
		}
		s := snapshot(t, sh, all...)
		assert.Equal(t, 13, s.Items, "what is named twice is there once")
		complies(t, sh, s)
	})
}

func TestSnapshotOfAGlobLeavesOutWhatNoPackCanDemand(t *testing.T) {
	dir := t.TempDir()
	makeFiles(t, dir, "a")
	require.NoError(t, syscall.Mkfifo(filepath.Join(dir, "fifo"), 0o600))
	want := []state.ItemError{{Kind: "file", Item: dir + "/fifo", Error: "is a FIFO, and can only be described by hand"}}
	s := snapshot(t, shells(t)[0], Selection{"file", dir + "/*"})
	assert.Equal(t, want, s.Errors)
	assert.Equal(t, 1, s.Items)
	complies(t, shells(t)[0], s)
	s = snapshot(t, shells(t)[0], Selection{"file", dir + "/fifo"})
	assert.Equal(t, want, s.Errors)
	assert.Equal(t, 0, s.Items)
}

func TestSnapshotHoldsAFileToWhatItIs(t *testing.T) {
	dir := t.TempDir()
	makeFiles(t, dir, "a")
	a := filepath.Join(dir, "a")
	s := snapshot(t, shells(t)[0], Selection{"file", dir + "/*"})
	assert.Contains(t, string(s.Pack), "    - path: "+a+"\n      mode: \"0644\"\n      owner: "+userName(t)+"\n      group: "+groupName(t)+
		"\n      type: file\n      content_hash: sha256:"+hashOf([]byte("a"))+"\n")
	f := fleetOf(t, map[string]string{"p.yaml": string(s.Pack)}, nil)
	for typ, change := range map[string]func(){
		"wrong_content":     func() { require.NoError(t, os.WriteFile(a, []byte("b"), 0o644)) },
		"wrong_permissions": func() { require.NoError(t, os.Chmod(a, 0o600)) },
		"missing_file":      func() { require.NoError(t, os.Remove(a)) },
	} {
		makeFiles(t, dir, "a")
		require.NoError(t, os.Chmod(a, 0o644))
		change()
		r := check(t, shells(t)[0], f).Results[0]
		require.Len(t, r.Mismatches, 1)
		assert.Equal(t, typ, r.Mismatches[0].Type)
	}
}

func TestFilesOfWhichThereIsNoSnapshot(t *testing.T) {
	need(t, "setpriv")
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	makeFiles(t, dir, "closed/file", "secret")
	require.NoError(t, os.Chmod(filepath.Join(dir, "secret"), 0))
	require.NoError(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "closed"), 0o755) })
	sh := asNobody(t, shells(t)[0])
	for selector, want := range map[string]string{
		"passwd": `"passwd" is neither a path nor a glob`, "": "neither", "/a\nb": "newline", "/" + strings.Repeat("x", maxPath): "longer",
		"/x/[": "the glob", dir + "/closed/file": "permission denied (", dir + "/closed/*": "permission denied (", dir + "/sec*": "permission denied (",
	} {
		s := snapshot(t, sh, Selection{"file", selector})
		require.Len(t, s.Errors, 1)
		assert.Contains(t, s.Errors[0].Error, want)
		assert.Zero(t, s.Items)
	}
}
