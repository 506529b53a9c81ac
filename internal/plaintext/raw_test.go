package plaintext

import (
	"math"
	"strconv"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestABackslashIsDoubledOnlyWhereItCouldBeTakenForAnEscape(t *testing.T) {
	for name, c := range map[string]struct{ in, value, lines string }{
		"an escape character":               {"red \x1b[31m", `red \x1b[31m`, `red \x1b[31m`},
		"the text of its escape":            {`red \x1b[31m`, `red \\x1b[31m`, `red \\x1b[31m`},
		"that with two backslashes":         {`\\x1b`, `\\\\x1b`, `\\\\x1b`},
		"a backslash before the character":  {"\\\x1b", `\\\x1b`, `\\\x1b`},
		"before a byte that is no UTF-8":    {"\\\xff", `\\\xff`, `\\\xff`},
		"a direction mark, and its text":    {"\u202e\\u202e", `\u202e\\u202e`, `\u202e\\u202e`},
		"a large character, and its text":   {"\U000e0001\\U000e0001", `\U000e0001\\U000e0001`, `\U000e0001\\U000e0001`},
		"a tab, and its text":               {"\t\\t", `\t\\t`, "\t" + `\\t`},
		"a backslash before a tab":          {"\\\t", `\\\t`, `\\` + "\t"},
		"a line break, and its text":        {"\n\\n", `\n\\n`, "\n" + `\n`},
		"a line that goes on":               {"a \\\nb", `a \\\nb`, "a \\\nb"},
		"such a line of Windows":            {"a \\\r\nb", `a \\\r\nb`, "a " + `\\\r` + "\nb"},
		"regular expressions":               {`^\d+\.\s*\bfoo\\$ \(\w\)`, `^\d+\.\s*\bfoo\\$ \(\w\)`, `^\d+\.\s*\bfoo\\$ \(\w\)`},
		"paths of Windows":                  {`\\srv\C$\Users\a`, `\\srv\C$\Users\a`, `\\srv\C$\Users\a`},
		"what is nearly an escape":          {`\x1 \xzz \u202 \U1234567 \X1b`, `\x1 \xzz \u202 \U1234567 \X1b`, `\x1 \xzz \u202 \U1234567 \X1b`},
		"what an escape could complete":     {"\\x1\x1b", `\x1\x1b`, `\x1\x1b`},
		"a backslash at the end":            {`a\`, `a\`, `a\`},
		"letters that begin no escape here": {"\a\b\f\v\\a\\b\\f\\v", `\x07\x08\x0c\x0b\a\b\f\v`, `\x07\x08\x0c\x0b\a\b\f\v`},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, c.value, Value(c.in, math.MaxInt, ""))
			assert.Equal(t, c.lines, Lines(c.in, math.MaxInt, ""))
		})
	}
}

func TestRawTextHasAnEnd(t *testing.T) {
	assert.Equal(t, "abc", Value("abc", 3, "…"))
	assert.Equal(t, `\\x…`, Value(`\x1b`, 3, "…"))
	assert.Equal(t, "…", Value(`\x1b`, 1, "…"), "a doubled backslash is whole or not there")
	assert.Equal(t, `\\\…`, Value(strings.Repeat(`\`, 1000), 3, "…"))
	assert.Equal(t, "a\n…", Lines("a\nbc", 2, "…"))
}

// unescape is the way back, letter by letter as the documentation of Value has it.
func unescape(t *testing.T, s, letters string) string {
	var out strings.Builder
	for s != "" {
		rest := strings.TrimLeft(s, `\`)
		run := len(s) - len(rest)
		length := 0
		if rest != "" && run > 0 {
			length = escapeLength(rest, letters)
		}
		switch {
		case run == 0:
			_, size := utf8.DecodeRuneInString(rest)
			out.WriteString(rest[:size])
			s = rest[size:]
		case length == 0:
			out.WriteString(s[:run])
			s = rest
		case run%2 == 0:
			out.WriteString(s[:run/2] + rest[:length])
			s = rest[length:]
		default:
			out.WriteString(s[:run/2])
			text, err := strconv.Unquote(`"\` + rest[:length] + `"`) // \xff becomes the byte
			require.NoError(t, err)
			out.WriteString(text)
			s = rest[length:]
		}
	}
	return out.String()
}

func FuzzTextsThatDifferAreShownDifferently(f *testing.F) {
	for _, s := range []string{"red \x1b[31m", `red \x1b[31m`, "\\\\\t\\t\\\\t", "\\\n\\n", "\\\\\xff\\\\xff", "\u202e\\u202e\U000e0001\\U000e0001", `a\`} {
		f.Add(s, 5)
	}
	f.Fuzz(func(t *testing.T, s string, limit int) {
		value, lines := Value(s, math.MaxInt, ""), Lines(s, math.MaxInt, "")
		assert.Equal(t, value, Escape(value, ""), "a later escape changes nothing")
		assert.Equal(t, lines, Escape(lines, "\n\t"))
		assert.Equal(t, s, unescape(t, value, "nrt"))
		assert.Equal(t, s, unescape(t, Escape(lines, "\n"), "rt"))
		limit = max(0, limit%100)
		assert.LessOrEqual(t, len(Value(s, limit, "")), limit)
		assert.LessOrEqual(t, len(Lines(s, limit, "")), limit)
	})
}
