// Package testprocess runs a server for tests: one process, on loopback, that is taken to be up once it answers over
// HTTP. It is for tests only; nothing that ships may import it.
package testprocess

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os/exec"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience bounds every wait for a process. It is generous because a loaded machine is not a broken one.
const Patience = 30 * time.Second

// Process is one life of a server.
type Process struct {
	cmd    *exec.Cmd
	output *output
	done   chan struct{} // closed once the process has been waited for
	err    error         // of Wait; read after done
}

// Start runs the command and returns once the URL answers with status 200. If the process ends before, or does not get
// ready, the error tells what it wrote, and nothing is left of it.
func Start(cmd *exec.Cmd, ready string) (*Process, error) {
	p := &Process{cmd: cmd, output: &output{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	if err := p.ready(ready); err != nil {
		err = fmt.Errorf("%w\n%s", err, p.Output())
		p.Kill()
		return nil, err
	}
	return p, nil
}

// Kill ends the process, as kill -9 does, and returns once it is gone. It may be called again.
func (p *Process) Kill() {
	_ = p.cmd.Process.Kill() // fails only if it has ended already
	<-p.done
}

// Output is what the process has written so far.
func (p *Process) Output() string { return p.output.String() }

// ready waits until the process answers, or has ended.
func (p *Process) ready(url string) error {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if status(ctx, url) == http.StatusOK {
			return p.alive() // it, and not another process that took the port
		}
		select {
		case <-poll.C:
		case <-p.done:
			return p.alive()
		case <-ctx.Done():
			return fmt.Errorf("%s does not get ready", p.name())
		}
	}
}

func (p *Process) alive() error {
	select {
	case <-p.done:
		if p.err == nil {
			return fmt.Errorf("%s ended", p.name())
		}
		return fmt.Errorf("%s ended: %w", p.name(), p.err)
	default:
		return nil
	}
}

func (p *Process) name() string { return filepath.Base(p.cmd.Path) }

// status is that of the answer; 0 if there is none.
func status(ctx context.Context, url string) int {
	request, err := http.NewRequestWithContext(ctx, http.MethodGet, url, nil)
	if err != nil {
		return 0
	}
	response, err := HTTPClient().Do(request)
	if err != nil {
		return 0
	}
	_ = response.Body.Close()
	return response.StatusCode
}

// HTTPClient is one that leaves no goroutine behind.
func HTTPClient() *http.Client {
	return &http.Client{Transport: &http.Transport{DisableKeepAlives: true}}
}

// FreeAddress is a loopback address that nobody listens on. Another process may take it before it is used: where that
// would fail a test, try again with another.
func FreeAddress(t testing.TB) string {
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
