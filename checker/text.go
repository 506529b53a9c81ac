package checker

import (
	"fmt"
	"strings"
	"unicode/utf8"

	"github.com/aymanbagabas/go-udiff"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
)

// maxText bounds a value of a mismatch and an error's text, in bytes.
const maxText = 1024

// printable makes text that came from a machine or a pack fit to be shown anywhere: valid UTF-8 on one line, what
// does not print as \x1b, \n, \t or \u202e, at most limit bytes and then how long it was.
func printable(s string, limit int) string {
	return plaintext.EscapeUpTo(s, limit, "", fmt.Sprintf("… (%d bytes)", len(s)))
}

// printableValue is printable of a value that is compared with another: two that differ are shown differently, even
// if one is the text of the other's escape. It is for raw values, once.
func printableValue(s string) string {
	return plaintext.Value(s, maxText, fmt.Sprintf("… (%d bytes)", len(s)))
}

// shown is an item's identity in results. Two identities that differ are shown differently, however long they are.
func shown(identity string) string { return printable(identity, 8*maxPath) }

// quoted is a short text from a machine in an error.
func quoted(s string) string { return `"` + printable(s, 80) + `"` }

// isText tells whether content can be compared by lines: valid UTF-8 without NUL.
func isText(content []byte) bool {
	return utf8.Valid(content) && !strings.ContainsRune(string(content), 0)
}

const (
	maxDiff = 16 << 10
	diffCut = "\n… the rest of the diff is left out"
)

// unifiedDiff is what to do to the expected text to get the actual one. Lines that differ are shown differently.
func unifiedDiff(expected, actual string) string {
	return plaintext.Lines(udiff.Unified("expected", "actual", expected, actual), maxDiff, diffCut)
}
