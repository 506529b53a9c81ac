package main

import (
	"io"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func checkPage(t *testing.T) string {
	t.Helper()
	page, err := os.ReadFile(filepath.Join(repository, "docs", "cli.md"))
	require.NoError(t, err)
	return string(page)
}

func TestEveryFlagOfCheckIsDocumented(t *testing.T) {
	page := checkPage(t)
	p := newProgram(environment{}, io.Discard, io.Discard)
	for _, flag := range p.app.GetCommand("check").Model().Flags {
		assert.Regexp(t, "`[^`]*--"+regexp.QuoteMeta(flag.Name)+"\\b", page)
	}
}

func TestTheDocumentedPipelineWritesAReport(t *testing.T) {
	blocks := yamlBlock.FindAllStringSubmatch(checkPage(t), -1)
	require.Len(t, blocks, 1, "GitLab's pipeline")
	var pipeline map[string]struct {
		Script    string
		Artifacts struct {
			When    string
			Reports struct{ JUnit string }
		}
	}
	require.NoError(t, yaml.Unmarshal([]byte(blocks[0][1]), &pipeline))
	job := pipeline["drift"]
	command, file, redirected := strings.Cut(job.Script, " >")
	require.True(t, redirected)
	assert.Equal(t, job.Artifacts.Reports.JUnit, file)
	assert.Equal(t, "always", job.Artifacts.When, "when something drifted above all")
	status, stdout, stderr := newWorkspace(t).run(strings.Fields(command)[1:]...)
	require.Equal(t, 0, status, stderr)
	requireJUnit(t, stdout)
}
