// Package testdocs reads the Markdown pages of this repository as GitHub does, for tests that keep them true: that links
// lead somewhere, and that what the pages show is what happens. It is for tests only.
package testdocs

import (
	"bytes"
	"fmt"
	"os"
	"path"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/yuin/goldmark"
	"github.com/yuin/goldmark/ast"
	"github.com/yuin/goldmark/extension"
	"github.com/yuin/goldmark/text"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// Page is a Markdown page.
type Page struct {
	Name    string // of the file, from the root of the repository, with slashes
	Titles  int    // headings of the first level
	Anchors []string
	Links   []Link
	Blocks  []Block
	Stray   []Stray // what looks like a link, and is none
	Lines   []string
}

// Link is a link or an image.
type Link struct {
	Target string
	Line   int
}

// Block is a fenced code block.
type Block struct {
	Language string // the first word after the fence
	Rest     string // what follows that word
	Text     string // with the line's end of its last line
	Line     int    // of the fence
	Heading  string // the anchor of the heading above it
}

// Stray is text with the signs of a link that has not become one.
type Stray struct {
	Text string
	Line int
}

// Read is a page of the repository that the test belongs to.
func Read(t testing.TB, name string) *Page {
	t.Helper()
	source, err := os.ReadFile(filepath.Join(testenv.Repository(t), filepath.FromSlash(name)))
	if err != nil {
		t.Fatal(err)
	}
	return Parse(name, source)
}

// In are the blocks of a language.
func (p *Page) In(language string) []Block {
	var found []Block
	for _, block := range p.Blocks {
		if block.Language == language {
			found = append(found, block)
		}
	}
	return found
}

// Parse reads a page in GitHub's Markdown.
func Parse(name string, source []byte) *Page {
	r := reader{source: source, page: &Page{Name: path.Clean(name), Lines: strings.Split(string(source), "\n")}, seen: map[string]int{}}
	tree := goldmark.New(goldmark.WithExtensions(extension.GFM)).Parser().Parse(text.NewReader(source))
	_ = ast.Walk(tree, r.visit) // visit returns no error
	return r.page
}

// reader collects what a page holds.
type reader struct {
	source  []byte
	page    *Page
	seen    map[string]int // how many headings there are of a slug
	heading string         // the last one's anchor
}

var (
	htmlAnchor = regexp.MustCompile(`(?i)<a\s[^>]*\b(?:id|name)="([^"]+)"`)
	htmlTarget = regexp.MustCompile(`(?i)<(?:a|img)\s[^>]*\b(?:href|src)="([^"]+)"`)
	straySign  = regexp.MustCompile(`\]\(|\]\[`)
)

func (r *reader) visit(node ast.Node, entering bool) (ast.WalkStatus, error) {
	if !entering {
		return ast.WalkContinue, nil
	}
	switch n := node.(type) {
	case *ast.Heading:
		r.addHeading(n)
	case *ast.Link:
		r.addLink(n.Destination, node)
	case *ast.Image:
		r.addLink(n.Destination, node)
	case *ast.AutoLink:
		r.addLink(n.URL(r.source), node)
	case *ast.FencedCodeBlock:
		r.addBlock(n)
	case *ast.RawHTML:
		r.addHTML(n.Segments.Value(r.source), node)
	case *ast.HTMLBlock:
		r.addHTML(n.Lines().Value(r.source), node)
	case *ast.CodeSpan, *ast.CodeBlock:
		return ast.WalkSkipChildren, nil
	case *ast.Paragraph, *ast.TextBlock:
		r.addStray(node)
	}
	return ast.WalkContinue, nil
}

func (r *reader) addHeading(n *ast.Heading) {
	if n.Level == 1 {
		r.page.Titles++
	}
	slug := Slug(plain(n, r.source))
	r.heading = slug
	if before := r.seen[slug]; before > 0 {
		r.heading = fmt.Sprintf("%s-%d", slug, before)
	}
	r.seen[slug]++
	r.page.Anchors = append(r.page.Anchors, r.heading)
}

func (r *reader) addLink(target []byte, node ast.Node) {
	r.page.Links = append(r.page.Links, Link{Target: string(target), Line: r.line(node)})
}

func (r *reader) addBlock(n *ast.FencedCodeBlock) {
	block := Block{Text: string(n.Lines().Value(r.source)), Line: r.line(n), Heading: r.heading}
	if n.Info != nil {
		block.Language, block.Rest, _ = strings.Cut(string(n.Info.Segment.Value(r.source)), " ")
	}
	r.page.Blocks = append(r.page.Blocks, block)
}

func (r *reader) addHTML(html []byte, node ast.Node) {
	for _, match := range htmlAnchor.FindAllSubmatch(html, -1) {
		r.page.Anchors = append(r.page.Anchors, string(match[1]))
	}
	for _, match := range htmlTarget.FindAllSubmatch(html, -1) {
		r.addLink(match[1], node)
	}
}

// addStray notes what of a paragraph's text reads like a link. Of a link that is one, no bracket is left in the text.
func (r *reader) addStray(node ast.Node) {
	if shown := plainWithoutCode(node, r.source); straySign.MatchString(shown) {
		r.page.Stray = append(r.page.Stray, Stray{Text: shown, Line: r.line(node)})
	}
}

// line is where a node begins, counted from 1. An inline node that does not know its place is where its block is.
func (r *reader) line(node ast.Node) int {
	for n := node; n != nil; n = n.Parent() {
		if pos := n.Pos(); pos >= 0 {
			return 1 + bytes.Count(r.source[:min(pos, len(r.source))], []byte("\n"))
		}
	}
	return 1
}
