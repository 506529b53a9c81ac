package testprometheus_test

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"

	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/internal/testprometheus"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const scrapes = `
global: {scrape_interval: 100ms}
scrape_configs:
  - job_name: %s
    static_configs: [{targets: [%q]}]
`

func TestServerScrapesAndKeepsWhatItHas(t *testing.T) {
	target := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		_, _ = w.Write([]byte("temperature{room=\"office\"} 21\n"))
	}))
	t.Cleanup(target.Close)
	address := strings.TrimPrefix(target.URL, "http://")
	server := testprometheus.Start(t, fmt.Sprintf(scrapes, "first", address))

	got := server.Eventually(`temperature > 20`)
	assert.Equal(t, model.Metric{"__name__": "temperature", "room": "office", "job": "first", "instance": model.LabelValue(address)}, got[0].Metric)
	assert.InDelta(t, 21, float64(got[0].Value), 0)
	assert.Empty(t, server.Query(`temperature > 22`))
	assert.InDelta(t, 2, float64(server.Query(`scalar(vector(2))`)[0].Value), 0)

	before, at := server.URL.String(), server.Query(`time()`)[0].Timestamp
	server.Restart()
	assert.Equal(t, before, server.URL.String())
	assert.NotEmpty(t, server.Query(fmt.Sprintf(`temperature @ %.3f`, float64(at)/1000)), "what was scraped before the restart")

	server.Reload(fmt.Sprintf(scrapes, "second", address))
	server.Eventually(`temperature{job="second"}`)

	server.Stop()
	_, err := server.API().Config(t.Context())
	require.Error(t, err)
}
