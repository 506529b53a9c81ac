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

func TestADiffNeverShowsTwoLinesAlikeThatDiffer(t *testing.T) {
	for name, c := range map[string]struct{ expected, actual, want string }{
		"an escape and its text":           {`red \x1b[31m`, "red \x1b[31m", `-red \\x1b[31m|+red \x1b[31m`},
		"a tab and its text":               {`a\tb`, "a\tb", `-a\\tb|+a` + "\tb"},
		"a line that goes on, and one not": {"a \\\nb", "a \nb", `-a \|+a `},
	} {
		t.Run(name, func(t *testing.T) {
			var changed []string
			for line := range strings.Lines(unifiedDiff(c.expected+"\n", c.actual+"\n")) {
				line = strings.TrimSuffix(line, "\n")
				if strings.HasPrefix(line, "-") && line != "--- expected" || strings.HasPrefix(line, "+") && line != "+++ actual" {
					changed = append(changed, line)
				}
			}
			assert.Equal(t, c.want, strings.Join(changed, "|"))
		})
	}
}

func TestValuesThatDifferAreShownDifferently(t *testing.T) {
	assert.Equal(t, `\x1b`, printableValue("\x1b"))
	assert.Equal(t, `\\x1b`, printableValue(`\x1b`))
	assert.Equal(t, `^\d+\.conf$`, printableValue(`^\d+\.conf$`))
	assert.Equal(t, strings.Repeat("x", maxText)+"… (2000 bytes)", printableValue(strings.Repeat("x", 2000)))
}
