package testsshd

import (
	"bufio"
	"errors"
	"fmt"
	"net"
	"os"
	"os/exec"
	"runtime"
	"strings"
	"sync"
	"syscall"
	"testing"
	"time"
)

// process is one sshd, with its connections in one process group.
type process struct {
	cmd  *exec.Cmd
	done chan struct{} // closed when it has ended
}

// startProcess starts a command that the kernel kills when the test process dies, however that dies.
func startProcess(name string, args ...string) (*process, error) {
	p := &process{cmd: exec.Command(name, args...), done: make(chan struct{})}
	p.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true, Pdeathsig: syscall.SIGKILL}
	started := make(chan error)
	go func() {
		// Pdeathsig is about the thread that started the process, so that one has to stay.
		runtime.LockOSThread()
		defer runtime.UnlockOSThread()
		defer close(p.done)
		err := p.cmd.Start()
		started <- err
		if err == nil {
			_ = p.cmd.Wait()
		}
	}()
	return p, <-started
}

// kill ends the process and its group and waits for it.
func (p *process) kill() {
	_ = syscall.Kill(-p.cmd.Process.Pid, syscall.SIGKILL)
	<-p.done
}

// waitBanner waits until sshd answers at addr, and passes the local port of each of its own connections to ignore.
func (p *process) waitBanner(addr string, ignore func(port int)) error {
	var err error
	for end := time.Now().Add(startWithin); time.Now().Before(end); {
		if err = probe(addr, ignore); err == nil {
			return nil
		}
		select {
		case <-p.done:
			return errors.New("sshd has ended")
		case <-time.After(5 * time.Millisecond):
		}
	}
	return fmt.Errorf("sshd does not answer: %w", err)
}

func probe(addr string, ignore func(port int)) error {
	conn, err := net.DialTimeout("tcp", addr, time.Second)
	if err != nil {
		return err
	}
	defer func() { _ = conn.Close() }()
	ignore(conn.LocalAddr().(*net.TCPAddr).Port)
	_ = conn.SetDeadline(time.Now().Add(startWithin))
	line, err := bufio.NewReader(conn).ReadString('\n')
	if err != nil {
		return err
	}
	if !strings.HasPrefix(line, "SSH-2.0-") {
		return fmt.Errorf("unexpected banner %q", line)
	}
	// An orderly end: without it sshd logs a line that does not say whose connection it was.
	_, err = conn.Write([]byte("SSH-2.0-testsshd\r\n"))
	return err
}

func freePort() (int, error) {
	l, err := net.Listen("tcp", loopback+":0")
	if err != nil {
		return 0, err
	}
	defer func() { _ = l.Close() }()
	return l.Addr().(*net.TCPAddr).Port, nil
}

// logFile is sshd's log without the lines about the harness's own connections.
type logFile struct {
	path    string
	mu      sync.Mutex
	ignored []string
}

func (l *logFile) ignore(port int) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.ignored = append(l.ignored, fmt.Sprintf(" port %d ", port))
}

func (l *logFile) read(t testing.TB) string {
	t.Helper()
	data, err := os.ReadFile(l.path)
	if err != nil && !os.IsNotExist(err) {
		t.Fatalf("testsshd: read log: %v", err)
	}
	l.mu.Lock()
	defer l.mu.Unlock()
	var b strings.Builder
	for line := range strings.Lines(strings.ReplaceAll(string(data), "\r\n", "\n")) {
		if !l.own(strings.TrimSpace(line) + " ") {
			b.WriteString(line)
		}
	}
	return b.String()
}

func (l *logFile) own(line string) bool {
	for _, port := range l.ignored {
		if strings.Contains(line, port) {
			return true
		}
	}
	return false
}
