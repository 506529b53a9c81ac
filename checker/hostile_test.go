package checker

import (
	"encoding/base64"
	"fmt"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// hostile is text that a shell would trip over wherever it is not plain data. CANARY stands for a file that nothing
// may create.
func hostile(canary string) []string {
	texts := []string{
		"$(touch CANARY)", "`touch CANARY`", "$((1+1))", "${HOME}", "$HOME", "~", "'; touch CANARY; '", `"; touch CANARY; "`, "'", `"`, `\`, `\\`, `\n`, `a\`,
		"|touch CANARY", "&touch CANARY&", ";touch CANARY", ">CANARY", "<CANARY", "(touch CANARY)", "{touch,CANARY}", "#", "!x", "!!", "%s%n%d", "%",
		"*", "?", "[a-z]*", "{a,b}", "a\tb", "\t", " ", " leading", "trailing ", "  ", "-rf", "--help", "-", "--", "=", "a=b", ".", "stage", "bye", "=x",
		"\r", "a\rb", "\x01\x02\x7f", "\xff\xfe", "\x80\x81\x82\x83\x84\x85\x86\x87\x88", "\u202e", "ü", "日本", "(cd /; touch CANARY)", "$'\\n'", "-n", "-e", "-n x",
		"\x1b[31m", "'\\''", "$(touch CANARY) `touch CANARY` \"'\\", "\\$(touch CANARY)", "a  b   c", "UNKNOWN", "no\x08body",
	}
	for i := range texts {
		texts[i] = strings.ReplaceAll(texts[i], "CANARY", canary)
	}
	var every strings.Builder
	for b := 1; b < 256; b++ {
		if b != '\n' && b != '/' {
			every.WriteByte(byte(b))
		}
	}
	return append(texts, every.String()[:120], every.String()[120:])
}

func yamlBytes(s string) string { return "!!binary " + base64.StdEncoding.EncodeToString([]byte(s)) }

func TestHostilePathsAreObservedLiterally(t *testing.T) {
	const canary = "canary" // no slash: it is a part of a name
	dir := t.TempDir()
	items := "  files:\n"
	for i, name := range hostile(canary) {
		name = "x" + strings.ReplaceAll(name, "/", "_") // "." alone is a directory
		path := filepath.Join(dir, name)
		content := fmt.Sprintf("content of %d\n", i)
		require.NoError(t, os.WriteFile(path, []byte(content), 0o644))
		items += fmt.Sprintf("    - {path: %s, content: %q, mode: 644, type: file}\n", yamlBytes(path), content)
		items += fmt.Sprintf("    - {path: %s, state: absent}\n", yamlBytes(path+"*"))
		items += fmt.Sprintf("    - {path: %s, state: absent}\n", yamlBytes(dir+"/y"+name))
	}
	assertHarmless(t, canary, func(sh shell) {
		r := checkOne(t, sh, items)
		assert.Empty(t, r.Mismatches)
		assert.Len(t, r.Definitions, r.Items)
	})
}

func TestHostileContentIsFetchedLiterally(t *testing.T) {
	dir := t.TempDir()
	items := "  files:\n"
	texts := hostile("canary")
	for i, text := range texts {
		path := filepath.Join(dir, "$(touch canary)"+fmt.Sprint(i))
		require.NoError(t, os.WriteFile(path, []byte(text+"\n"+testNonce+" 1 val absent\n"+text), 0o644))
		items += fmt.Sprintf("    - {path: %s, content: other}\n", yamlBytes(path))
	}
	assertHarmless(t, "canary", func(sh shell) {
		assert.Len(t, checkOne(t, sh, items).Mismatches, len(texts))
	})
}

func TestHostileNamesRunNothing(t *testing.T) {
	items, packages := "", "  packages:\n"
	want := 0
	for _, text := range hostile("canary") {
		items += fmt.Sprintf("    - {key: %s, expected: %s, type: sysctl}\n", yamlBytes("x"+strings.NewReplacer("/", "_", ".", "_").Replace(text)), yamlBytes(text))
		packages += fmt.Sprintf("    - {name: %s, min_version: 1}\n", yamlBytes(text))
		want += 2
	}
	assertHarmless(t, "canary", func(sh shell) {
		if sh.path != "" {
			fakeTool(t, sh.path, "dpkg-query", dpkgList)
		}
		assert.Len(t, checkOne(t, sh, packages+"  settings:\n"+items).Mismatches, want)
	})
}

func TestHostileValuesAreComparedLiterally(t *testing.T) {
	a := newAccount(t, "1000", need(t, "dash"), "")
	require.NoError(t, os.Symlink(need(t, "cat"), filepath.Join(a.tools, "cat")))
	profile, items := "", "  settings:\n"
	for i, text := range hostile("canary") {
		file := filepath.Join(a.home, fmt.Sprint(i))
		require.NoError(t, os.WriteFile(file, []byte(text), 0o644))
		profile += fmt.Sprintf("V%d=$(cat '%s'; printf x) && V%d=${V%d%%x} && export V%d\n", i, file, i, i, i)
		items += fmt.Sprintf("    - {key: V%d, expected: %s, type: env_var}\n", i, yamlBytes(text))
	}
	require.NoError(t, os.WriteFile(filepath.Join(a.home, ".profile"), []byte(profile), 0o644))
	assertHarmless(t, "canary", func(sh shell) {
		assert.Empty(t, checkOne(t, a.over(sh), items).Mismatches)
	})
}

// assertHarmless runs a check under every shell in a directory of its own, in which no file may appear.
func assertHarmless(t *testing.T, canary string, check func(sh shell)) {
	eachShell(t, func(t *testing.T, sh shell) {
		t.Chdir(t.TempDir())
		check(sh)
		entries, err := os.ReadDir(".")
		require.NoError(t, err)
		assert.Empty(t, entries, "nothing may create %s or any other file", canary)
	})
}
