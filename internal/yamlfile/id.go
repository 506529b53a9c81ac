package yamlfile

import (
	"regexp"
	"strings"
	"unicode"
)

// IDRule says what IsID demands, for messages.
const IDRule = "letters, digits, '.', '_' and '-', beginning with a letter or digit, at most 128 characters"

var id = regexp.MustCompile(`^[A-Za-z0-9][A-Za-z0-9._-]{0,127}$`)

// IsID tells whether a text can be the id of a machine or a pack.
func IsID(text string) bool { return id.MatchString(text) }

// OneLine tells whether a text can be shown on one line: it has no control characters, line breaks among them,
// and is valid UTF-8.
func OneLine(text string) bool {
	return strings.ToValidUTF8(text, "") == text && !strings.ContainsFunc(text, func(r rune) bool {
		return unicode.IsControl(r) || r == '\u2028' || r == '\u2029'
	})
}
