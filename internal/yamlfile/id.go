package yamlfile

import (
	"strings"
	"unicode"
)

// IDRule says what IsID demands, for messages.
const IDRule = "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 128 characters"

const (
	lettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	maxID            = 128
)

// IsID tells whether a text can be the id of a machine or a pack.
func IsID(text string) bool {
	return text != "" && len(text) <= maxID && strings.IndexByte(lettersAndDigits, text[0]) >= 0 &&
		strings.Trim(text, lettersAndDigits+"._-") == ""
}

// OneLine tells whether a text can be shown on one line: it has no control characters, line breaks among them,
// and is valid UTF-8.
func OneLine(text string) bool {
	return strings.ToValidUTF8(text, "") == text && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}
