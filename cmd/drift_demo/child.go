package main

import (
	"bytes"
	"context"
	"fmt"
	"net"
	"net/http"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"syscall"
	"time"
)

const (
	startWithin = time.Minute      // a loaded computer is not a broken one
	endWithin   = 20 * time.Second // after that it is killed
	poll        = 100 * time.Millisecond
)

// child is a program that runs beside this one.
type child struct {
	name string
	url  string
	log  string // file
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
	err  error         // how it ended; valid then
}

// startChild starts a program that serves at url, and returns when it is ready. If it ends by itself, ended is called.
func startChild(ctx context.Context, name, url, log string, cmd *exec.Cmd, ended func(error)) (*child, error) {
	c := &child{name: name, url: url, log: log, cmd: cmd, done: make(chan struct{})}
	file, err := os.Create(log)
	if err != nil {
		return nil, fmt.Errorf("the log of %s: %w", name, err)
	}
	cmd.Stdout, cmd.Stderr = file, file
	// In a group of its own, so that Ctrl-C is for us only, and bound to us, so that nothing is left if we are killed:
	// the kernel goes by the thread that has started it, which therefore stays.
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer func() { _ = file.Close() }()
		err := cmd.Start()
		started <- err
		if err == nil {
			c.err = cmd.Wait()
			close(c.done)
		}
	}()
	if err := <-started; err != nil {
		return nil, fmt.Errorf("%s does not start: %w", name, err)
	}
	if err := c.ready(ctx); err != nil {
		c.stop()
		return nil, err
	}
	go func() {
		<-c.done
		ended(c.failure("has ended"))
	}()
	return c, nil
}

// ready waits until the program says that it is.
func (c *child) ready(ctx context.Context) error {
	ctx, cancel := context.WithTimeout(ctx, startWithin)
	defer cancel()
	for {
		if response, err := get(ctx, c.url+"/-/ready"); err == nil && response.StatusCode == http.StatusOK {
			return nil
		}
		select {
		case <-time.After(poll):
		case <-c.done:
			return c.failure("does not start")
		case <-ctx.Done():
			return c.failure("does not get ready")
		}
	}
}

// failure is an error with what the program said last.
func (c *child) failure(what string) error {
	text := fmt.Sprintf("%s %s", c.name, what)
	select {
	case <-c.done:
		if c.err != nil {
			text += " (" + c.err.Error() + ")"
		}
	default:
	}
	said, err := os.ReadFile(c.log)
	lines := bytes.Split(bytes.TrimSpace(said), []byte("\n"))
	if err != nil || len(said) == 0 {
		return fmt.Errorf("%s", text)
	}
	return fmt.Errorf("%s; the last that it said:\n%s", text, bytes.Join(lines[max(0, len(lines)-10):], []byte("\n")))
}

// stop ends the program, and returns when it is gone.
func (c *child) stop() {
	_ = c.cmd.Process.Signal(syscall.SIGTERM) // it may have ended
	select {
	case <-c.done:
	case <-time.After(endWithin):
		_ = c.cmd.Process.Kill()
		<-c.done
	}
}

// program is the absolute path of a program that must be there.
func program(file, flag string) (string, error) {
	path, err := filepath.Abs(file)
	if err != nil {
		return "", err
	}
	if _, err := exec.LookPath(path); err != nil {
		return "", fmt.Errorf("%s is no program: `make demo` builds it, or name another by --%s", file, flag)
	}
	return path, nil
}

// address is a loopback address with that port, or with another one that is free if somebody has it.
func address(port int) (string, error) {
	for _, port := range []int{port, 0} {
		listener, err := net.Listen("tcp", net.JoinHostPort("127.0.0.1", strconv.Itoa(port)))
		if err != nil {
			continue
		}
		return listener.Addr().String(), listener.Close()
	}
	return "", fmt.Errorf("no port is free on 127.0.0.1")
}

// childEnviron is our environment with another home, so that nobody's ~/.ssh/config counts, and without what would lead
// elsewhere.
func childEnviron(home string) []string {
	env := []string{"HOME=" + home}
	for _, pair := range os.Environ() {
		name, _, _ := strings.Cut(pair, "=")
		switch strings.ToUpper(name) {
		case "HOME", "SSH_AUTH_SOCK", "HTTP_PROXY", "HTTPS_PROXY", "ALL_PROXY":
		default:
			env = append(env, pair)
		}
	}
	return env
}
