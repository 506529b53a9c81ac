package main

import (
	"os"
	"path/filepath"
	"regexp"
	"testing"

	"github.com/stretchr/testify/require"
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
}

func TestTheShippedConfigurationIsValid(t *testing.T) {
	w := newWorkspace(t)
	status, stdout, stderr := w.runWith(filepath.Join(repository, "config.yaml"), "check")
	require.Equal(t, 0, status, stdout+stderr)
	require.Contains(t, stdout, "localhost/base: compliant")
}
