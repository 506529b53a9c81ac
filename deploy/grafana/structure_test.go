package grafana_test

import (
	"bytes"
	"encoding/json"
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestDashboardIsWhatGrafanaImports(t *testing.T) {
	text, err := os.ReadFile("dashboards/drift_exporter.json")
	require.NoError(t, err)
	var tree any
	require.NoError(t, json.Unmarshal(text, &tree))
	allStrings(tree, func(s string) {
		assert.NotContains(t, s, "DS_", "an input of an export for sharing, which provisioning does not fill in")
	})
	var formatted bytes.Buffer
	require.NoError(t, json.Indent(&formatted, text, "", "  "))
	assert.Equal(t, formatted.String(), string(text), "indented by two spaces, so that changes can be read")

	d := load(t)
	assert.Equal(t, "drift-exporter", d.UID, "links to the dashboard contain it")
	assert.Nil(t, d.ID, "the number is the installation's")
	assert.GreaterOrEqual(t, d.SchemaVersion, 39, "Grafana 11")
	assert.Equal(t, "15m", d.Refresh, "results change once in a run, and graphs of a large fleet cost Prometheus seconds")
}

// allStrings calls f for every string of a JSON value.
func allStrings(value any, f func(string)) {
	switch v := value.(type) {
	case string:
		f(v)
	case []any:
		for _, one := range v {
			allStrings(one, f)
		}
	case map[string]any:
		for name, one := range v {
			f(name)
			allStrings(one, f)
		}
	}
}

func TestPanelsHaveTheirOwnPlaceAndNumber(t *testing.T) {
	d := load(t)
	ids, cells := map[int]string{}, map[[2]int]string{}
	for _, p := range d.Panels {
		assert.NotContains(t, ids, p.ID, "%s has the number of %s", p.Title, ids[p.ID])
		ids[p.ID] = p.Title
		require.Positive(t, p.GridPos.W*p.GridPos.H, p.Title)
		assert.LessOrEqual(t, p.GridPos.X+p.GridPos.W, 24, p.Title)
		for x := p.GridPos.X; x < p.GridPos.X+p.GridPos.W; x++ {
			for y := p.GridPos.Y; y < p.GridPos.Y+p.GridPos.H; y++ {
				assert.NotContains(t, cells, [2]int{x, y}, "%s lies on %s", p.Title, cells[[2]int{x, y}])
				cells[[2]int{x, y}] = p.Title
			}
		}
		refs := map[string]bool{}
		for _, q := range p.Targets {
			assert.NotContains(t, refs, q.RefID, p.Title)
			refs[q.RefID] = true
			assert.NotEqual(t, q.Instant, q.Range, "%s %s: one of the two", p.Title, q.RefID)
			assert.Equal(t, p.Type == "timeseries", q.Range, "%s: only a graph asks for more than now", p.Title)
			assert.Equal(t, p.Type == "table", q.Format == "table", p.Title)
		}
	}
}

func TestOverridesAndLinksNameColumnsThatTheirTableHas(t *testing.T) {
	d := load(t)
	for _, p := range d.Panels {
		columns := map[string]bool{"machine": true, "pack": true}
		for _, transformation := range p.Transformations {
			for before, after := range transformation.Options.RenameByName {
				assert.NotContains(t, []string{"machine", "pack"}, before, "links name these columns")
				columns[after] = true
			}
		}
		for _, o := range p.FieldConfig.Overrides {
			assert.Equal(t, "byName", o.Matcher.ID, p.Title)
			assert.Contains(t, columns, o.Matcher.Options, p.Title)
		}
	}
}
