package prometheus_test

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

// Whoever greps for a line that a runbook quotes must find it: it stands in the source as it is quoted.
func TestRunbooksQuoteLogLinesThatThereAre(t *testing.T) {
	source := goSource(t)
	quoted := regexp.MustCompile(`msg=("[^"]+"|\w+)`).FindAllStringSubmatch(page(t, runbooks), -1)
	require.Greater(t, len(quoted), 10)
	for _, line := range quoted {
		assert.Contains(t, source, `"`+strings.Trim(line[1], `"`)+`"`)
	}
}

// Queries and series that pages name in passing are as real as those of the rules.
func TestPagesNameSeriesThatThereAre(t *testing.T) {
	known := documented(t)
	recorded := map[string]bool{}
	for _, r := range rules(t) {
		recorded[r.Record] = true
	}
	for _, name := range []string{runbooks, "docs/rules.md"} {
		for _, span := range regexp.MustCompile("`[^`\n]+`").FindAllString(page(t, name), -1) {
			for _, word := range regexp.MustCompile(`[a-z_]+:drift_[a-z_:]+|\bdrift_[a-z_]+`).FindAllString(span, -1) {
				if !strings.HasPrefix(word, "drift_exporter") && word != "drift_detection_enabled" {
					assert.True(t, known[word] || recorded[word], "%s: %s", name, word)
				}
			}
		}
	}
}

func TestRulesInPagesAreAccepted(t *testing.T) {
	var text strings.Builder
	text.WriteString("groups:\n- name: pages\n  rules:\n")
	for _, name := range []string{runbooks, "docs/rules.md"} {
		for _, block := range testdocs.Read(t, name).Blocks {
			switch {
			case block.Language == "promql":
				text.WriteString("  - alert: Query\n    expr: |\n      " + strings.ReplaceAll(block.Text, "\n", "\n      ") + "\n")
			case block.Language == "yaml" && strings.HasPrefix(block.Text, "- record:"):
				text.WriteString("  " + strings.ReplaceAll(block.Text, "\n", "\n  ") + "\n")
			}
		}
	}
	require.Contains(t, text.String(), "record:")
	require.Contains(t, text.String(), "Query")
	file := filepath.Join(t.TempDir(), "rules.yml")
	require.NoError(t, os.WriteFile(file, []byte(text.String()), 0o600))
	promtool(t, "check", "rules", file)
}

// The documented prometheus.yml loads the rules from where they are put.
func TestDocumentedConfigurationIsAccepted(t *testing.T) {
	blocks := testdocs.Read(t, "docs/rules.md").In("yaml")
	require.Len(t, blocks, 2, "the configuration, and a rule")
	block := blocks[0].Text
	require.Contains(t, block, "/etc/prometheus/rules/drift_exporter.rules.yml")
	own, err := filepath.Abs("drift_exporter.rules.yml")
	require.NoError(t, err)
	block = strings.ReplaceAll(block, "/etc/prometheus/rules/drift_exporter.rules.yml", own)
	file := filepath.Join(t.TempDir(), "prometheus.yml")
	require.NoError(t, os.WriteFile(file, []byte(block), 0o600))
	promtool(t, "check", "config", file)

	require.NoError(t, os.WriteFile(file, []byte("groups:\n- name: documented\n  rules:\n  "+strings.ReplaceAll(blocks[1].Text, "\n", "\n  ")), 0o600))
	promtool(t, "check", "rules", file)
}

// goSource is all Go code of the program but its tests.
func goSource(t *testing.T) string {
	t.Helper()
	root := testenv.Repository(t)
	var source strings.Builder
	for _, dir := range []string{"checker", "cmd", "exporter", "internal", "rules"} {
		require.NoError(t, filepath.WalkDir(filepath.Join(root, dir), func(path string, _ fs.DirEntry, err error) error {
			if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
				return err
			}
			text, err := os.ReadFile(path)
			source.Write(text)
			return err
		}))
	}
	return source.String()
}

// page is the text of a page of the repository.
func page(t *testing.T, name string) string {
	t.Helper()
	text, err := os.ReadFile(filepath.Join(testenv.Repository(t), name))
	require.NoError(t, err)
	return string(text)
}

// documented are the metrics that docs/metrics.md lists, which is what /metrics shows: tests of those who make the
// metrics see to that.
func documented(t *testing.T) map[string]bool {
	t.Helper()
	known := map[string]bool{}
	for _, row := range regexp.MustCompile("(?m)^\\| `(drift_[a-z_]+)` \\|").FindAllStringSubmatch(page(t, "docs/metrics.md"), -1) {
		known[row[1]] = true
	}
	require.Greater(t, len(known), 20)
	return known
}
