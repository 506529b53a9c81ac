package testdocs

import (
	"cmp"
	"fmt"
	"io/fs"
	"net/url"
	"path"
	"regexp"
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// Site is this repository on GitHub. Links to it are looked up in the files at hand.
const Site = "https://github.com/drift-exporter/drift_exporter"

// Languages are those that a code block may name, so that one thing has one name.
var Languages = []string{
	"caddyfile", "conf", "console", "css", "diff", "dockerfile", "go", "go-text-template", "html", "http", "ini", "javascript", "json", "makefile",
	"mermaid", "nginx", "promql", "python", "sh", "sql", "text", "toml", "xml", "yaml", "yml",
}

// Problem is what is wrong on a line of a page.
type Problem struct {
	Page string
	Line int
	Text string
}

func (p Problem) String() string { return fmt.Sprintf("%s:%d: %s", p.Page, p.Line, p.Text) }

// Problems are what is wrong with pages whose repository is files: links and anchors that lead nowhere, code without
// a language, and whatever matches private, such as a path on the machine of whoever wrote it.
func Problems(files fs.FS, pages []*Page, private *regexp.Regexp) []Problem {
	c := checks{files: files, pages: map[string]*Page{}, private: private}
	for _, page := range pages {
		c.pages[page.Name] = page
	}
	for _, page := range pages {
		c.page(page)
	}
	slices.SortStableFunc(c.problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Page, b.Page), cmp.Compare(a.Line, b.Line))
	})
	return c.problems
}

type checks struct {
	files    fs.FS
	pages    map[string]*Page
	private  *regexp.Regexp
	problems []Problem
}

func (c *checks) page(p *Page) {
	report := func(line int, format string, args ...any) {
		c.problems = append(c.problems, Problem{p.Name, line, fmt.Sprintf(format, args...)})
	}
	if p.Titles != 1 {
		report(1, "a page has one title (a line with a single #); this one has %d", p.Titles)
	}
	for _, link := range p.Links {
		if problem := c.link(p, link.Target); problem != "" {
			report(link.Line, "%s", problem)
		}
	}
	for _, stray := range p.Stray {
		report(stray.Line, "this looks like a link and is none: %q", shortened(stray.Text))
	}
	for _, block := range p.Blocks {
		switch {
		case block.Language == "":
			report(block.Line, "name the language of this code block: ```sh for commands, ```console for commands with what they print, ```text for anything else")
		case !slices.Contains(Languages, block.Language):
			report(block.Line, "a code block in %q%s; Languages in internal/testdocs has those in use", block.Language, yamlfile.Suggest(block.Language, Languages))
		}
	}
	for i, line := range p.Lines {
		if found := c.private.FindString(line); found != "" {
			report(i+1, "%q is a path on the machine where this was written, and on no other", found)
		}
	}
}

// link says what is wrong with a link's target, or nothing.
func (c *checks) link(p *Page, target string) string {
	u, err := url.Parse(target)
	if err != nil {
		return fmt.Sprintf("the link %q is no URL", target)
	}
	switch {
	case strings.HasPrefix(target, Site+"/blob/main/") || strings.HasPrefix(target, Site+"/tree/main/"):
		_, name, _ := strings.Cut(strings.TrimPrefix(u.Path, "/"), "/main/")
		return c.file(p, target, path.Clean(name), u.Fragment)
	case u.Scheme == "https", u.Scheme == "http", u.Scheme == "mailto":
		return ""
	case u.Scheme != "" || u.Host != "" || strings.HasPrefix(u.Path, "/"):
		return fmt.Sprintf("the link %q leads nowhere on GitHub: write the path from this page's folder", target)
	case target == "" || target == "#":
		return "" // in a picture of a message, whose link has no place to lead to
	case u.Path == "":
		return c.file(p, target, p.Name, u.Fragment)
	}
	return c.file(p, target, path.Join(path.Dir(p.Name), u.Path), u.Fragment)
}

func (c *checks) file(p *Page, target, name, anchor string) string {
	if name == ".." || strings.HasPrefix(name, "../") {
		return fmt.Sprintf("the link %q leads out of the repository", target)
	}
	info, err := fs.Stat(c.files, name)
	if err != nil {
		return fmt.Sprintf("the link %q leads nowhere: there is no %s%s", target, name, c.suggest(name))
	}
	if anchor == "" {
		return ""
	}
	page := c.pages[name]
	if info.IsDir() {
		page = c.pages[path.Join(name, "README.md")]
	}
	switch {
	case page == nil:
		return fmt.Sprintf("the link %q has an anchor, and %s is not one of the checked pages", target, name)
	case !slices.Contains(page.Anchors, anchor):
		return fmt.Sprintf("the link %q: %s has no heading #%s%s", target, name, anchor, yamlfile.Suggest(anchor, page.Anchors))
	}
	return ""
}

// suggest names the nearest file in the folder in which one is missing.
func (c *checks) suggest(name string) string {
	entries, err := fs.ReadDir(c.files, path.Dir(name))
	if err != nil {
		return ""
	}
	names := make([]string, len(entries))
	for i, entry := range entries {
		names[i] = entry.Name()
	}
	return yamlfile.Suggest(path.Base(name), names)
}

func shortened(text string) string {
	if runes := []rune(text); len(runes) > 80 {
		return string(runes[:80]) + "…"
	}
	return text
}
