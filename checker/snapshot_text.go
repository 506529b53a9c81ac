package checker

import (
	"fmt"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"
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

func unprintable(r rune) bool { return r != '\n' && !strconv.IsPrint(r) }

// escapeUnprintable escapes in YAML what does not print and the encoder leaves as it is, such as marks that turn the
// direction of text: packs are read on terminals. After quoteUnprintable all of it is in double quotes.
func escapeUnprintable(document []byte) []byte {
	if strings.IndexFunc(string(document), unprintable) < 0 {
		return document
	}
	var out strings.Builder
	for _, r := range string(document) {
		switch {
		case !unprintable(r):
			out.WriteRune(r)
		case r <= 0xffff:
			fmt.Fprintf(&out, `\u%04x`, r)
		default:
			fmt.Fprintf(&out, `\U%08x`, r)
		}
	}
	return []byte(out.String())
}
