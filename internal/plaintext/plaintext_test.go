package plaintext

import (
	"strings"
	"testing"
	"unicode"
	"unicode/utf8"

	"github.com/stretchr/testify/assert"
)

func TestEscape(t *testing.T) {
	for name, c := range map[string]struct{ in, keep, want string }{
		"what prints":                    {`a "b" \c ü €`, "", `a "b" \c ü €`},
		"terminal escapes":               {"\x1b[31mred\a", "", `\x1b[31mred\x07`},
		"line breaks":                    {"a\nb\tc\r", "", `a\nb\tc\r`},
		"line breaks that are kept":      {"a\nb\tc\r", "\n\t", "a\nb\tc" + `\r`},
		"marks of the writing direction": {"a\u202eb\u2066", "", `a\u202eb\u2066`},
		"bytes that are no UTF-8":        {"a\xff\xc3", "", `a\xff\xc3`},
		"the replacement character":      {"a\ufffd", "", "a\ufffd"},
		"NUL and DEL":                    {"\x00\x7f", "", `\x00\x7f`},
		"nothing":                        {"", "", ""},
	} {
		t.Run(name, func(t *testing.T) { assert.Equal(t, c.want, Escape(c.in, c.keep)) })
	}
}

func TestEscapeUpTo(t *testing.T) {
	assert.Equal(t, "abc", EscapeUpTo("abc", 3, "", "…"))
	assert.Equal(t, "ab…", EscapeUpTo("abc", 2, "", "…"))
	assert.Equal(t, "…", EscapeUpTo("\x1b", 3, "", "…"), "an escape is whole or not there")
	assert.Equal(t, "a…", EscapeUpTo("aü", 2, "", "…"), "and so is a character")
}

func FuzzEscape(f *testing.F) {
	f.Add("a\x1b\u202e\xff", 5)
	f.Fuzz(func(t *testing.T, s string, limit int) {
		limit = max(0, limit%100)
		out := EscapeUpTo(s, limit, "", "")
		if len(out) > limit || !utf8.ValidString(out) || strings.IndexFunc(out, func(r rune) bool { return !unicode.IsPrint(r) }) >= 0 {
			t.Errorf("%q up to %d became %q", s, limit, out)
		}
	})
}
