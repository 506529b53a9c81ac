package checker

import (
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestPrintable(t *testing.T) {
	for s, want := range map[string]string{
		"":                               "",
		"plain ü 日本":                     "plain ü 日本",
		"a\nb\tc\r":                      `a\nb\tc\r`,
		"\x1b[31m":                       `\x1b[31m`,
		"\xff\xfe":                       `\xff\xfe`,
		"\u202eevil":                     `\u202eevil`,
		"\x00":                           `\x00`,
		`quote ' " \ stays`:              `quote ' " \ stays`,
		"\ufffd":                         "\ufffd",
		strings.Repeat("x", 100):         strings.Repeat("x", 100),
		strings.Repeat("x", 101):         strings.Repeat("x", 100) + "… (101 bytes)",
		strings.Repeat("ü", 51):          strings.Repeat("ü", 50) + "… (102 bytes)",
		strings.Repeat("x", 98) + "\x1b": strings.Repeat("x", 98) + "… (99 bytes)",
	} {
		assert.Equal(t, want, printable(s, 100))
	}
}

func FuzzPrintable(f *testing.F) {
	f.Add("a\nb\xff\u202e")
	f.Fuzz(func(t *testing.T, s string) {
		out := printable(s, 64)
		if !utf8.ValidString(out) || strings.ContainsAny(out, "\n\r\x1b\x00\u202e") || len(out) > 64+32 {
			t.Fatalf("%q became %q", s, out)
		}
		if printable(out, 1000) != out {
			t.Fatalf("%q does not print as it is", out)
		}
	})
}

func TestUnifiedDiffIsWhatHasToChange(t *testing.T) {
	assert.Empty(t, unifiedDiff("same\n", "same\n"))
	assert.Equal(t, "--- expected\n+++ actual\n@@ -1,2 +1,2 @@\n a\n-b\n+c\n", unifiedDiff("a\nb\n", "a\nc\n"))
}
