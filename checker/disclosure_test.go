package checker

import (
	"maps"
	"reflect"
	"slices"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/checker/pack"
)

// disclosed is when the values of a kind's fields may be seen, as their tags say.
func disclosed(t *testing.T, kind Kind) map[string]string {
	t.Helper()
	discloser, ok := kind.(pack.Discloser)
	require.True(t, ok, "%s does not say what of its items may be seen", kind.Name())
	tags := map[string]string{}
	var walk func(reflect.Type)
	walk = func(in reflect.Type) {
		for i := range in.NumField() {
			field := in.Field(i)
			name, options, _ := strings.Cut(field.Tag.Get("yaml"), ",")
			if options == "inline" {
				walk(field.Type)
				continue
			}
			tags[name] = field.Tag.Get("show")
		}
	}
	walk(reflect.TypeOf(discloser.Fields()))
	return tags
}

// A field that nobody has thought about is never shown; this test demands the thought.
func TestEveryFieldSaysWhenItMayBeSeen(t *testing.T) {
	for _, kind := range Kinds().kinds {
		tags := disclosed(t, kind)
		for field, show := range tags {
			assert.Contains(t, []string{"always", "open", "asked"}, show, "%s: field %s has no such tag `show`", kind.Name(), field)
			node := &yaml.Node{Kind: yaml.MappingNode}
			addField(node, field, text("x"))
			_, problems := kind.Decode(node, noTemplates{})
			for _, p := range problems {
				assert.NotContains(t, p.Message, "unknown field", "%s does not decode into what Fields returns", kind.Name())
			}
		}
		assert.Subset(t, slices.Collect(maps.Keys(tags)), []string{"description", "sensitive", "when"}, kind.Name())
	}
}

// What may be seen of each kind, in one place to be looked at: a field that moves out of `asked` is shown to everybody
// who may see the pages.
func TestContentIsOnlySeenWhereItIsAskedFor(t *testing.T) {
	asked := map[string][]string{}
	for _, kind := range Kinds().kinds {
		for field, show := range disclosed(t, kind) {
			if show == "asked" {
				asked[kind.Name()] = append(asked[kind.Name()], field)
			}
		}
		slices.Sort(asked[kind.Name()])
	}
	assert.Equal(t, map[string][]string{
		"file":            {"contains", "content", "ignore_lines", "not_contains"},
		"env_var":         {"expected"},
		"config":          {"expected"},
		"command":         {"argv", "stdout"},
		"authorized_keys": {"keys"},
		"mount":           {"options"},
		"kernel_module":   {"parameters"},
		"cron":            {"command"},
	}, asked)
}
