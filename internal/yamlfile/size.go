package yamlfile

import (
	"gopkg.in/yaml.v3"
)

// Aliases may make a document larger than its text by this much before it is refused: few files need more than
// a handful of lines repeated, and a "billion laughs" file needs far more.
const (
	maxExpansion      = 20
	maxSmallExpansion = 1_000_000 // nodes that any document may have
)

// checkAliases refuses what aliases make endless or far larger than its text.
func checkAliases(root *yaml.Node) Problems {
	e := expansion{sizes: map[*yaml.Node]int{}, limit: maxSmallExpansion}
	e.limit = max(e.limit, maxExpansion*countNodes(root))
	e.size(root)
	return e.problems
}

// countNodes counts the nodes of the text, aliases not followed.
func countNodes(node *yaml.Node) int {
	n := 1
	for _, child := range node.Content {
		n += countNodes(child)
	}
	return n
}

const unfinished = -1

type expansion struct {
	sizes    map[*yaml.Node]int // of anchored nodes, aliases followed
	limit    int
	problems Problems
}

// size is the number of nodes with aliases followed, at most a little more than the limit. The first node that
// exceeds it is reported.
func (e *expansion) size(node *yaml.Node) int {
	if node.Kind == yaml.AliasNode && node.Alias != nil {
		if e.sizes[node.Alias] == unfinished {
			e.report(node.Line, "alias *"+node.Value+" stands inside the value that it is an alias of")
			return 1
		}
		return e.size(node.Alias)
	}
	if known, ok := e.sizes[node]; ok {
		return known
	}
	if node.Anchor != "" {
		e.sizes[node] = unfinished
	}
	n := 1
	for _, child := range node.Content {
		n += e.size(child)
		if n > e.limit {
			e.report(node.Line, "aliases repeat too much: the file would become far larger than it is")
			break
		}
	}
	if node.Anchor != "" {
		e.sizes[node] = n
	}
	return n
}

func (e *expansion) report(line int, message string) {
	if len(e.problems) == 0 {
		e.problems = Problems{{Line: line, Message: message}}
	}
}
