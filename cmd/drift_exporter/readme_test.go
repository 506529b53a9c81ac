package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

var yamlBlock = regexp.MustCompile("(?s)```yaml\n(.*?)```")

// repository is the folder that the README is in.
var repository = filepath.Join("..", "..")

func TestTheExamplesOfTheREADMEAreValid(t *testing.T) {
	readme, err := os.ReadFile(filepath.Join(repository, "README.md"))
	require.NoError(t, err)
	blocks := yamlBlock.FindAllSubmatch(readme, -1)
	require.Len(t, blocks, 3, "the configuration, a pack, a scrape configuration")
	w := newWorkspace(t)
	w.write("config.yaml", string(blocks[0][1]))
	w.write("packs/web.yaml", string(blocks[1][1]))
	w.write("packs/templates/nginx.conf", "role {{ .role }}\n")
	w.write("machines/empty.yaml", "[]\n")
	status, stdout, stderr := w.run("validate")
	require.Equal(t, 0, status, stderr)
	require.Contains(t, stdout, "2 machines")
	require.NotContains(t, stderr, "reported twice", "its machine carries base and web")
	_, stdout, _ = w.run("packs", "web", "--format=json")
	var web struct{ Items int }
	require.NoError(t, json.Unmarshal([]byte(stdout), &web))
	require.Contains(t, string(readme), fmt.Sprintf("2 mismatches in %d items", web.Items), "the sample is of that pack")
	for _, source := range regexp.MustCompile(`packs/web\.yaml:\d+`).FindAllString(string(readme), -1) {
		require.Contains(t, stdout, source+`"`, "where an item begins")
	}

	promtool := testenv.Program(t, "promtool", "prometheus")
	scrape := filepath.Join(t.TempDir(), "prometheus.yml")
	require.NoError(t, os.WriteFile(scrape, blocks[2][1], 0o600))
	out, err := exec.Command(promtool, "check", "config", "--syntax-only", scrape).CombinedOutput()
	require.NoError(t, err, "%s", out)
}

// Each of these pages has a test that loads all its YAML, beside what reads it. Another page with YAML needs one too.
func TestEveryYAMLExampleIsLoadedByATest(t *testing.T) {
	loaded := map[string]string{
		"docs/packs.md": "checker/registry_test.go", "docs/configuration.md": "internal/config/docs_test.go",
		"docs/alerts.md": "deploy/alertmanager/docs_test.go", "docs/cli.md": "cmd/drift_exporter/check_doc_test.go",
		"README.md": "cmd/drift_exporter/readme_test.go", "docs/migration.md": "cmd/drift_exporter/migration_doc_test.go",
		"docs/rules.md": "rules/prometheus/runbooks_test.go", "docs/kubernetes.md": "deploy/kubernetes/docs_test.go",
		"docs/container.md": "internal/config/docs_test.go", "docs/systemd.md": "internal/config/docs_test.go", "docs/least-privilege.md": "internal/config/docs_test.go",
		"docs/scaling.md": "internal/config/docs_test.go",
	}
	pages, err := filepath.Glob(filepath.Join(repository, "docs", "*.md"))
	require.NoError(t, err)
	for _, page := range append(pages, filepath.Join(repository, "README.md")) {
		text, err := os.ReadFile(page)
		require.NoError(t, err)
		name, err := filepath.Rel(repository, page)
		require.NoError(t, err)
		if !bytes.Contains(text, []byte("```yaml")) {
			continue
		}
		require.Contains(t, loaded, name)
		test, err := os.ReadFile(filepath.Join(repository, loaded[name]))
		require.NoError(t, err)
		require.Contains(t, string(test), filepath.Base(name), "the test does not name the page")
	}
}

func TestTheShippedConfigurationIsValid(t *testing.T) {
	w := newWorkspace(t)
	status, stdout, stderr := w.runWith(filepath.Join(repository, "config.yaml"), "check")
	require.Equal(t, 0, status, stdout+stderr)
	require.Contains(t, stdout, "localhost  compliant")
}
