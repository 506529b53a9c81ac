package checker

import (
	"os"
	"regexp"
	"slices"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
)

// Whatever a pack and its template say: problems have a place, what is asked of machines is plain lines about ops that the pack was
// given, the same pack asks and judges the same, and what is shown of it can be shown.
func FuzzPack(f *testing.F) {
	docs, err := os.ReadFile("../docs/packs.md")
	require.NoError(f, err)
	for _, example := range regexp.MustCompile("(?s)```yaml\n(.*?)```").FindAllSubmatch(docs, -1) {
		f.Add(string(example[1]), "{{.role}}")
	}
	f.Add("items:\n"+itemsOfAllKinds, "x")
	f.Add("items: {files: [{path: /a, template: t}]}", "{{range $i, $e := .facts}}{{$e}}{{end}}{{printf \"%s\" .role}}\n")
	f.Add("items: {files: [{path: \"a\\nb\"}, {path: \"\\0\"}, {path: \"~\"}, {path: /a, content: \"\\xff\"}]}", "{{define \"a\"}}{{template \"a\"}}{{end}}{{template \"a\"}}")
	f.Fuzz(func(t *testing.T, text, template string) {
		fsys := fstest.MapFS{"p.yaml": {Data: []byte(text)}, "base.yaml": {Data: []byte("items: {packages: [{name: curl}]}")}, "templates/t": {Data: []byte(template)}}
		packs, problems := pack.Load(fsys, "packs", Kinds())
		for _, p := range problems {
			require.NotEmpty(t, p.File, p.Message)
			require.Positive(t, p.Line, p.Message)
		}
		if packs["p"] == nil {
			return
		}
		m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, BecomeUser: "root", Packs: []string{"p"}, Vars: map[string]any{"role": "web"}}
		fleet, problems := NewFleet(&config.Config{Check: config.Check{AllowCommands: true}, Machines: []config.Machine{m}}, packs)
		if problems.Fatal() {
			return
		}
		gathered, failure := gather(fleet, &m)
		require.Nil(t, failure)
		ops := opsOfItems(gathered)
		judge := func() (outcome []string) {
			for _, o := range interrogated(t, fleet, saidBy("dpkg", initSystemd), func(q Question) Answer {
				require.True(t, ops[q.Op], "nobody was told that %s is asked", q.Op)
				require.NotEmpty(t, q.Arg)
				require.False(t, strings.ContainsAny(q.Arg, "\n\x00"), "%q is no line", q.Arg)
				return Answer{Payload: honest[q.Op]}
			}) {
				showable(t, o)
				outcome = append(outcome, outcomeOf(o))
			}
			return outcome
		}
		first := judge()
		assert.True(t, slices.Equal(first, judge()), "another verdict the second time")
	})
}
