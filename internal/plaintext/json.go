package plaintext

import (
	"bytes"
	"fmt"
	"unicode/utf16"
	"unicode/utf8"
)

// EscapeJSON writes the special characters of valid JSON as \u1234, which is the same text to a program, so that
// nothing in it acts upon a terminal. Outside of strings there must be none.
func EscapeJSON(text []byte, special func(rune) bool) []byte {
	next := bytes.IndexFunc(text, special)
	if next < 0 {
		return text
	}
	var b bytes.Buffer
	for ; next >= 0; next = bytes.IndexFunc(text, special) {
		b.Write(text[:next])
		r, size := utf8.DecodeRune(text[next:])
		for _, unit := range utf16.Encode([]rune{r}) {
			fmt.Fprintf(&b, `\u%04x`, unit)
		}
		text = text[next+size:]
	}
	b.Write(text)
	return b.Bytes()
}
