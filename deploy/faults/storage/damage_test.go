package storage_test

import (
	"io/fs"
	"math/rand/v2"
	"os"
	"path/filepath"
	"slices"
	"testing"

	"github.com/stretchr/testify/require"
)

// damage is something that happens to a file of the state.
type damage struct {
	name string
	do   func(t *testing.T, random *rand.Rand, file string)
}

var damages = []damage{
	{"emptied", func(t *testing.T, _ *rand.Rand, file string) { require.NoError(t, os.Truncate(file, 0)) }},
	{"cut", func(t *testing.T, random *rand.Rand, file string) {
		if text := read(t, file); len(text) > 0 {
			require.NoError(t, os.Truncate(file, int64(random.IntN(len(text)))))
		}
	}},
	{"zeroed", func(t *testing.T, _ *rand.Rand, file string) { write(t, file, make([]byte, len(read(t, file)))) }},
	{"its end zeroed", func(t *testing.T, random *rand.Rand, file string) {
		text := read(t, file)
		if len(text) > 0 {
			clear(text[random.IntN(len(text)):])
		}
		write(t, file, text)
	}},
	{"bits flipped", func(t *testing.T, random *rand.Rand, file string) {
		text := read(t, file)
		for range 1 + random.IntN(8) {
			if len(text) > 0 {
				text[random.IntN(len(text))] ^= 1 << random.IntN(8)
			}
		}
		write(t, file, text)
	}},
	{"removed", func(t *testing.T, _ *rand.Rand, file string) { require.NoError(t, os.Remove(file)) }},
	{"replaced by garbage", func(t *testing.T, random *rand.Rand, file string) {
		text := make([]byte, 1+random.IntN(4096))
		for i := range text {
			text[i] = byte(random.Uint32())
		}
		write(t, file, text)
	}},
	{"replaced by a directory", func(t *testing.T, _ *rand.Rand, file string) {
		require.NoError(t, os.Remove(file))
		require.NoError(t, os.MkdirAll(filepath.Join(file, "in", "it"), 0o700))
	}},
}

func read(t *testing.T, file string) []byte {
	t.Helper()
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	return text
}

func write(t *testing.T, file string, text []byte) {
	t.Helper()
	require.NoError(t, os.WriteFile(file, text, 0o600))
}

// filesOf lists the files below a folder, as paths in it.
func filesOf(t *testing.T, dir string) (files []string) {
	t.Helper()
	require.NoError(t, filepath.WalkDir(dir, func(path string, d fs.DirEntry, err error) error {
		if err == nil && d.Type().IsRegular() {
			files = append(files, path[len(dir)+1:])
		}
		return err
	}))
	slices.Sort(files)
	return files
}
