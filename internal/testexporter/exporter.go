// Package testexporter runs the exporter itself for tests, as an operator would: the program, one process per
// Exporter, on loopback. It is for tests only; nothing that ships may import it.
package testexporter

import (
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

// Exporter is a running drift_exporter. Its methods must be called from the test's goroutine. All that it prints, stores
// and answers is searched for planted secrets, see testsecret.
type Exporter struct {
	// URL is its address; it stays the same across Launch.
	URL string

	t       testing.TB
	binary  string
	args    []string
	dir     string // of the configuration, which is named as packs are: relative to it
	storage string
	what    string // what up tells
	up      func(status int) bool
	process *testprocess.Process
}

// Start runs `serve` until the test ends, and returns once it is ready.
func Start(t testing.TB, configFile, storage string, extra ...string) *Exporter {
	t.Helper()
	return StartWhere(t, "the exporter is ready", func(status int) bool { return status == http.StatusOK }, configFile, storage, extra...)
}

// StartUnraced is Start for the program without the race detector, whose memory is what operators see.
func StartUnraced(t testing.TB, configFile, storage string, extra ...string) *Exporter {
	t.Helper()
	ready := func(status int) bool { return status == http.StatusOK }
	return start(t, unracedBinary(t), "the exporter is ready", ready, configFile, storage, extra...)
}

// StartWhere is Start for an exporter that shows otherwise that it is up: by the status of its answer to /-/ready.
func StartWhere(t testing.TB, what string, up func(status int) bool, configFile, storage string, extra ...string) *Exporter {
	t.Helper()
	return start(t, Binary(t), what, up, configFile, storage, extra...)
}

func start(t testing.TB, binary, what string, up func(status int) bool, configFile, storage string, extra ...string) *Exporter {
	t.Helper()
	address := testprocess.FreeAddress(t)
	e := &Exporter{
		URL: "http://" + address,
		t:   t, binary: binary, what: what, up: up, dir: filepath.Dir(configFile), storage: storage,
		args: []string{"--config.file=" + filepath.Base(configFile), "--storage.path=" + storage, "--web.listen-address=" + address},
	}
	if !slices.ContainsFunc(extra, func(arg string) bool { return strings.HasPrefix(arg, "--web.external-url=") }) {
		e.args = append(e.args, "--web.external-url="+e.URL+"/")
	}
	e.args = append(e.args, extra...)
	t.Cleanup(func() {
		e.Kill()
		testsecret.CheckFiles(t, e.storage)
	})
	e.Launch()
	return e
}

// Launch starts it again after Kill or Terminate, with what it had stored.
func (e *Exporter) Launch() {
	e.t.Helper()
	require.NoError(e.t, e.TryLaunch(e.up), e.what)
}

// TryLaunch is Launch for an exporter that may refuse to start, or that shows otherwise that it is up. The error is what it
// wrote, after how it ended.
func (e *Exporter) TryLaunch(up func(status int) bool) (err error) {
	e.t.Helper()
	e.process, err = testprocess.StartWhere(e.command(), e.URL+"/-/ready", up)
	return err
}

// LaunchUnready is Launch that does not wait until it is ready: it is to be killed before, perhaps.
func (e *Exporter) LaunchUnready() {
	e.t.Helper()
	var err error
	e.process, err = testprocess.Launch(e.command())
	require.NoError(e.t, err, e.what)
}

func (e *Exporter) command() *exec.Cmd {
	cmd := exec.Command(e.binary, e.args...)
	cmd.Dir = e.dir
	return cmd
}

// Kill is kill -9; it waits until the process is gone.
func (e *Exporter) Kill() {
	e.process.Kill()
	e.examine()
}

// Terminate is SIGTERM; the process must end by itself with status 0.
func (e *Exporter) Terminate() {
	e.t.Helper()
	e.Signal(syscall.SIGTERM)
	code, err := e.process.Wait()
	require.NoError(e.t, err, e.Log())
	require.Equal(e.t, 0, code, e.Log())
	e.examine()
}

// examine looks at all that a process has printed, once it is gone.
func (e *Exporter) examine() {
	e.t.Helper()
	require.NotContains(e.t, e.Log(), "DATA RACE")
	testsecret.Check(e.t, "what the exporter printed", e.Log())
}

// Signal sends it a signal.
func (e *Exporter) Signal(signal os.Signal) {
	e.t.Helper()
	require.NoError(e.t, e.process.Signal(signal))
}

// Log is what the present process has logged so far.
func (e *Exporter) Log() string { return e.process.Output() }

// Eventually polls until the condition holds; what it waits for is only for a failing test.
func (e *Exporter) Eventually(what string, condition func() bool) {
	e.t.Helper()
	testprocess.Eventually(e.t, what, condition, e.Log)
}
