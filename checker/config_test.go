package checker

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestConfigProblems(t *testing.T) {
	old := "a setting of type config without a path says nothing of where it is: every check reports it as unsupported"
	unsupported := "settings of type config are not supported by this version: check the file in the section files"
	decodeCases{
		{"the old form", "{key: PermitRootLogin, expected: no, type: config}", []string{old}},
		{"with a path", "{key: a, expected: b, type: config, path: /x}", []string{unsupported}},
		{"with a format", "{key: a, expected: b, type: config, format: ini}", []string{unsupported}},
		{"without a value", "{key: a, type: config}", []string{"expected is required", old}},
	}.run(t, configKind{})
}

func TestOldConfigLoadsWithAWarning(t *testing.T) {
	_, problems := decode(t, configKind{}, "{key: PermitRootLogin, expected: no, type: config}")
	require.Len(t, problems, 1)
	assert.True(t, problems[0].Warning)
	assert.False(t, problems.Fatal())
}

func TestNoVerdictPassesOverAnOldConfig(t *testing.T) {
	out := check(t, shells(t)[0], onePack(t, `
  files: [{path: /etc/passwd, owner: root}]
  settings: [{key: PermitRootLogin, expected: no, type: config}]
`, nil))
	require.NotNil(t, out.Failure)
	r := out.Results[0]
	assert.Equal(t, state.Unknown, r.Status)
	assert.Equal(t, []state.ItemError{{
		Kind: "config", Item: "PermitRootLogin", Error: "unsupported: a setting of type config without a path",
	}}, r.Errors)
}
