package checker

import (
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// rooted is a machine on which some directories are elsewhere: it reads the script and the questions as if each of
// these absolute paths were below root.
func rooted(t Transport, root string, paths ...string) Transport {
	var pairs []string
	for _, path := range paths {
		pairs = append(pairs, path, root+path)
	}
	moved := strings.NewReplacer(pairs...)
	return transportFunc(func(_ Transport, s Session) Session { return rootedSession{s, moved} }).over(t)
}

type rootedSession struct {
	Session
	moved *strings.Replacer
}

func (s rootedSession) Write(p []byte) (int, error) {
	if _, err := s.Session.Write([]byte(s.moved.Replace(string(p)))); err != nil {
		return 0, err
	}
	return len(p), nil
}

// tree makes files below a new directory that everybody may read. A name that ends in a slash is a directory, a
// content that begins with "-> " a symbolic link.
func tree(t testing.TB, files map[string]string) string {
	root := t.TempDir()
	require.NoError(t, os.Chmod(filepath.Dir(root), 0o755))
	for name, content := range files {
		path := filepath.Join(root, name)
		require.NoError(t, os.MkdirAll(filepath.Dir(path), 0o755))
		target, link := strings.CutPrefix(content, "-> ")
		switch {
		case strings.HasSuffix(name, "/"):
			require.NoError(t, os.MkdirAll(path, 0o755))
		case link:
			require.NoError(t, os.Symlink(target, path))
		default:
			require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		}
	}
	return root
}
