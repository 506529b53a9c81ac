package grafana_test

import (
	"encoding/json"
	"net/url"
	"regexp"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// links is all links of a panel's values.
func (p panel) links(t *testing.T) []link {
	t.Helper()
	links := p.FieldConfig.Defaults.Links
	for _, o := range p.FieldConfig.Overrides {
		for _, property := range o.Properties {
			if property.ID == "links" {
				var more []link
				require.NoError(t, json.Unmarshal(property.Value, &more))
				links = append(links, more...)
			}
		}
	}
	return links
}

var inLink = regexp.MustCompile(`\$\{(?:__data\.fields|__field\.labels)\.(\w+):percentencode\}`)

// fill fills a link in as Grafana does: fields of the row, or labels of the series, encoded for a URL.
func fill(template, externalURL string, labels model.Metric) string {
	filled := inLink.ReplaceAllStringFunc(template, func(variable string) string {
		name := inLink.FindStringSubmatch(variable)[1]
		return url.PathEscape(string(labels[model.LabelName(name)]))
	})
	return regexp.MustCompile(`\$\{external_url:raw\}`).ReplaceAllLiteralString(filled, externalURL)
}

func TestLinksEncodeWhatTheyContain(t *testing.T) {
	d, found := load(t), 0
	for _, p := range d.Panels {
		for _, one := range p.links(t) {
			filled := fill(one.URL, "https://drift.example.com", model.Metric{"machine": "a/b ?", "pack": "c"})
			assert.Regexp(t, `^https://drift\.example\.com/machines/a%2Fb%20%3F(/packs/c)?$`, filled, p.Title)
			found++
		}
	}
	assert.GreaterOrEqual(t, found, 7)
	require.Len(t, d.Links, 1)
	assert.Equal(t, "https://drift.example.com/", fill(d.Links[0].URL, "https://drift.example.com", nil))
}
