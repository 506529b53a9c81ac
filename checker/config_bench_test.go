package checker

import (
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"
)

// BenchmarkConfig500Keys checks 500 keys in 100 files of 1 MiB, the keys of a file apart from each other.
func BenchmarkConfig500Keys(b *testing.B) {
	for _, c := range []struct{ format, line string }{
		{"yaml", "key%d: some value\n"}, {"ini", "key%d = some value\n"}, {"toml", "key%d = \"some value\"\n"}, {"sshd", "key%d some value\n"},
	} {
		b.Run(c.format, func(b *testing.B) {
			var text strings.Builder
			for i := 0; text.Len() < maxContent-40; i++ {
				fmt.Fprintf(&text, c.line, i)
			}
			dir, items := b.TempDir(), "  settings:\n"
			for key := range 5 {
				for file := range 100 {
					path := filepath.Join(dir, fmt.Sprint(file))
					require.NoError(b, os.WriteFile(path, []byte(text.String()), 0o644))
					items += fmt.Sprintf("    - {type: config, path: %s, format: %s, key: key%d, expected: some value}\n", path, c.format, key*1000)
				}
			}
			f := onePack(b, items, nil)
			for b.Loop() {
				out := check(b, shell{argv: []string{"/bin/sh"}}, f)
				require.Nil(b, out.Failure)
				require.Empty(b, out.Results[0].Mismatches)
			}
		})
	}
}
