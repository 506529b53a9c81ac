package testdocs

import (
	"strings"
	"unicode"

	"github.com/yuin/goldmark/ast"
)

// Slug is the anchor that GitHub gives to a heading: in lower case, without whatever is no letter, mark, digit,
// connector, blank or hyphen, and with a hyphen for each blank. (github.com/gjtorikian/html-pipeline, TableOfContentsFilter)
func Slug(heading string) string {
	return strings.Map(func(c rune) rune {
		switch {
		case c == ' ':
			return '-'
		case c == '-', unicode.IsLetter(c), unicode.IsMark(c), unicode.Is(unicode.Nd, c), unicode.Is(unicode.Pc, c):
			return c
		}
		return -1
	}, strings.ToLower(heading))
}

// plain is the text of a node, code included.
func plain(node ast.Node, source []byte) string { return collect(node, source, true) }

func plainWithoutCode(node ast.Node, source []byte) string { return collect(node, source, false) }

func collect(node ast.Node, source []byte, code bool) string {
	var out strings.Builder
	_ = ast.Walk(node, func(n ast.Node, entering bool) (ast.WalkStatus, error) { // the function returns no error
		if !entering {
			return ast.WalkContinue, nil
		}
		switch n := n.(type) {
		case *ast.CodeSpan:
			if !code {
				return ast.WalkSkipChildren, nil
			}
		case *ast.Text:
			out.Write(n.Segment.Value(source))
			if n.SoftLineBreak() || n.HardLineBreak() {
				out.WriteByte(' ')
			}
		case *ast.String:
			out.Write(n.Value)
		}
		return ast.WalkContinue, nil
	})
	return out.String()
}
