package checker

import (
	"fmt"
	"runtime"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker/pack"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Each of these would run for ever, or fill the memory, if nothing ended it.
func TestTemplatesThatDoNotEndAreErrors(t *testing.T) {
	double := `{{ $x := "0123456789abcdef" }}{{ range 60 }}{{ $x = `
	for name, c := range map[string]struct{ template, want string }{
		"a loop that writes":          {"{{ range 1000000000000 }}x{{ end }}", "does not end within 1000000 steps"},
		"a loop that writes nothing":  {"{{ range 1000000000000 }}{{ end }}", "does not end within 1000000 steps"},
		"a loop that goes on at once": {"{{ range 1000000000000 }}{{ continue }}{{ end }}", "does not end within 1000000 steps"},
		"loops within loops":          {"{{ range 100000 }}{{ range 100000 }}{{ if false }}x{{ end }}{{ end }}{{ end }}", "does not end within 1000000 steps"},
		"a loop within a condition":   {"{{ with 1 }}{{ if true }}{{ else }}{{ end }}{{ range 1000000000000 }}{{ end }}{{ end }}", "does not end within 1000000 steps"},
		"templates that double":       {manyTemplates(40), "does not end within 1000000 steps"},
		"print":                       {double + `print $x $x }}{{ end }}`, "makes texts of more than"},
		"println":                     {double + `println $x $x }}{{ end }}`, "makes texts of more than"},
		"printf":                      {double + `printf "%s%[1]s" $x }}{{ end }}`, "makes texts of more than"},
		"printf of many":              {`{{ printf "` + strings.Repeat("%[1]s", 101) + `" "x" }}`, "formats more than 100"},
		"printf of width":             {`{{ range 1000 }}{{ $x := printf "%999999d" 1 }}{{ end }}`, "makes texts of more than"},
		"js":                          {`{{ $x := "'" }}{{ range 60 }}{{ $x = js $x }}{{ end }}`, "makes texts of more than"},
		"quotes":                      {`{{ $x := "'" }}{{ range 60 }}{{ $x = printf "%q" $x }}{{ end }}`, ""},
		"urlquery":                    {double + `urlquery $x $x }}{{ end }}`, "makes texts of more than"},
		"html":                        {double + `html $x $x }}{{ end }}`, "makes texts of more than"},
	} {
		t.Run(name, func(t *testing.T) {
			packs, problems := pack.Load(fstest.MapFS{
				"p.yaml": {Data: []byte("items: {files: [{path: /etc/passwd, template: t}]}")}, "templates/t": {Data: []byte(c.template)},
			}, "packs", Kinds())
			require.Empty(t, problems)
			m := config.Machine{Name: "m1", Transport: config.TransportSSH, Enabled: true, Packs: []string{"p"}}
			fleet, problems := NewFleet(&config.Config{Machines: []config.Machine{m}}, packs)
			require.Empty(t, problems)
			var before, after runtime.MemStats
			runtime.ReadMemStats(&before)
			out := check(t, shells(t)[0], fleet)
			runtime.ReadMemStats(&after)
			assert.Less(t, after.TotalAlloc-before.TotalAlloc, uint64(2<<30), "of all that was made, of which little was held at once")
			require.Equal(t, state.Unknown, out.Results[0].Status)
			require.Len(t, out.Results[0].Errors, 1)
			assert.Contains(t, out.Results[0].Errors[0].Error, c.want)
		})
	}
}

// manyTemplates are templates each of which uses the next one twice.
func manyTemplates(n int) string {
	var b strings.Builder
	for i := range n {
		fmt.Fprintf(&b, `{{ define "t%d" }}{{ template "t%[2]d" }}{{ template "t%[2]d" }}{{ end }}`, i, i+1)
	}
	return b.String() + fmt.Sprintf(`{{ define "t%d" }}{{ end }}{{ template "t0" }}`, n)
}

func TestTemplatesMayUseTheirFunctions(t *testing.T) {
	template, _, err := templates{"t": `{{ range $i, $x := .list }}{{ if $i }}, {{ end }}{{ printf "%s=%d" $x (len $x) }}{{ else }}none{{ end }};{{ html "<" }}{{ print 1 2 }}{{ urlquery "a b" }}{{ js "'" }}`}.Template("t")
	require.NoError(t, err)
	for range 2 {
		out, err := execute(template, map[string]any{"list": []any{"a", "bc"}})
		require.NoError(t, err)
		assert.Equal(t, `a=1, bc=2;&lt;1 2a+b\'`, string(out))
	}
}
