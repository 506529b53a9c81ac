package yamlfile_test

import (
	"bytes"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

func TestParseNamesTheLineOfWhatIsMalformed(t *testing.T) {
	cases := []struct{ name, yaml, want string }{
		{"empty", "", `1: the file is empty`},
		{"only comments", "# nothing\n\n# here\n", `1: the file is empty`},
		{"only a marker", "---\n", `1: the file is empty`},
		{"null", "null\n", `1: the file is empty`},
		{"tab as indentation", "a:\n  b: 1\n\tc: 2\n", `3: not valid YAML: found a tab character that violates indentation (indent with spaces)`},
		{"tab at the start", "\ta: 1\n", "1: not valid YAML: found character that cannot start any token (indent with spaces, and put text that begins with @, %, ` or a tab in quotes)"},
		{"field indented less than its neighbours", "a: 1\nb:\n    c: 1\n    e: 1\n  d: 1\n", `5: not valid YAML: did not find expected key (is this line indented like its neighbours?)`},
		{"field indented more than its neighbours", "a: 1\nb: 2\n  c: 3\n", `3: not valid YAML: mapping values are not allowed in this context (is this line indented like its neighbours? text that holds a colon and a space needs quotes)`},
		{"line without a colon", "a: 1\nb\nc: 3\n", `2: not valid YAML: could not find expected ':' (is there a line without a colon, or a quote that is not closed?)`},
		{"list beside fields", "a: 1\nb: 2\n- c\n", `3: not valid YAML: did not find expected key (is this line indented like its neighbours?)`},
		{"field beside a list", "a:\n  - 1\n  b: 2\n", `3: not valid YAML: did not find expected '-' indicator (is this line indented like its neighbours?)`},
		{"quote not closed", "a: 1\nb: \"x\nc: 2\nd: 3\n", `2: not valid YAML: found unexpected end of stream (is a quote not closed?)`},
		{"bracket not closed", "a: 1\nb: [x\nc: 2\n", `2: not valid YAML: did not find expected ',' or ']' (is a bracket or brace not closed?)`},
		{"brace not closed", "a: 1\nb: {x: 1\n", `2: not valid YAML: did not find expected ',' or '}' (is a bracket or brace not closed?)`},
		{"bracket closed twice", "a: 1\nb: [x]]\n", `2: not valid YAML: did not find expected key (is this line indented like its neighbours?)`},
		{"unknown anchor", "a: 1\nb: *nowhere\n", `2: not valid YAML: found an alias without an anchor (put text that begins with * in quotes)`},
		{"unknown escape", "a: 1\nb: \"\\d\"\n", `2: not valid YAML: found unknown escape character`},
		{"text that begins with @", "a: 1\nb: @x\n", "2: not valid YAML: found character that cannot start any token (indent with spaces, and put text that begins with @, %, ` or a tab in quotes)"},
		{"text that begins with %", "a: 1\nb: %x\n", "2: not valid YAML: found character that cannot start any token (indent with spaces, and put text that begins with @, %, ` or a tab in quotes)"},
		{"colon in text", "a: 1\nb: see: this\n", `2: not valid YAML: mapping values are not allowed in this context (is this line indented like its neighbours? text that holds a colon and a space needs quotes)`},
		{"control character", "a: 1\nb: x\x01y\n", `2: not valid YAML: control characters are not allowed`},
		{"NUL", "a: 1\nb: x\x00y\n", `2: not valid YAML: control characters are not allowed`},
		{"invalid UTF-8", "a: 1\nb: \xff\n", `2: not valid YAML: invalid leading UTF-8 octet`},
		{"two documents", "a: 1\n---\nb: 2\n", `2: a second YAML document starts here: a file holds only one`},
		{"an empty second document", "a: 1\n---\n", `2: a second YAML document starts here: a file holds only one`},
		{"a second document that is malformed", "a: 1\n---\nb: [\n", `3: not valid YAML: did not find expected node content`},
	}
	for _, c := range cases {
		t.Run(c.name, func(t *testing.T) {
			root, ps := yamlfile.Parse([]byte(c.yaml))
			assert.Nil(t, root)
			assert.Equal(t, c.want, strings.Join(lines(ps), "\n"))
		})
	}
}

func TestParseFindsTheLineInALongFile(t *testing.T) {
	file := strings.Repeat("- {a: 1, b: [x, \"y\"]}\n", 1000) + "- {a: 1\n" + strings.Repeat("- b\n", 1000)
	_, ps := yamlfile.Parse([]byte(file))
	require.Len(t, ps, 1)
	assert.Contains(t, []int{1001, 1002}, ps[0].Line)
}

func TestParseTakesOneDocument(t *testing.T) {
	for _, text := range []string{"a: 1", "---\na: 1\n", "# first\n---\na: 1\n...\n", "\ufeffa: 1\r\n", "{}", "[]", "text"} {
		root, ps := yamlfile.Parse([]byte(text))
		assert.Empty(t, ps, text)
		assert.NotNil(t, root, text)
	}
}

func TestAliases(t *testing.T) {
	t.Run("one that contains itself is refused", func(t *testing.T) {
		_, ps := yamlfile.Parse([]byte("a: 1\nb: &x\n  c: [*x]\n"))
		assert.Equal(t, []string{"3: alias *x stands inside the value that it is an alias of"}, lines(ps))
	})
	t.Run("a few lines that become billions are refused", func(t *testing.T) {
		bomb := "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
		for i := 1; i < 12; i++ {
			at := string(rune('a' + i))
			before := string(rune('a' + i - 1))
			if i == 1 {
				before = "a0"
			}
			bomb += at + ": &" + at + " [" + strings.Repeat("*"+before+", ", 10) + "]\n"
		}
		_, ps := yamlfile.Parse([]byte(bomb))
		require.Len(t, ps, 1)
		assert.Equal(t, "aliases repeat too much: the file would become far larger than it is", ps[0].Message)
		assert.Positive(t, ps[0].Line)
	})
	t.Run("a block that hundreds of entries share is fine", func(t *testing.T) {
		file := "- &base {" + strings.Repeat("x: 1, ", 50) + "}\n" + strings.Repeat("- *base\n", 5000)
		root, ps := yamlfile.Parse([]byte(file))
		assert.Empty(t, ps)
		assert.NotNil(t, root)
	})
}

func TestReadIsBounded(t *testing.T) {
	dir := t.TempDir()
	big := filepath.Join(dir, "big.yaml")
	require.NoError(t, os.WriteFile(big, bytes.Repeat([]byte("#"), yamlfile.MaxSize+1), 0o600))
	_, err := yamlfile.ReadFile(big)
	require.EqualError(t, err, "is larger than 16 MiB")
	require.NoError(t, os.Truncate(big, yamlfile.MaxSize))
	data, err := yamlfile.ReadFile(big)
	require.NoError(t, err)
	assert.Len(t, data, yamlfile.MaxSize)

	_, err = yamlfile.ReadFile(filepath.Join(dir, "none.yaml"))
	require.EqualError(t, err, "cannot be read: no such file or directory")
	require.ErrorIs(t, err, os.ErrNotExist)
	_, err = yamlfile.ReadFile(dir)
	require.EqualError(t, err, "cannot be read: is a directory")

	fsys := fstest.MapFS{"a.yaml": {Data: []byte("a: 1")}}
	data, err = yamlfile.ReadFS(fsys, "a.yaml")
	require.NoError(t, err)
	assert.Equal(t, "a: 1", string(data))
	_, err = yamlfile.ReadFS(fsys, "b.yaml")
	require.EqualError(t, err, "cannot be read: file does not exist")
}

func TestShortName(t *testing.T) {
	wd, err := os.Getwd()
	require.NoError(t, err)
	assert.Equal(t, filepath.Join("packs", "a.yaml"), yamlfile.ShortName(filepath.Join(wd, "packs", "a.yaml")))
	assert.Equal(t, filepath.Dir(wd), yamlfile.ShortName(filepath.Dir(wd)), "outside of the working directory")
	assert.Equal(t, "x/y", yamlfile.ShortName("x/y"))
}
