package exporter

import (
	"io"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/net/html"
)

// document is a page as a browser understands it.
type document struct {
	root *html.Node
	text string // of all elements but <title>, blanks folded
}

// open gets a page, checks what holds for every page, and parses it.
func (r *rig) open(t testing.TB, target string, status int) document {
	t.Helper()
	res, body := r.get(t, target)
	require.Equal(t, status, res.StatusCode, body)
	requireWellFormed(t, body)
	root, err := html.Parse(strings.NewReader(body))
	require.NoError(t, err)
	d := document{root: root}
	for n := range root.Descendants() {
		if n.Type == html.TextNode {
			d.text += " " + n.Data
		}
		checkNode(t, n)
	}
	d.text = strings.Join(strings.Fields(d.text), " ")
	return d
}

// alertmanagerUI is the beginning of links to the fixture's Alertmanager.
const alertmanagerUI = "https://alerts.example.org/am/#/alerts?filter="

// checkNode: nothing that the content policy would block, nothing that leaves the site but the links to the docs and to
// Alertmanager,
// nothing a screen reader cannot name.
func checkNode(t testing.TB, n *html.Node) {
	t.Helper()
	if n.Type != html.ElementNode {
		return
	}
	assert.NotContains(t, []string{"style", "iframe", "object", "embed", "base"}, n.Data)
	if n.Data == "script" {
		assert.Empty(t, textOf(n))
		assert.True(t, slices.ContainsFunc(n.Attr, func(a html.Attribute) bool {
			return a.Key == "src" && strings.Contains(a.Val, "/assets/live.js?v=")
		}), "only our own script, by its address")
	}
	for _, a := range n.Attr {
		assert.False(t, strings.HasPrefix(a.Key, "on"), "%s on <%s>", a.Key, n.Data)
		assert.NotEqual(t, "style", a.Key)
		switch a.Key {
		case "href", "src", "action":
			local := a.Val != "" && strings.Contains("/?#", a.Val[:1]) && !strings.HasPrefix(a.Val, "//")
			foreign := strings.HasPrefix(a.Val, "https://github.com/drift-exporter/") || strings.HasPrefix(a.Val, alertmanagerUI)
			assert.True(t, local || foreign, a.Val)
		}
	}
	if n.Data == "img" {
		assert.True(t, hasAttr(n, "alt"))
	}
}

func hasAttr(n *html.Node, key string) bool {
	for _, a := range n.Attr {
		if a.Key == key {
			return true
		}
	}
	return false
}

// each calls f with every element of that name.
func (d document) each(name string, f func(*html.Node)) {
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			f(n)
		}
	}
}

// all returns the text of every element of that class, as it is.
func (d document) all(class string) []string {
	var found []string
	for n := range d.root.Descendants() {
		for _, a := range n.Attr {
			if a.Key == "class" && contains(strings.Fields(a.Val), class) {
				found = append(found, textOf(n))
			}
		}
	}
	return found
}

// tags returns the text of every element of that name.
func (d document) tags(name string) []string {
	var found []string
	for n := range d.root.Descendants() {
		if n.Type == html.ElementNode && n.Data == name {
			found = append(found, textOf(n))
		}
	}
	return found
}

// attrs returns this attribute of every element of that name that has it.
func (d document) attrs(name, key string) []string {
	var found []string
	for n := range d.root.Descendants() {
		for _, a := range n.Attr {
			if n.Data == name && a.Key == key {
				found = append(found, a.Val)
			}
		}
	}
	return found
}

// chosen returns the text of every option that is selected.
func (d document) chosen() []string {
	var found []string
	for n := range d.root.Descendants() {
		if n.Data == "option" && hasAttr(n, "selected") {
			found = append(found, textOf(n))
		}
	}
	return found
}

func (d document) links(text string) []string {
	var found []string
	for n := range d.root.Descendants() {
		if n.Data != "a" || !strings.Contains(textOf(n), text) {
			continue
		}
		for _, a := range n.Attr {
			if a.Key == "href" {
				found = append(found, a.Val)
			}
		}
	}
	return found
}

func contains(list []string, s string) bool {
	for _, l := range list {
		if l == s {
			return true
		}
	}
	return false
}

func textOf(n *html.Node) string {
	var b strings.Builder
	for d := range n.Descendants() {
		if d.Type == html.TextNode {
			b.WriteString(d.Data)
		}
	}
	return b.String()
}

// requireWellFormed demands that every element is closed, in order: parsers forgive what templates get wrong.
func requireWellFormed(t testing.TB, page string) {
	t.Helper()
	void := []string{"meta", "link", "img", "input", "br", "hr"}
	var open []string
	z := html.NewTokenizer(strings.NewReader(page))
	for {
		switch z.Next() {
		case html.ErrorToken:
			require.ErrorIs(t, z.Err(), io.EOF)
			require.Empty(t, open, "left open")
			return
		case html.StartTagToken:
			if name, _ := z.TagName(); !contains(void, string(name)) {
				open = append(open, string(name))
			}
		case html.EndTagToken:
			name, _ := z.TagName()
			require.NotEmpty(t, open, "</%s> closes nothing", name)
			require.Equal(t, open[len(open)-1], string(name), "closed in order: %v", open)
			open = open[:len(open)-1]
		}
	}
}
