package main

import (
	"bytes"
	"encoding/json"
	"fmt"
	"io"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// patience is how long a test waits for something that must happen; it only bounds a failing test.
const patience = 60 * time.Second

var buildOnce = sync.OnceValues(func() (string, error) {
	dir, err := os.MkdirTemp("", "drift_exporter-e2e")
	if err != nil {
		return "", err
	}
	binary := filepath.Join(dir, "drift_exporter")
	out, err := exec.Command("go", "build", "-race", "-o", binary, ".").CombinedOutput()
	if err != nil {
		return "", fmt.Errorf("building the binary: %w: %s", err, out)
	}
	return binary, nil
})

// binary is the program itself, built once with the race detector.
func binary(t *testing.T) string {
	t.Helper()
	path, err := buildOnce()
	require.NoError(t, err)
	return path
}

// process is a running drift_exporter.
type process struct {
	t    *testing.T
	args []string
	dir  string // of the configuration, which is named as packs are: relative to it
	url  string
	what string                // what up tells
	up   func(status int) bool // by the status of /-/ready
	cmd  *exec.Cmd
	log  *lockedBuffer
	done chan struct{} // closed when it has ended
}

// lockedBuffer collects what a process writes while the test reads it.
type lockedBuffer struct {
	mu  sync.Mutex
	buf bytes.Buffer
}

func (b *lockedBuffer) Write(p []byte) (int, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.Write(p)
}

func (b *lockedBuffer) String() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.buf.String()
}

// freePort is a loopback port that nobody listens on.
func freePort(t *testing.T) int {
	t.Helper()
	l, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	defer func() { require.NoError(t, l.Close()) }()
	return l.Addr().(*net.TCPAddr).Port
}

// startServe starts `serve` on a loopback port and waits until it is ready.
func startServe(t *testing.T, configFile, storage string, extra ...string) *process {
	t.Helper()
	return startServeWhere(t, "the exporter is ready", func(status int) bool { return status == http.StatusOK }, configFile, storage, extra...)
}

// startServeWhere is startServe for an exporter that shows otherwise that it is up: by its answer's status.
func startServeWhere(t *testing.T, what string, up func(status int) bool, configFile, storage string, extra ...string) *process {
	t.Helper()
	address := fmt.Sprintf("127.0.0.1:%d", freePort(t))
	p := &process{
		t: t, url: "http://" + address, what: what, up: up, dir: filepath.Dir(configFile),
		args: []string{"--config.file=" + filepath.Base(configFile), "--storage.path=" + storage, "--web.listen-address=" + address},
	}
	if !slices.ContainsFunc(extra, func(arg string) bool { return strings.HasPrefix(arg, "--web.external-url=") }) {
		p.args = append(p.args, "--web.external-url="+p.url+"/")
	}
	p.args = append(p.args, extra...)
	t.Cleanup(p.kill)
	p.start()
	return p
}

func (p *process) start() {
	p.t.Helper()
	p.log, p.done = &lockedBuffer{}, make(chan struct{})
	p.cmd = exec.Command(binary(p.t), p.args...)
	p.cmd.Dir = p.dir
	p.cmd.Stdout, p.cmd.Stderr = p.log, p.log
	require.NoError(p.t, p.cmd.Start())
	go func() {
		defer close(p.done)
		_ = p.cmd.Wait() // how it ended is told by ProcessState
	}()
	p.eventually(p.what, func() bool {
		status, _ := p.tryGet("/-/ready")
		return p.up(status)
	})
}

// kill is kill -9; it waits until the process is gone.
func (p *process) kill() {
	_ = p.cmd.Process.Kill() // it may have ended already
	<-p.done
	require.NotContains(p.t, p.log.String(), "DATA RACE")
}

// terminate is SIGTERM; the process must end by itself with status 0.
func (p *process) terminate() {
	p.t.Helper()
	require.NoError(p.t, p.cmd.Process.Signal(syscall.SIGTERM))
	select {
	case <-p.done:
	case <-time.After(patience):
		p.t.Fatalf("did not end on SIGTERM:\n%s", p.log)
	}
	require.Equal(p.t, 0, p.cmd.ProcessState.ExitCode(), p.log.String())
	require.NotContains(p.t, p.log.String(), "DATA RACE")
}

func (p *process) eventually(what string, condition func() bool) {
	p.t.Helper()
	eventually(p.t, what, condition, func() string { return p.log.String() })
}

// eventually polls until the condition holds; what and the context are only for a failing test.
func eventually(t *testing.T, what string, condition func() bool, context func() string) {
	t.Helper()
	if !waitFor(condition) {
		t.Fatalf("waited in vain for: %s\n%s", what, context())
	}
}

// waitFor polls until the condition holds, and tells whether it did before patience was at an end.
func waitFor(condition func() bool) bool {
	for deadline := time.Now().Add(patience); !condition(); time.Sleep(20 * time.Millisecond) {
		if time.Now().After(deadline) {
			return false
		}
	}
	return true
}

func (p *process) tryGet(path string) (int, string) {
	response, err := http.Get(p.url + path)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	return response.StatusCode, string(body)
}

func (p *process) get(path string) string {
	p.t.Helper()
	status, body := p.tryGet(path)
	require.Equal(p.t, http.StatusOK, status, "%s: %s\n%s", path, body, p.log)
	return body
}

// data decodes the data of the API's envelope.
func (p *process) data(path string, into any) {
	p.t.Helper()
	envelope := struct {
		Status string          `json:"status"`
		Data   json.RawMessage `json:"data"`
	}{}
	require.NoError(p.t, json.Unmarshal([]byte(p.get(path)), &envelope))
	require.Equal(p.t, "success", envelope.Status)
	require.NoError(p.t, json.Unmarshal(envelope.Data, into))
}

func (p *process) post(path, body string) (int, string) {
	p.t.Helper()
	response, err := http.Post(p.url+path, "application/json", strings.NewReader(body))
	require.NoError(p.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(p.t, err)
	return response.StatusCode, string(answer)
}

// startRun starts a check of the whole fleet and returns the run's id.
func (p *process) startRun() string {
	p.t.Helper()
	var answer string
	p.eventually("a run is accepted", func() bool { // 409 while one is on
		var status int
		status, answer = p.post("/api/v1/runs", "")
		return status == http.StatusAccepted
	})
	var started struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	require.NoError(p.t, json.Unmarshal([]byte(answer), &started), answer)
	return started.Data.ID
}

// checkNow checks the whole fleet and waits for the end of the run.
func (p *process) checkNow() {
	p.t.Helper()
	p.waitForRun(p.startRun())
}

// waitForRun waits until the run with that id has ended well.
func (p *process) waitForRun(id string) {
	p.t.Helper()
	p.eventually("run "+id+" ends", func() bool {
		var run struct {
			Phase string `json:"phase"`
		}
		status, body := p.tryGet("/api/v1/runs/" + id)
		if status != http.StatusOK {
			return false
		}
		require.NoError(p.t, json.Unmarshal([]byte(body), &struct {
			Data any `json:"data"`
		}{&run}))
		require.NotEqual(p.t, "failed", run.Phase, body)
		return run.Phase == "done"
	})
}

// metric is the value of a series, as text; empty if there is none.
func (p *process) metric(series string) string {
	p.t.Helper()
	for line := range strings.Lines(p.get("/metrics")) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}
