package testdocs_test

import (
	"fmt"
	"regexp"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/testdocs"
)

const other = "# Other\n## A heading\n## A `heading`\n<a id=\"own\"></a>\n"

// problems are those of docs/page.md with that text, beside docs/other.md and a folder with a README.
func problems(text string) []string {
	files := fstest.MapFS{"docs/other.md": {}, "docs/page.md": {}, "deploy/README.md": {}, "config.yaml": {}}
	pages := []*testdocs.Page{
		testdocs.Parse("docs/page.md", []byte(text)), testdocs.Parse("docs/other.md", []byte(other)),
		testdocs.Parse("deploy/README.md", []byte("# Deploy\n## Files\n")),
	}
	var found []string
	for _, problem := range testdocs.Problems(files, pages, regexp.MustCompile(`/srv/mine`)) {
		found = append(found, problem.String())
	}
	return found
}

func TestProblemsAreNamedByTheirLine(t *testing.T) {
	const page = "# Page\n\nBefore\n%s\n\nand after.\n"
	for text, want := range map[string]string{
		"[a](gone.md)":            `docs/page.md:4: the link "gone.md" leads nowhere: there is no docs/gone.md`,
		"[a](othr.md)":            `docs/page.md:4: the link "othr.md" leads nowhere: there is no docs/othr.md (did you mean "other.md"?)`,
		"![a](../x.png)":          `docs/page.md:4: the link "../x.png" leads nowhere: there is no x.png`,
		"[a](other.md#a-headin)":  `docs/page.md:4: the link "other.md#a-headin": docs/other.md has no heading #a-headin (did you mean "a-heading"?)`,
		"[a](#nothing)":           `docs/page.md:4: the link "#nothing": docs/page.md has no heading #nothing`,
		"[a](../../etc/passwd)":   `docs/page.md:4: the link "../../etc/passwd" leads out of the repository`,
		"[a](/docs/other.md)":     `docs/page.md:4: the link "/docs/other.md" leads nowhere on GitHub: write the path from this page's folder`,
		"[a](file:///docs)":       `docs/page.md:4: the link "file:///docs" leads nowhere on GitHub: write the path from this page's folder`,
		"[a](../config.yaml#L3)":  `docs/page.md:4: the link "../config.yaml#L3" has an anchor, and config.yaml is not one of the checked pages`,
		`<img src="x.png">`:       `docs/page.md:4: the link "x.png" leads nowhere: there is no docs/x.png`,
		"[a][nowhere]":            `docs/page.md:3: this looks like a link and is none: "Before [a][nowhere]"`,
		"[a](a b.md)":             `docs/page.md:3: this looks like a link and is none: "Before [a](a b.md)"`,
		"`cat /srv/mine/config`":  `docs/page.md:4: "/srv/mine" is a path on the machine where this was written, and on no other`,
		"```\ncode\n```":          "docs/page.md:4: name the language of this code block: ```sh for commands, ```console for commands with what they print, ```text for anything else",
		"```jsn\ncode\n```":       `docs/page.md:4: a code block in "jsn" (did you mean "json"?); Languages in internal/testdocs has those in use`,
		"# Another":               "docs/page.md:1: a page has one title (a line with a single #); this one has 2",
		"| [a](no.md) |\n|---|\n": `docs/page.md:4: the link "no.md" leads nowhere: there is no docs/no.md`,
		"[a](" + testdocs.Site + "/blob/main/docs/other.md#no)": `docs/page.md:4: the link "` + testdocs.Site +
			`/blob/main/docs/other.md#no": docs/other.md has no heading #no`,
	} {
		assert.Equal(t, []string{want}, problems(fmt.Sprintf(page, text)), text)
	}
}

func TestWhatGitHubShowsWellIsNoProblem(t *testing.T) {
	for _, text := range []string{
		"[a](other.md) [a](other.md#a-heading) [a](other.md#a-heading-1) [a](other.md#own) [a](#page)",
		"[a](../deploy) [a](../deploy#files) [a](../deploy/README.md#files) [a](../config.yaml) ![a](other.md)",
		"<https://example.org/a#b> [a](mailto:a@example.org) https://example.org [a](" + testdocs.Site + "/issues)",
		"`[a](gone.md)` and `list[0][1]`", "```sh\n[a](gone.md) x[0](1)\n```", "> ```yaml machine\n> a: b\n> ```", "[a][b]\n\n[b]: other.md",
	} {
		assert.Empty(t, problems("# Page\n\n"+text+"\n"), text)
	}
}
