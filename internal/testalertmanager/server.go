// Package testalertmanager runs the real Alertmanager for tests: the binary that the Makefile builds, one process
// per Server, on loopback, alone (no cluster). It is for tests only; nothing that ships may import it.
package testalertmanager

import (
	"encoding/json"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"

	openapi "github.com/go-openapi/runtime/client"
	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/client"
	"github.com/prometheus/alertmanager/api/v2/client/alert"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

// Server is a running Alertmanager. Its methods must be called from the test's goroutine.
type Server struct {
	// URL is its address, as in alerting.alertmanagers; it stays the same across Restart.
	URL *url.URL

	t       testing.TB
	binary  string
	config  string // file
	storage string // folder; a new one for each empty restart
	process *testprocess.Process
}

// Start runs Alertmanager with that configuration until the test ends. Files that the configuration names must be
// absolute paths. If the binary is missing, the test is skipped, or fails where the environment has CI=true.
func Start(t testing.TB, configYAML string) *Server {
	t.Helper()
	s := &Server{t: t, binary: Binary(t), config: filepath.Join(t.TempDir(), "alertmanager.yml"), storage: t.TempDir()}
	require.NoError(t, os.WriteFile(s.config, []byte(configYAML), 0o600))
	t.Cleanup(s.Stop)
	testprocess.OnFreeAddress(t, func(address string) error {
		s.URL = &url.URL{Scheme: "http", Host: address}
		return s.launch()
	})
	return s
}

// Stop ends the process, as kill -9 does, and returns once it is gone. It may be called again.
func (s *Server) Stop() {
	s.process.Kill()
	s.process = nil
}

// Terminate is SIGTERM; it returns once the process is gone, which has written down what it has notified of: Stop has it
// forget that.
func (s *Server) Terminate() {
	s.t.Helper()
	require.NoError(s.t, s.process.Signal(syscall.SIGTERM))
	_, err := s.process.Wait()
	require.NoError(s.t, err, s.Output())
}

// Restart ends the process if it runs and starts it again on the same address. With empty set it starts with a fresh
// storage folder, as after the loss of its disk. (Alerts themselves are never on disk: Alertmanager forgets them at
// every restart; what it keeps are silences and what it has notified of.)
func (s *Server) Restart(empty bool) {
	s.t.Helper()
	s.Stop()
	if empty {
		s.storage = s.t.TempDir()
	}
	require.NoError(s.t, s.launch(), "alertmanager does not start again")
}

// Alerts asks the API for the alerts that it takes to be firing now; it does not list resolved ones.
func (s *Server) Alerts() models.GettableAlerts {
	s.t.Helper()
	got, err := s.Client().Alert.GetAlerts(alert.NewGetAlertsParams().WithTimeout(testprocess.Patience))
	require.NoError(s.t, err, "list alerts\n%s", s.Output())
	text, err := json.Marshal(got.Payload)
	require.NoError(s.t, err)
	testsecret.Check(s.t, "what Alertmanager has", string(text))
	return got.Payload
}

// Client is a client of its API, for what Server has no method for.
func (s *Server) Client() *client.AlertmanagerAPI {
	transport := openapi.NewWithClient(s.URL.Host, "/api/v2", []string{"http"}, testprocess.HTTPClient())
	return client.New(transport, strfmt.Default)
}

// Output is what the present process has logged so far.
func (s *Server) Output() string { return s.process.Output() }

func (s *Server) launch() (err error) {
	s.process, err = testprocess.Start(exec.Command(s.binary,
		"--config.file="+s.config, "--storage.path="+s.storage,
		"--web.listen-address="+s.URL.Host, "--cluster.listen-address=",
	), s.URL.JoinPath("/-/ready").String())
	return err
}
