package supply_test

import (
	"fmt"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// workflow is what matters here of a workflow of GitHub.
type workflow struct {
	Permissions yaml.Node
	Jobs        map[string]struct {
		Permissions yaml.Node
		Uses        string
		Steps       []struct {
			Uses string
			With map[string]yaml.Node
		}
	}
}

var pinned = regexp.MustCompile(`^[\w.-]+/[\w./-]+@[0-9a-f]{40}$`)

// faultsOf names what is wrong with a workflow: actions that are not pinned to a commit, with the version in a comment, and
// permissions beyond reading the sources.
func faultsOf(text string) (faults []string) {
	var w workflow
	if err := yaml.Unmarshal([]byte(text), &w); err != nil {
		return []string{err.Error()}
	}
	if w.Permissions.IsZero() {
		faults = append(faults, "no permissions at the top: the repository's default may write")
	}
	faults = append(faults, permissionFaults("the workflow", w.Permissions)...)
	for name, job := range w.Jobs {
		faults = append(faults, permissionFaults("job "+name, job.Permissions)...)
		for _, step := range job.Steps {
			faults = append(faults, actionFaults(text, step.Uses)...)
			if credentials := step.With["persist-credentials"]; strings.HasPrefix(step.Uses, "actions/checkout@") && credentials.Value != "false" {
				faults = append(faults, name+": checkout leaves its token to what runs next")
			}
		}
		faults = append(faults, actionFaults(text, job.Uses)...)
	}
	return faults
}

func actionFaults(text, action string) []string {
	switch {
	case action == "" || strings.HasPrefix(action, "./"):
		return nil
	case !pinned.MatchString(action):
		return []string{fmt.Sprintf("%s is not pinned to a commit", action)}
	case !regexp.MustCompile(regexp.QuoteMeta(action) + ` # v\d+\.\d+\.\d+\n`).MatchString(text):
		return []string{fmt.Sprintf("%s does not say its version", action)}
	}
	return nil
}

func permissionFaults(who string, given yaml.Node) (faults []string) {
	switch given.Kind {
	case 0:
	case yaml.MappingNode:
		for i := 0; i < len(given.Content); i += 2 {
			if what, level := given.Content[i].Value, given.Content[i+1].Value; level != "none" && (what != "contents" || level != "read") {
				faults = append(faults, fmt.Sprintf("%s may %s %s", who, level, what))
			}
		}
	default:
		faults = append(faults, fmt.Sprintf("%s has permissions %q", who, given.Value))
	}
	return faults
}

func TestWorkflowsArePinnedAndMayOnlyRead(t *testing.T) {
	files, err := filepath.Glob(filepath.Join(testenv.Repository(t), ".github", "workflows", "*"))
	require.NoError(t, err)
	require.NotEmpty(t, files)
	for _, file := range files {
		text, err := os.ReadFile(file)
		require.NoError(t, err)
		assert.Empty(t, faultsOf(string(text)), file)
	}
}

func TestWorkflowsThatAreNotSafeAreFound(t *testing.T) {
	file := filepath.Join(testenv.Repository(t), ".github", "workflows", "ci.yml")
	text, err := os.ReadFile(file)
	require.NoError(t, err)
	sound := string(text)
	for name, c := range map[string]struct{ pattern, by, want string }{
		"a tag":                     {`checkout@[0-9a-f]{40}`, "checkout@v4", "actions/checkout@v4 is not pinned to a commit"},
		"a branch":                  {`setup-go@[0-9a-f]{40}`, "setup-go@main", "actions/setup-go@main is not pinned to a commit"},
		"a short commit":            {`(setup-go@[0-9a-f]{7})[0-9a-f]{33}`, "$1", "is not pinned to a commit"},
		"no version":                {` # v[0-9.]+\n`, "\n", "does not say its version"},
		"permission to write all":   {`permissions:\n  contents: read`, "permissions: write-all", `the workflow has permissions "write-all"`},
		"permission to write":       {`contents: read`, "contents: write", "the workflow may write contents"},
		"more to a job":             {`    timeout-minutes: 20`, "    permissions: {id-token: write}", "job vulnerabilities may write id-token"},
		"no permissions":            {`permissions:\n  contents: read\n`, "", "no permissions at the top"},
		"a token that is left over": {`persist-credentials: false`, "submodules: false", "checkout leaves its token"},
	} {
		changed := regexp.MustCompile(c.pattern).ReplaceAllString(sound, c.by)
		require.NotEqual(t, sound, changed, name)
		assert.Contains(t, strings.Join(faultsOf(changed), "\n"), c.want, name)
	}
}
