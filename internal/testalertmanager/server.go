// Package testalertmanager runs the real Alertmanager for tests: the binary that the Makefile builds, one process
// per Server, on loopback, alone (no cluster). It is for tests only; nothing that ships may import it.
package testalertmanager

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"net"
	"net/http"
	"net/url"
	"os"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	openapi "github.com/go-openapi/runtime/client"
	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/client"
	"github.com/prometheus/alertmanager/api/v2/client/alert"
	"github.com/prometheus/alertmanager/api/v2/models"
	"github.com/stretchr/testify/require"
)

// patience bounds every wait for the process. It is generous because a loaded machine is not a broken one.
const patience = 30 * time.Second

// Server is a running Alertmanager. Its methods must be called from the test's goroutine.
type Server struct {
	// URL is its address, as in alerting.alertmanagers; it stays the same across Restart.
	URL *url.URL

	t       testing.TB
	binary  string
	config  string // file
	storage string // folder; a new one for each empty restart
	process *process
}

// process is one life of the server.
type process struct {
	cmd    *exec.Cmd
	output *output
	done   chan struct{} // closed once the process has been waited for
	err    error         // of Wait; read after done
}

// Start runs Alertmanager with that configuration until the test ends. Files that the configuration names must be
// absolute paths. If the binary is missing, the test is skipped, or fails where the environment has CI=true.
func Start(t testing.TB, configYAML string) *Server {
	t.Helper()
	s := &Server{t: t, binary: Binary(t), config: filepath.Join(t.TempDir(), "alertmanager.yml"), storage: t.TempDir()}
	require.NoError(t, os.WriteFile(s.config, []byte(configYAML), 0o600))
	t.Cleanup(s.Stop)
	// Another process may take a port between our finding it free and Alertmanager binding it.
	var err error
	for range 5 {
		s.URL = &url.URL{Scheme: "http", Host: freeAddress(t)}
		if err = s.launch(); err == nil {
			return s
		}
	}
	require.NoError(t, err, "alertmanager does not start")
	return nil
}

// Stop ends the process, as kill -9 does, and returns once it is gone. It may be called again.
func (s *Server) Stop() {
	if s.process == nil {
		return
	}
	_ = s.process.cmd.Process.Kill() // fails only if it has ended already
	<-s.process.done
	s.process = nil
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
	got, err := s.Client().Alert.GetAlerts(alert.NewGetAlertsParams().WithTimeout(patience))
	require.NoError(s.t, err, "list alerts\n%s", s.Output())
	return got.Payload
}

// Client is a client of its API, for what Server has no method for.
func (s *Server) Client() *client.AlertmanagerAPI {
	httpClient := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}} // leave no goroutine behind
	transport := openapi.NewWithClient(s.URL.Host, "/api/v2", []string{"http"}, httpClient)
	return client.New(transport, strfmt.Default)
}

// Output is what the present process has logged so far.
func (s *Server) Output() string {
	if s.process == nil {
		return ""
	}
	return s.process.output.String()
}

func (s *Server) launch() error {
	p := &process{output: &output{}, done: make(chan struct{})}
	p.cmd = exec.Command(s.binary,
		"--config.file="+s.config, "--storage.path="+s.storage,
		"--web.listen-address="+s.URL.Host, "--cluster.listen-address=")
	p.cmd.Stdout, p.cmd.Stderr = p.output, p.output
	if err := p.cmd.Start(); err != nil {
		return err
	}
	go func() {
		defer close(p.done)
		p.err = p.cmd.Wait()
	}()
	s.process = p
	if err := s.ready(); err != nil {
		err = fmt.Errorf("%w\n%s", err, s.Output())
		s.Stop()
		return err
	}
	return nil
}

// ready waits until the process answers, or has ended.
func (s *Server) ready() error {
	ctx, cancel := context.WithTimeout(context.Background(), patience)
	defer cancel()
	httpClient := &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		request, err := http.NewRequestWithContext(ctx, http.MethodGet, s.URL.JoinPath("/-/ready").String(), nil)
		if err != nil {
			return err
		}
		response, err := httpClient.Do(request)
		if err == nil {
			_ = response.Body.Close()
			if response.StatusCode == http.StatusOK {
				return s.alive() // it, and not another process that took the port
			}
		}
		select {
		case <-poll.C:
		case <-s.process.done:
			return fmt.Errorf("alertmanager ended: %w", s.process.err)
		case <-ctx.Done():
			return errors.New("alertmanager does not get ready")
		}
	}
}

func (s *Server) alive() error {
	select {
	case <-s.process.done:
		return fmt.Errorf("alertmanager ended: %w", s.process.err)
	default:
		return nil
	}
}

func freeAddress(t testing.TB) string {
	t.Helper()
	listener, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { _ = listener.Close() }()
	return listener.Addr().String()
}

// output collects what the process writes.
type output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

func (o *output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
