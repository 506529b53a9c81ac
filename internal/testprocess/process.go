// Package testprocess runs a server for tests: one process, on loopback, that is taken to be up once it answers over
// HTTP. It is for tests only; nothing that ships may import it.
package testprocess

import (
	"context"
	"fmt"
	"math/rand/v2"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// Patience is how long a test waits for something that must happen. It only bounds a failing test, and is generous
// because a loaded machine is not a broken one.
const Patience = 60 * time.Second

// Process is one life of a server. A nil one has ended and has said nothing.
type Process struct {
	cmd    *exec.Cmd
	output *Output
	done   chan struct{} // closed once the process has been waited for
	err    error         // of Wait; read after done
}

// Start runs the command and returns once the URL answers with status 200. If the process ends before, or does not get
// ready, the error tells what it wrote, and nothing is left of it.
func Start(cmd *exec.Cmd, url string) (*Process, error) {
	return StartWhere(cmd, url, func(status int) bool { return status == http.StatusOK })
}

// StartWhere is Start for a server that shows otherwise that it is up: by its answer's status.
func StartWhere(cmd *exec.Cmd, url string, up func(status int) bool) (*Process, error) {
	p, err := Launch(cmd)
	if err != nil {
		return nil, err
	}
	if err := p.ready(url, up); err != nil {
		err = fmt.Errorf("%w\n%s", err, p.Output())
		p.Kill()
		return nil, err
	}
	return p, nil
}

// Launch runs the command, and does not wait for anything.
func Launch(cmd *exec.Cmd) (*Process, error) {
	p := &Process{cmd: cmd, output: &Output{}, done: make(chan struct{})}
	cmd.Stdout, cmd.Stderr = p.output, p.output
	if err := cmd.Start(); err != nil {
		return nil, err
	}
	go func() {
		defer close(p.done)
		p.err = cmd.Wait()
	}()
	return p, nil
}

// Kill ends the process, as kill -9 does, and returns once it is gone. It may be called again.
func (p *Process) Kill() {
	if p == nil {
		return
	}
	_ = p.cmd.Process.Kill() // fails only if it has ended already
	<-p.done
}

// Signal sends the process a signal.
func (p *Process) Signal(signal os.Signal) error { return p.cmd.Process.Signal(signal) }

// Wait waits until the process ends by itself, and returns its exit code; or an error, if it does not.
func (p *Process) Wait() (int, error) {
	select {
	case <-p.done:
		return p.cmd.ProcessState.ExitCode(), nil
	case <-time.After(Patience):
		return 0, fmt.Errorf("%s does not end", p.name())
	}
}

// Output is what the process has written so far.
func (p *Process) Output() string {
	if p == nil {
		return ""
	}
	return p.output.String()
}

// ready waits until the process answers, or has ended.
func (p *Process) ready(url string, up func(status int) bool) error {
	ctx, cancel := context.WithTimeout(context.Background(), Patience)
	defer cancel()
	poll := time.NewTicker(20 * time.Millisecond)
	defer poll.Stop()
	for {
		if up(status(ctx, url)) {
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

// The ports of FreeAddress are below those that the kernel gives to connections, and to servers that leave the choice to it:
// such a port would be gone while a test's server restarts.
const (
	firstPort = 10_240
	lastPort  = 32_767
)

// FreeAddress is a loopback address that nobody listens on. Another process may take it before it is used: where that
// would fail a test, try again with another.
func FreeAddress(t testing.TB) string {
	t.Helper()
	var err error
	for range 100 {
		address := fmt.Sprintf("127.0.0.1:%d", firstPort+rand.IntN(lastPort-firstPort+1))
		var listener net.Listener
		if listener, err = net.Listen("tcp", address); err == nil {
			_ = listener.Close()
			return address
		}
	}
	require.NoError(t, err, "no port is free")
	return ""
}

// OnFreeAddress starts a server on a free address. Another process may take the port between our finding it free and the
// server binding it: then it is started again, on another.
func OnFreeAddress(t testing.TB, start func(address string) error) {
	t.Helper()
	var err error
	for range 5 {
		if err = start(FreeAddress(t)); err == nil {
			return
		}
	}
	require.NoError(t, err, "it does not start")
}
