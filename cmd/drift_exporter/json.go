package main

import (
	"bytes"
	"encoding/json"
	"io"
	"strconv"
	"strings"
	"unicode/utf16"
	"unicode/utf8"
)

// writeJSON writes a value for programs. People look at it as well: what does not print is in it as \u1234, which
// is the same text to a program, so that nothing in it acts upon a terminal.
func writeJSON(w io.Writer, value any) error {
	var plain bytes.Buffer
	encoder := json.NewEncoder(&plain)
	encoder.SetEscapeHTML(false)
	encoder.SetIndent("", "  ")
	if err := encoder.Encode(value); err != nil {
		return err
	}
	_, err := io.WriteString(w, escapedJSON(plain.String()))
	return err
}

// escapedJSON escapes what does not print in JSON that is valid: outside of strings, that is only the line ends.
func escapedJSON(text string) string {
	unprintable := func(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }
	if strings.IndexFunc(text, unprintable) < 0 {
		return text
	}
	var out strings.Builder
	escape := func(r rune) {
		hex := strconv.FormatInt(int64(r), 16)
		out.WriteString(`\u` + strings.Repeat("0", 4-len(hex)) + hex)
	}
	for i := 0; i < len(text); {
		r, size := utf8.DecodeRuneInString(text[i:])
		switch high, low := utf16.EncodeRune(r); {
		case !unprintable(r):
			out.WriteString(text[i : i+size])
		case r > 0xffff:
			escape(high)
			escape(low)
		default:
			escape(r)
		}
		i += size
	}
	return out.String()
}
