package checker

import (
	"errors"
	"fmt"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// Whatever the kind, nothing of a sensitive item is shown but that it differs.
func TestSensitiveItemsOfEveryKindAreHidden(t *testing.T) {
	const secret = "hunter2"
	r := checkOne(t, shells(t)[0], `
  files: [{path: /etc/passwd, owner: root, content: hunter2, sensitive: true}]
  packages: [{name: dpkg, version: 0+hunter2, sensitive: true}]
  settings:
    - {key: HOME, expected: hunter2, type: env_var, sensitive: true}
    - {key: kernel.ostype, expected: hunter2, type: sysctl, sensitive: true}
    - {key: kernel.osrelease, expected: visible, type: sysctl, sensitive: false}
`)
	require.Len(t, r.Mismatches, 5)
	for i, m := range r.Mismatches {
		assert.NotContains(t, fmt.Sprintf("%+v", m), secret)
		assert.Equal(t, i < 4, m.Sensitive)
		if i > 0 && i < 4 {
			assert.Equal(t, []string{"(sensitive)", "(sensitive)"}, []string{m.Expected, m.Actual})
		}
	}
	assert.Equal(t, "visible", r.Mismatches[4].Expected)
}

// quoting is a kind whose error quotes what it read.
type quoting struct{ sysctlKind }

func (quoting) Compare(Facts, pack.Item, Answers) ([]state.Mismatch, []Question, error) {
	return nil, nil, errors.New("cannot make sense of hunter2")
}

func TestErrorsOfSensitiveItemsQuoteNothing(t *testing.T) {
	f := onePack(t, "  settings: [{key: a, expected: hunter2, type: sysctl}]", nil)
	entry := f.Packs["p"].Entries[0]
	for sensitive, want := range map[bool]string{
		true: "could not be judged; why is not shown of a sensitive item", false: "cannot make sense of hunter2",
	} {
		entry.Sensitive = yamlfile.Bool{Set: true, Value: sensitive}
		o := &observation{entry: &entry, item: entry.Item, kind: quoting{}}
		o.ask()
		o.compare(Answers{}, new(int))
		assert.Equal(t, want, o.itemError().Error)
	}
	entry.Sensitive = yamlfile.Bool{Set: true, Value: true}
	o := &observation{entry: &entry, item: entry.Item, kind: sysctlKind{}}
	o.ask()
	o.compare(Answers{{Op: "sysctl", Arg: "a"}: {Err: "awk is missing"}}, new(int))
	assert.Equal(t, "awk is missing", o.itemError().Error, "what the script says holds nothing of the machine")
}
