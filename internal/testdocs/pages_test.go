package testdocs_test

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testdocs"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

func TestThePagesOfThisRepository(t *testing.T) {
	root := testenv.Repository(t)
	var pages []*testdocs.Page
	for _, name := range names(t, root) {
		pages = append(pages, testdocs.Read(t, name))
	}
	// where tests and Go itself put things on the machine that they run on
	private := regexp.MustCompile(regexp.QuoteMeta(root) + `\b|file://|/go/pkg/mod/|/go-build\d|/tmp/Test[A-Z]`)
	for _, problem := range testdocs.Problems(os.DirFS(root), pages, private) {
		t.Error(problem)
	}
}

// Nobody finds a page that the index does not name.
func TestTheIndexNamesEveryPage(t *testing.T) {
	index := map[string]bool{}
	for _, link := range testdocs.Read(t, "docs/README.md").Links {
		file, _, _ := strings.Cut(link.Target, "#")
		index[file] = true
	}
	for _, name := range names(t, testenv.Repository(t)) {
		if page, ok := strings.CutPrefix(name, "docs/"); ok && page != "README.md" {
			assert.True(t, index[page], "docs/README.md has no link to %s: add a row for whoever tries, runs or extends", page)
		}
	}
}

// names are the README, the changelog, all pages of docs, and every README below deploy, packs, rules and tools.
func names(t *testing.T, root string) []string {
	t.Helper()
	found := []string{"README.md"}
	if _, err := os.Stat(filepath.Join(root, "CHANGELOG.md")); err == nil {
		found = append(found, "CHANGELOG.md")
	}
	for _, dir := range []string{"docs", "deploy", "packs", "rules", "tools"} {
		require.NoError(t, fs.WalkDir(os.DirFS(root), dir, func(name string, entry fs.DirEntry, err error) error {
			if err == nil && entry.Name() == "node_modules" {
				return fs.SkipDir
			}
			if err == nil && strings.HasSuffix(name, ".md") {
				found = append(found, name)
			}
			return err
		}))
	}
	require.Contains(t, found, "docs/packs.md")
	return found
}

func TestSlugsAreGitHubs(t *testing.T) {
	for heading, want := range map[string]string{
		"Alerts": "alerts", "What raises and what ends an alert": "what-raises-and-what-ends-an-alert", "ssh_config": "ssh_config",
		"ansible-playbook --check in cron": "ansible-playbook---check-in-cron", "deb, rpm & tarball": "deb-rpm--tarball",
		"What's “new”?": "whats-new", "Größe": "größe", "1.2.3 (2026)": "123-2026", "a/b": "ab", "½": "",
	} {
		assert.Equal(t, want, testdocs.Slug(heading), heading)
	}
}
