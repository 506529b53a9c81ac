package checker

import (
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
)

// quoteUnprintable lets those texts be written in double quotes that hold what does not print, where escapes are known.
// Line breaks are part of it: yaml.v3 cannot read its own block of nothing else.
func quoteUnprintable(node *yaml.Node) {
	if node.Kind == yaml.ScalarNode && strings.ContainsFunc(node.Value, func(r rune) bool { return !strconv.IsPrint(r) }) {
		node.Style = yaml.DoubleQuotedStyle
	}
	for _, child := range node.Content {
		quoteUnprintable(child)
	}
}

// escapeUnprintable escapes in YAML what does not print and the encoder leaves as it is, such as marks that turn the
// direction of text: packs are read on terminals. After quoteUnprintable all of it is in double quotes.
func escapeUnprintable(document []byte) []byte {
	return []byte(plaintext.Escape(string(document), "\n"))
}
