package checker

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestOnlyItemsThatApplyAreJudged(t *testing.T) {
	f := onePack(t, `
  files:
    - {path: /nope, when: {os: plan9}}
    - {path: /etc/passwd, owner: nobody, when: {os: plan9}}
    - {path: /etc/passwd, owner: root, when: {os: sunos, vars: {role: web}}}
    - {path: /etc/group, owner: root}
`, func(m *config.Machine) { m.Vars = map[string]any{"role": "web"} })
	out := check(t, saying(shells(t)[0], "ID", "sunos"), f)
	require.Nil(t, out.Failure)
	r := out.Results[0]
	assert.Equal(t, state.Compliant, r.Status)
	assert.Equal(t, 2, r.Items)
	assert.Len(t, r.Definitions, 3, "what applies nowhere is defined all the same")
}

func TestWhatCannotBeToldToApplyIsAnError(t *testing.T) {
	f := onePack(t, "  files: [{path: /etc/passwd, when: {os: debian}, sensitive: true}, {path: /nope}]", nil)
	out := check(t, saying(shells(t)[0], "ID", ""), f)
	r := out.Results[0]
	assert.Equal(t, state.Unknown, r.Status)
	require.Len(t, r.Errors, 1)
	assert.Equal(t, "does not say what applies: when: the machine does not say its os", r.Errors[0].Error)
	assert.Equal(t, 2, r.Items)
}

func TestTwoItemsOfOneIdentityThatBothApplyAreAnError(t *testing.T) {
	f := onePack(t, `
  files:
    - {path: /etc/passwd, owner: root, when: {os: debian}}
    - {path: /etc/passwd, owner: nobody, when: {version: 12}}
`, nil)
	debian := saying(shells(t)[0], "ID", "debian")
	out := check(t, saying(debian, "VERSION_ID", "12"), f)
	r := out.Results[0]
	assert.Equal(t, state.Unknown, r.Status)
	require.Len(t, r.Errors, 1)
	assert.Equal(t, "does not say what applies: the one at packs/p.yaml:4 applies as well: no machine may satisfy the when of both", r.Errors[0].Error)

	out = check(t, saying(debian, "VERSION_ID", "11"), f)
	require.Nil(t, out.Failure)
	assert.Equal(t, state.Compliant, out.Results[0].Status)
}

// If the machine becomes one to which an item applies, it is the machine that changed.
func TestWhenIsAPartOfWhatIsDemanded(t *testing.T) {
	_, plain := digestOf(t, "items: {files: [{path: /a}]}", nil)
	whole, debian := digestOf(t, "items: {files: [{path: /a, when: {os: debian}}]}", nil)
	same, list := digestOf(t, "items: {files: [{path: /a, when: {os: [debian]}}]}", nil)
	_, two := digestOf(t, "items: {files: [{path: /a, when: {os: debian}}, {path: /a, mode: 1, when: {os: alpine}}]}", nil)
	assert.NotEqual(t, plain, debian)
	assert.Equal(t, whole, same)
	assert.Equal(t, debian, list)
	assert.Len(t, two, 1)
	assert.NotEqual(t, debian, two)
}
