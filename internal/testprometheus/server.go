// Package testprometheus runs the real Prometheus for tests: Debian's package, one process per Server, on loopback. It
// is for tests only; nothing that ships may import it.
package testprometheus

import (
	"context"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/prometheus/client_golang/api"
	v1 "github.com/prometheus/client_golang/api/prometheus/v1"
	"github.com/prometheus/common/model"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// Server is a running Prometheus. Its methods must be called from the test's goroutine.
type Server struct {
	// URL is its address; it stays the same across Restart.
	URL *url.URL

	t       testing.TB
	binary  string
	config  string // file
	storage string // folder
	process *testprocess.Process
}

// Start runs Prometheus with that configuration until the test ends. Files that the configuration names must be
// absolute paths. If the program is missing, the test is skipped, or fails where the environment has CI=true.
func Start(t testing.TB, configYAML string) *Server {
	t.Helper()
	s := &Server{
		t: t, binary: testenv.Program(t, "prometheus", "prometheus"),
		config: filepath.Join(t.TempDir(), "prometheus.yml"), storage: t.TempDir(),
	}
	require.NoError(t, os.WriteFile(s.config, []byte(configYAML), 0o600))
	t.Cleanup(s.Stop)
	testprocess.OnFreeAddress(t, func(address string) error {
		s.URL = &url.URL{Scheme: "http", Host: address}
		return s.launch()
	})
	return s
}

func (s *Server) launch() (err error) {
	s.process, err = testprocess.Start(exec.Command(s.binary,
		"--config.file="+s.config, "--storage.tsdb.path="+s.storage, "--web.listen-address="+s.URL.Host,
		"--web.enable-lifecycle", "--web.enable-admin-api", "--log.level=debug",
	), s.URL.JoinPath("/-/ready").String())
	return err
}

// Stop ends the process, as kill -9 does, and returns once it is gone. It may be called again.
func (s *Server) Stop() {
	s.process.Kill()
	s.process = nil
}

// Restart ends the process if it runs and starts it again on the same address, with what it had stored.
func (s *Server) Restart() {
	s.t.Helper()
	s.Stop()
	require.NoError(s.t, s.launch(), "prometheus does not start again")
}

// Reload puts another configuration in place; it must be accepted.
func (s *Server) Reload(configYAML string) {
	s.t.Helper()
	require.NoError(s.t, os.WriteFile(s.config, []byte(configYAML), 0o600))
	response, err := testprocess.HTTPClient().Post(s.URL.JoinPath("/-/reload").String(), "", nil)
	require.NoError(s.t, err)
	require.NoError(s.t, response.Body.Close())
	require.Equal(s.t, http.StatusOK, response.StatusCode, "reload\n%s", s.Output())
}

// Query is the value of an expression now: those of its series, or its one number. It fails the test if Prometheus
// refuses the expression or warns of it.
func (s *Server) Query(expression string) model.Vector {
	s.t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), testprocess.Patience)
	defer cancel()
	value, warnings, _, err := s.API().Query(ctx, expression, time.Now())
	require.NoError(s.t, err, "%s\n%s", expression, s.Output())
	require.Empty(s.t, warnings, expression)
	if scalar, ok := value.(*model.Scalar); ok {
		return model.Vector{{Metric: model.Metric{}, Value: scalar.Value, Timestamp: scalar.Timestamp}}
	}
	require.IsType(s.t, model.Vector{}, value, expression)
	return value.(model.Vector)
}

// Eventually waits until the expression has a result, and returns it. Comparisons have none where they do not hold.
// Prometheus begins to scrape a target about five seconds after its own start, or after it was told of the target.
func (s *Server) Eventually(expression string) model.Vector {
	s.t.Helper()
	var result model.Vector
	testprocess.Eventually(s.t, "a result of "+expression, func() bool {
		result = s.Query(expression)
		return len(result) > 0
	}, s.Output)
	return result
}

// API is a client of its API, for what Server has no method for.
func (s *Server) API() v1.API {
	s.t.Helper()
	client, err := api.NewClient(api.Config{Address: s.URL.String(), Client: testprocess.HTTPClient()})
	require.NoError(s.t, err)
	return v1.NewAPI(client)
}

// Output is what the present process has logged so far.
func (s *Server) Output() string { return s.process.Output() }
