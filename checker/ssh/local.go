package ssh

import (
	"context"
	"errors"
	"io"
	"os"
	"os/exec"
	"os/user"
	"strings"
	"sync"
	"syscall"
	"time"

	"golang.org/x/sys/unix"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const (
	// localPath is the path that a login gets on most systems.
	localPath = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin"
	// outputGrace bounds the wait for standard error after a command has ended, should something that it left
	// running hold it open.
	outputGrace = time.Second
	// killGrace bounds the wait for a command that was killed: one that runs as another user cannot be.
	killGrace = 2 * outputGrace
)

// Local runs commands on this machine, as the user of this process and without SSH.
//
// A command does not get the environment of this process, but the one that sshd would give it: HOME, USER, LOGNAME,
// SHELL and PATH. So a machine looks the same to both transports; a variable that happens to be set where this
// process was started is not taken for one that logins get; and no secret in it reaches the command's children.
type Local struct{ env []string }

var _ checker.Transport = (*Local)(nil)

// NewLocal returns a Local. Its commands have the variables of env (KEY=value) besides those, or in their place:
// PATH, where tools are in unusual places.
func NewLocal(env ...string) *Local {
	own := []string{"PATH=" + localPath, "SHELL=/bin/sh"}
	if u, err := user.Current(); err == nil { // there may be none in a container
		own = append(own, "HOME="+u.HomeDir, "USER="+u.Username, "LOGNAME="+u.Username)
	}
	return &Local{env: append(own, env...)}
}

// Start runs argv in a process group of its own. Like sshd it has a shell do that, so that a command that is
// missing shows in the same way: status 127 and a message.
func (t *Local) Start(ctx context.Context, m *config.Machine, argv []string) (checker.Session, error) {
	command, err := commandLine(argv)
	if err != nil {
		return nil, named(m, err)
	}
	l := newLink(ctx)
	l.enter(phase{doing: "running a command on this machine", connected: true})
	s, err := t.start(l, m, command)
	if err != nil {
		l.close()
		return nil, named(m, internal(err, "no command can be run on this machine"))
	}
	return s, nil
}

func (t *Local) start(l *link, m *config.Machine, command string) (*localSession, error) {
	s := &localSession{m: m, link: l, ended: make(chan struct{})}
	s.cmd = exec.Command("/bin/sh", "-c", "exec "+command)
	s.cmd.Dir = "/" // not where this process happens to be: it may be a directory that goes away
	s.cmd.Env = t.env
	s.cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	s.cmd.Stderr = &s.stderr
	s.cmd.WaitDelay = outputGrace
	var err error
	if s.stdin, err = s.cmd.StdinPipe(); err != nil {
		return nil, err
	}
	read, write, err := os.Pipe()
	if err != nil {
		_ = s.stdin.Close()
		return nil, err
	}
	s.stdout, s.cmd.Stdout = read, write
	err = s.cmd.Start()
	_ = write.Close()
	if err != nil {
		_ = read.Close()
		return nil, err
	}
	l.beforeClose(s.kill)
	l.add(s.stdin)
	l.add(read)
	go s.reap()
	return s, nil
}

// localSession is one command on this machine.
type localSession struct {
	m      *config.Machine
	link   *link
	cmd    *exec.Cmd
	stdin  io.WriteCloser
	stdout *os.File
	stderr tail

	mu    sync.Mutex // held while it matters that the process id is still the command's
	gone  bool
	ended chan struct{} // closed when the command has ended; what follows is valid then
	exit  error
	cut   bool // the link had failed before
}

var _ checker.Session = (*localSession)(nil)

// reap waits for the command.
func (s *localSession) reap() {
	defer close(s.ended)
	err := s.wait()
	s.cut = s.link.failure() != nil
	var exit *exec.ExitError
	switch {
	case err == nil, errors.Is(err, exec.ErrWaitDelay):
	case errors.As(err, &exit):
		s.exit = exitError(exit)
	default:
		s.exit = named(s.m, internal(err, "the command cannot be waited for"))
	}
}

// wait waits without taking the process off the system's table first, so that its id, and its group's, cannot be
// another's before kill knows.
func (s *localSession) wait() error {
	var info unix.Siginfo
	for {
		err := unix.Waitid(unix.P_PID, s.cmd.Process.Pid, &info, unix.WEXITED|unix.WNOWAIT, nil)
		if !errors.Is(err, unix.EINTR) {
			break
		}
	}
	s.mu.Lock()
	s.gone = true
	s.mu.Unlock()
	return s.cmd.Wait()
}

// kill ends the command and what it has started. What runs as another user (below sudo) cannot be killed; it ends
// when it reads its input or writes its output, both of which are closed.
func (s *localSession) kill() {
	s.mu.Lock()
	defer s.mu.Unlock()
	if !s.gone {
		_ = syscall.Kill(-s.cmd.Process.Pid, syscall.SIGKILL)
	}
}

func exitError(e *exec.ExitError) *checker.ExitError {
	if status, ok := e.Sys().(syscall.WaitStatus); ok && status.Signaled() {
		return &checker.ExitError{Status: -1, Signal: strings.TrimPrefix(unix.SignalName(status.Signal()), "SIG")}
	}
	return &checker.ExitError{Status: e.ExitCode()}
}

// Write writes to the command's standard input.
func (s *localSession) Write(p []byte) (int, error) {
	n, err := s.stdin.Write(p)
	return n, s.broken(err, "the command has stopped reading")
}

// CloseWrite ends the command's standard input.
func (s *localSession) CloseWrite() error {
	err := s.stdin.Close()
	if errors.Is(err, os.ErrClosed) && s.link.failure() == nil {
		return nil // the command had ended, or it was closed before
	}
	return s.broken(err, "the command's input cannot be closed")
}

// Stdout is the command's standard output.
func (s *localSession) Stdout() io.Reader { return localStdout{s} }

type localStdout struct{ *localSession }

// Read reads from the command's standard output.
func (o localStdout) Read(p []byte) (int, error) {
	n, err := o.stdout.Read(p)
	if errors.Is(err, io.EOF) && (o.link.failure() == nil || o.whole()) {
		return n, io.EOF
	}
	return n, o.broken(err, "the command's output cannot be read")
}

// Stderr is the last 8 KiB that the command has written to standard error.
func (s *localSession) Stderr() string { return s.stderr.String() }

// Wait waits for the command to end.
func (s *localSession) Wait() error {
	select {
	case <-s.ended:
	case <-s.link.failed:
		within(killGrace, s.ended)
	}
	if f := s.link.failure(); f != nil && !s.whole() {
		return named(s.m, f)
	}
	return s.exit
}

// whole reports whether the command ended of itself.
func (s *localSession) whole() bool { return closed(s.ended) && !s.cut }

func (s *localSession) broken(err error, what string) error {
	if err == nil {
		return nil
	}
	if f := s.link.failure(); f != nil {
		return named(s.m, f)
	}
	return named(s.m, failure(state.ReasonProtocol, true, err, "%s", what))
}

// Close ends the command and frees everything.
func (s *localSession) Close() error {
	s.link.close()
	<-s.link.failed
	within(killGrace, s.ended)
	return nil
}
