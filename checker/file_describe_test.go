package checker

import (
	"bytes"
	"errors"
	"os"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// described asks a machine what it has of what a selector names, as YAML of the items.
func described(t testing.TB, sh Transport, kind describer, selector string) (string, error) {
	m := &config.Machine{Name: "m1", Transport: config.TransportSSH}
	d, err := startDialogue(t.Context(), sh, m, testNonce)
	require.NoError(t, err)
	defer d.close()
	facts, err := d.facts(m)
	require.NoError(t, err)
	for range maxRounds {
		items, more, err := kind.describe(facts, selector, d.answers)
		if errors.Is(err, errUndecided) {
			require.NotEmpty(t, more)
			require.NoError(t, d.ask(more))
			continue
		}
		var out bytes.Buffer
		if err == nil {
			encoder := yaml.NewEncoder(&out)
			require.NoError(t, encoder.Encode(items))
			require.NoError(t, encoder.Close())
		}
		return out.String(), err
	}
	t.Fatal("questions without end")
	return "", nil
}

func TestDescribedFilesLoadAndComply(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "d")
	makeFiles(t, dir, "a", "b: c", "sub/x", "\xff", "#", "*")
	at := func(name string) string { return filepath.Join(dir, name) }
	require.NoError(t, os.Symlink("a", at("link")))
	require.NoError(t, os.Symlink("\xff\x01", at("dangling")))
	require.NoError(t, syscall.Mkfifo(at("fifo"), 0o600))
	require.NoError(t, os.Chmod(at("b: c"), 0o4750))
	if os.Getuid() == 0 {
		require.NoError(t, os.Lchown(at("link"), 12345, 54321))
	}
	eachShell(t, func(t *testing.T, sh shell) {
		for selector, count := range map[string]int{
			dir + "/*": 9, dir + "/*/*": 1, dir: 1, at("nothing"): 1, dir + "/nothing*": 1, at("link"): 1, "/usr/bin/env": 1, "~/no/such": 1, dir + `/\*`: 1,
		} {
			if strings.HasSuffix(selector, `\*`) {
				selector = dir + "/[*]"
			}
			items, err := described(t, sh, fileKind{}, selector)
			require.NoError(t, err, selector)
			f := onePack(t, "  files:\n    "+strings.ReplaceAll(items, "\n", "\n    "), nil)
			assert.Len(t, f.Packs["p"].Entries, count, "%s", items)
			r := check(t, sh, f).Results[0]
			assert.Empty(t, r.Mismatches)
			assert.Empty(t, r.Errors)
			assert.NotContains(t, items, "content:", "only its hash")
		}
	})
}

func TestDescribedFileIsHeldToWhatItWas(t *testing.T) {
	dir := t.TempDir()
	makeFiles(t, dir, "a")
	a := filepath.Join(dir, "a")
	items, err := described(t, shells(t)[0], fileKind{}, dir+"/*")
	require.NoError(t, err)
	assert.Equal(t, "- path: "+a+"\n  mode: \"0644\"\n  owner: "+userName(t)+"\n  group: "+groupName(t)+"\n  type: file\n  content_hash: sha256:"+hashOf([]byte("a"))+"\n", items)
	f := onePack(t, "  files:\n    "+strings.ReplaceAll(items, "\n", "\n    "), nil)
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

func TestWhatCannotBeDescribed(t *testing.T) {
	need(t, "setpriv")
	dir := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(dir), 0o755))
	makeFiles(t, dir, "closed/file", "secret")
	require.NoError(t, os.Chmod(filepath.Join(dir, "secret"), 0o600))
	require.NoError(t, os.Chmod(filepath.Join(dir, "closed"), 0))
	t.Cleanup(func() { _ = os.Chmod(filepath.Join(dir, "closed"), 0o755) })
	sh := asNobody(t, shells(t)[0])
	for selector, want := range map[string]string{
		"passwd": `"passwd" is neither a path nor a glob`, "": "neither", "/a\nb": "newline", "/" + strings.Repeat("x", maxPath): "longer",
		"/x/[": "the glob", dir + "/closed/file": "permission denied", dir + "/closed/*": "permission denied", dir + "/sec*": dir + "/secret: permission denied",
	} {
		_, err := described(t, sh, fileKind{}, selector)
		require.ErrorContains(t, err, want)
	}
}
