package exporter

import (
	"encoding/json"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// What is put together from kept parts must be whole for a reader that is not Go's own.
func TestCurlReadsTheSameCompressedAndNot(t *testing.T) {
	curl := testenv.Program(t, "curl", "curl")
	server := httptest.NewServer(newRig(t, nil).handler)
	defer server.Close()
	get := func(args ...string) string {
		target := server.URL + "/metrics?name[]=drift_compliant&name[]=drift_machine_info&name[]=promhttp_metric_handler_errors_total"
		out, err := exec.Command(curl, append(args, "--silent", "--show-error", "--fail", "--globoff", target)...).Output()
		require.NoError(t, err)
		return string(out)
	}
	text := get()
	assert.Contains(t, text, `drift_compliant{machine="web1",pack="base"} 0`)
	assert.Contains(t, text, `promhttp_metric_handler_errors_total{cause="gathering"} 0`)
	assert.Equal(t, text, get("--compressed"))
}

// A real Prometheus takes every series, also of a scrape that is made of what was kept.
func TestPrometheusTakesEverySeries(t *testing.T) {
	prometheus := testenv.Program(t, "prometheus", "prometheus")
	s, fleet := fleetOfSize(50)
	r := newRig(t, func(r *rig, o *Options) { o.View, o.Store, r.fleet = s, s, fleet })
	var asked atomic.Pointer[http.Header]
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, q *http.Request) {
		asked.Store(&q.Header)
		r.handler.ServeHTTP(w, q)
	}))
	defer server.Close()
	api := startPrometheus(t, prometheus, strings.TrimPrefix(server.URL, "http://"))

	families, err := newStateSeries(s, always(fleet)).Gather()
	require.NoError(t, err)
	for _, f := range families {
		require.EventuallyWithT(t, func(c *assert.CollectT) {
			assert.Equal(c, fmt.Sprint(len(f.GetMetric())), api.value("count("+f.GetName()+")"), f.GetName())
		}, 30*time.Second, 100*time.Millisecond)
	}
	header := asked.Load()
	assert.Equal(t, "gzip", header.Get("Accept-Encoding"))
	assert.Contains(t, header.Get("Accept"), "openmetrics")
	require.Eventually(t, func() bool { return api.value("sum_over_time(up[5m]) >= 2") != "" }, 30*time.Second, 100*time.Millisecond,
		"a second scrape that was taken")
	assert.Equal(t, "0.3", api.value(`drift_check_duration_seconds{machine="web00000"}`))
}

// prometheusAPI is where a Prometheus answers.
type prometheusAPI string

// value is that of the first series of a query's result, empty if there is none or no answer.
func (p prometheusAPI) value(query string) string {
	res, err := http.Get(string(p) + "/api/v1/query?query=" + url.QueryEscape(query))
	if err != nil {
		return ""
	}
	defer res.Body.Close()
	var answer struct {
		Data struct {
			Result []struct{ Value [2]any }
		}
	}
	if err := json.NewDecoder(res.Body).Decode(&answer); err != nil || len(answer.Data.Result) == 0 {
		return ""
	}
	return fmt.Sprint(answer.Data.Result[0].Value[1])
}

// startPrometheus runs one on loopback that scrapes target every second.
func startPrometheus(t *testing.T, program, target string) prometheusAPI {
	t.Helper()
	free, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	address := free.Addr().String()
	require.NoError(t, free.Close())
	dir := t.TempDir()
	file := filepath.Join(dir, "prometheus.yml")
	require.NoError(t, os.WriteFile(file, []byte("global: {scrape_interval: 1s}\n"+
		"scrape_configs:\n- job_name: drift\n  static_configs: [{targets: [\""+target+"\"]}]\n"), 0o600))
	cmd := exec.Command(program, "--config.file="+file, "--storage.tsdb.path="+filepath.Join(dir, "data"), "--web.listen-address="+address)
	require.NoError(t, cmd.Start())
	t.Cleanup(func() {
		_ = cmd.Process.Kill()
		_ = cmd.Wait()
		http.DefaultClient.CloseIdleConnections()
	})
	return prometheusAPI("http://" + address)
}
