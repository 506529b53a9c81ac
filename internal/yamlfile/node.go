package yamlfile

import (
	"strings"

	"gopkg.in/yaml.v3"
)

const (
	nullTag   = "!!null"
	binaryTag = "!!binary"
	mergeTag  = "!!merge"
)

// Resolve follows an alias to what it stands for.
func Resolve(node *yaml.Node) *yaml.Node {
	for node.Kind == yaml.AliasNode && node.Alias != nil {
		node = node.Alias
	}
	return node
}

// IsNull tells whether a node is empty, null or ~.
func IsNull(node *yaml.Node) bool {
	node = Resolve(node)
	return node.Kind == 0 || node.Kind == yaml.ScalarNode && node.ShortTag() == nullTag
}

// List returns the entries of a list, and false if the node is not a list. Null is an empty list.
func List(node *yaml.Node) ([]*yaml.Node, bool) {
	if IsNull(node) {
		return nil, true
	}
	node = Resolve(node)
	return node.Content, node.Kind == yaml.SequenceNode
}

// describe names what kind of thing a node is, with its article.
func describe(node *yaml.Node) string {
	switch node = Resolve(node); {
	case IsNull(node):
		return "empty"
	case node.Kind == yaml.MappingNode:
		return "a mapping"
	case node.Kind == yaml.SequenceNode:
		return "a list"
	}
	return "a single value"
}

// badTag returns the tag of a node if it is none of YAML's own: `!vault`, `!include` and their like mean
// something to other programs, and taking their text literally would be wrong.
func badTag(node *yaml.Node) string {
	switch tag := node.ShortTag(); tag {
	case "", "!", "!!str", "!!int", "!!float", "!!bool", "!!timestamp", "!!map", "!!seq", nullTag, binaryTag, mergeTag:
		return ""
	default:
		return strings.TrimSpace(tag)
	}
}
