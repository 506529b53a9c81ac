package checker

import (
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestIgnoredLinesMayDiffer(t *testing.T) {
	dir := t.TempDir()
	write := func(name, content string, mode os.FileMode) {
		require.NoError(t, os.WriteFile(dir+"/"+name, []byte(content), mode))
	}
	write("f", "# written at 12:34\na\nb\n", 0o644)
	write("short", "a\nb", 0o644)
	write("kept", "# written at 12:34\na\nb\n", 0o600)
	write("large", "# written\n"+strings.Repeat("x\n", maxContent/2), 0o644)
	write("middling", strings.Repeat("x\n", maxDiffed/2+1), 0o644)
	write("binary", "\x00\n# written\n\xff\n", 0o644)
	sums := func(expected, actual string) string {
		return "sha256:" + hashOf([]byte(expected)) + " → sha256:" + hashOf([]byte(actual))
	}
	const kept = "error D/kept: its content must not leave the machine, and ignore_lines needs it here (sensitive: false lets it)"
	cases := verdictCases{
		{`{path: D/f, content: "a\nb\n", ignore_lines: "/^# written at/"}`, ""},
		{`{path: D/f, content: "# written at 00:00\na\nb\n", ignore_lines: "/^# written at/"}`, ""},
		{`{path: D/f, content: "a\nb\n# written at 00:00\n", ignore_lines: "/^# written at/"}`, ""},
		{`{path: D/f, content: "a\n", ignore_lines: [b, "/written/"]}`, ""},
		{`{path: D/f, content: "a\nb\n", ignore_lines: "# written at"}`, "wrong_content D/f: " + sums("a\nb\n", "# written at 12:34\na\nb\n")},
		{`{path: D/f, content: "# written\na\nc\n", ignore_lines: "/written/"}`, "wrong_content D/f: " + sums("a\nc\n", "a\nb\n")},
		{`{path: D/short, content: "a\nb\n", ignore_lines: /x/}`, "wrong_content D/short: " + sums("a\nb\n", "a\nb")},
		{`{path: D/short, content: "", ignore_lines: "/^[ab]$/"}`, ""},
		{`{path: D/kept, content: "a\nb\n", ignore_lines: /written/}`, kept},
		{`{path: D/kept, content: "a\nb\n", ignore_lines: /written/, sensitive: false}`, ""},
		{`{path: D/kept, content: "# written at 12:34\na\nb\n", ignore_lines: /written/}`, ""},
		{`{path: D/large, content: x, ignore_lines: /written/}`, "error D/large: is larger than 1048576 bytes"},
		{`{path: D/middling, content: y, ignore_lines: /written/}`, "wrong_content D/middling: " + sums("y", strings.Repeat("x\n", maxDiffed/2+1))},
		{`{path: D/binary, content: !!binary AAr/Cg==, ignore_lines: /written/}`, ""},
		{`{path: D/binary, content: x, ignore_lines: /written/}`, "wrong_content D/binary: " + sums("x", "\x00\n\xff\n")},
		{`{glob: 'D/[fs]*', content: "a\nb\n", ignore_lines: /written/}`, "wrong_content D/short: " + sums("a\nb\n", "a\nb")},
		{`{path: D/nothing, content: "a", ignore_lines: /x/}`, "missing_file D/nothing: present → absent"},
	}
	eachShell(t, func(t *testing.T, sh shell) { cases.run(t, sh, dir) })

	r := checkOne(t, shells(t)[0], "  files: ["+strings.ReplaceAll(cases[5].item, "D/", dir+"/")+"]")
	assert.Equal(t, "--- expected\n+++ actual\n@@ -1,2 +1,2 @@\n a\n-c\n+b\n", r.Mismatches[0].Diff, "of what is compared")
}

func TestSizes(t *testing.T) {
	dir := t.TempDir()
	makeFiles(t, dir, "dir/x")
	require.NoError(t, os.WriteFile(dir+"/f", make([]byte, 10_000), 0o600))
	require.NoError(t, os.Symlink("f", dir+"/link"))
	verdictCases{
		{"{path: D/f, min_size: 10000, max_size: 10KB}", ""},
		{"{path: D/f, min_size: 1, max_size: 10KiB}", ""},
		{"{path: D/f, min_size: 10KiB}", "wrong_size D/f: at least 10240 bytes → 10000 bytes"},
		{"{path: D/f, max_size: 9999}", "wrong_size D/f: at most 9999 bytes → 10000 bytes"},
		{"{path: D/f, max_size: 0, mode: 644}", "wrong_permissions D/f: 0644 → 0600; wrong_size D/f: at most 0 bytes → 10000 bytes"},
		{"{path: D/link, min_size: 1MiB}", "wrong_size D/link: at least 1048576 bytes → 10000 bytes"},
		{"{path: D/link, type: symlink, max_size: 1.5KiB, follow: false}", "wrong_size D/link: at most 1536 bytes → 10000 bytes"},
		{"{path: D/dir, max_size: 1MiB}", "wrong_type D/dir: file → directory"},
		{"{path: D/nothing, max_size: 1MiB}", "missing_file D/nothing: present → absent"},
	}.run(t, shells(t)[0], dir)
}
