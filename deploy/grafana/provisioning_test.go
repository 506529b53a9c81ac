package grafana_test

import (
	"os"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"gopkg.in/yaml.v3"
)

func readYAML(t *testing.T, name string, into any) {
	t.Helper()
	file, err := os.Open(name)
	require.NoError(t, err)
	t.Cleanup(func() { _ = file.Close() })
	decoder := yaml.NewDecoder(file)
	decoder.KnownFields(true)
	require.NoError(t, decoder.Decode(into), name)
}

func TestProvisioningNamesThePrometheusAndTheDashboards(t *testing.T) {
	var sources struct {
		APIVersion  int `yaml:"apiVersion"`
		Datasources []struct {
			Name, Type, Access, URL string
			IsDefault               bool `yaml:"isDefault"`
			Editable                bool
			JSONData                struct {
				HTTPMethod   string `yaml:"httpMethod"`
				TimeInterval string `yaml:"timeInterval"`
			} `yaml:"jsonData"`
		}
	}
	readYAML(t, "provisioning/datasources/prometheus.yml", &sources)
	require.Len(t, sources.Datasources, 1)
	source := sources.Datasources[0]
	assert.Equal(t, 1, sources.APIVersion)
	assert.Equal(t, "prometheus", source.Type)
	assert.Equal(t, "proxy", source.Access)
	assert.True(t, source.IsDefault, "the dashboard's variable begins with it")

	text, err := os.ReadFile("../prometheus/prometheus.yml")
	require.NoError(t, err)
	var prometheus struct {
		Global struct {
			ScrapeInterval string `yaml:"scrape_interval"`
		}
	}
	require.NoError(t, yaml.Unmarshal(text, &prometheus))
	assert.Equal(t, prometheus.Global.ScrapeInterval, source.JSONData.TimeInterval)

	var dashboards struct {
		APIVersion int `yaml:"apiVersion"`
		Providers  []struct {
			Name, Type, Folder    string
			DisableDeletion       bool `yaml:"disableDeletion"`
			AllowUIUpdates        bool `yaml:"allowUiUpdates"`
			UpdateIntervalSeconds int  `yaml:"updateIntervalSeconds"`
			Options               struct{ Path string }
		}
	}
	readYAML(t, "provisioning/dashboards/drift_exporter.yml", &dashboards)
	require.Len(t, dashboards.Providers, 1)
	assert.Equal(t, 1, dashboards.APIVersion)
	assert.Equal(t, "file", dashboards.Providers[0].Type)
	assert.Equal(t, "/var/lib/grafana/dashboards/drift_exporter", dashboards.Providers[0].Options.Path)
}
