package ssh

import (
	"errors"
	"io"
	"strings"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const (
	// endGrace is how long the end of output waits to learn whether it is the end of the command or of the
	// connection, and how long the status of a command waits for the rest of its output.
	endGrace = 500 * time.Millisecond
	// signalGrace bounds the attempt to end a command whose connection is about to be closed.
	signalGrace = 100 * time.Millisecond
)

// session is one command on a connection of its own.
type session struct {
	m       *config.Machine
	link    *link
	channel ssh.Channel
	conn    *watchedConn
	stderr  tail
	asking  *time.Timer // begins to ask for signs of life; nil: the command does not run

	exited    chan struct{} // closed when it is known how the command ended
	exit      error         // nil or *checker.ExitError; valid when exited is closed
	ended     chan struct{} // closed when nothing more will come, be the command at its end or not
	lost      chan struct{} // closed when the connection has ended
	lostCause error
	work      sync.WaitGroup
}

var _ checker.Session = (*session)(nil)

// open starts the command.
func (t *Transport) open(l *link, m *config.Machine, conn *connection, h hop, command string) (*session, error) {
	l.enter(phase{doing: "starting a command on " + h.addr(), connected: true})
	s := &session{m: m, link: l, conn: conn.watched, exited: make(chan struct{}), ended: make(chan struct{}), lost: make(chan struct{})}
	s.work.Go(func() {
		defer close(s.lost)
		s.lostCause = conn.serve()
	})
	channel, requests, err := conn.OpenChannel("session", nil)
	if err != nil {
		f := startFailure(l, h, err)
		_ = s.Close()
		return nil, f
	}
	s.channel = channel
	stderrDone := make(chan struct{})
	s.work.Go(func() {
		defer close(stderrDone)
		_, _ = io.Copy(&s.stderr, channel.Stderr())
	})
	s.work.Go(func() {
		s.follow(requests)
		<-stderrDone
		close(s.ended)
	})
	ok, err := channel.SendRequest("exec", true, ssh.Marshal(struct{ Command string }{command}))
	if err != nil || !ok {
		f := startFailure(l, h, err)
		_ = s.Close()
		return nil, f
	}
	l.enter(phase{doing: "waiting for the command on " + h.addr(), connected: true})
	l.beforeClose(s.terminate)
	s.work.Add(1)
	s.asking = time.AfterFunc(t.keepalive.interval, func() { // most commands have ended by then
		defer s.work.Done()
		t.keepalive.run(l, conn, h, s.lost)
	})
	return s, nil
}

func startFailure(l *link, h hop, err error) *state.Failure {
	if f := l.failure(); f != nil {
		return f
	}
	var refused *ssh.OpenChannelError
	switch {
	case errors.As(err, &refused):
		return failure(state.ReasonProtocol, true, err, "%s refused a session", h)
	case err != nil:
		return failure(state.ReasonProtocol, true, err, "the connection to %s broke off", h.addr())
	}
	return failure(state.ReasonProtocol, false, nil, "%s refused to run a command", h)
}

// follow learns how the command ends. It returns when the channel is closed.
func (s *session) follow(requests <-chan *ssh.Request) {
	known := false
	for r := range requests {
		exit, ok := parseExit(r)
		// Not after a failure: then it is we who have ended the command, see terminate.
		if ok && !known && s.link.failure() == nil {
			known = true
			s.exit = exit
			close(s.exited)
		}
		if r.WantReply {
			_ = r.Reply(false, nil)
		}
	}
}

const maxSignalName = 64

// parseExit reads an exit status or signal. It is not ok if the request is about something else.
func parseExit(r *ssh.Request) (exit error, ok bool) {
	switch r.Type {
	case "exit-status":
		var status struct{ Status uint32 }
		if ssh.Unmarshal(r.Payload, &status) != nil {
			return nil, false
		}
		if status.Status == 0 {
			return nil, true
		}
		return &checker.ExitError{Status: int(status.Status)}, true
	case "exit-signal":
		var signal struct {
			Name       string
			CoreDumped bool
			Error      string
			Language   string
		}
		if ssh.Unmarshal(r.Payload, &signal) != nil {
			return nil, false
		}
		if n := len(signal.Name); n == 0 || n > maxSignalName || strings.Trim(signal.Name, lettersAndDigits+"@.-") != "" {
			signal.Name = "with the name " + quote(signal.Name)
		}
		return &checker.ExitError{Status: -1, Signal: signal.Name}, true
	}
	return nil, false
}

// Write writes to the command's standard input.
func (s *session) Write(p []byte) (int, error) {
	if f := s.link.failure(); f != nil {
		return 0, named(s.m, f)
	}
	n, err := s.conn.writePieces(p, s.channel.Write)
	if err != nil {
		return n, s.broken(err, "the command has stopped reading")
	}
	return n, nil
}

// CloseWrite ends the command's standard input.
func (s *session) CloseWrite() error {
	if f := s.link.failure(); f != nil {
		return named(s.m, f)
	}
	err := s.channel.CloseWrite()
	if err == nil || within(endGrace, s.exited) { // the channel is closed, so it will be known presently
		return nil
	}
	return s.broken(err, "the command has stopped reading")
}

// Stdout is the command's standard output. It ends with io.EOF only if the command closed it or ended.
func (s *session) Stdout() io.Reader { return stdout{s} }

type stdout struct{ *session }

// Read reads from the command's standard output.
func (o stdout) Read(p []byte) (int, error) {
	if f := o.link.failure(); f != nil && !closed(o.exited) {
		return 0, named(o.m, f)
	}
	n, err := o.channel.Read(p)
	if n > 0 || err == nil { // an error beside data is about something else: the end comes alone
		return n, nil
	}
	wait := time.NewTimer(endGrace)
	defer wait.Stop()
	select {
	case <-o.exited:
		return 0, io.EOF
	case <-o.ended:
	case <-wait.C: // it has closed its output and goes on
	}
	if closed(o.exited) || !closed(o.ended) && o.link.failure() == nil {
		return 0, io.EOF
	}
	return 0, o.broken(err, "the connection ended before the command did")
}

// Stderr is the last 8 KiB that the command has written to standard error.
func (s *session) Stderr() string { return s.stderr.String() }

// Wait waits for the end of the command and, for a moment, of its output.
func (s *session) Wait() error {
	select {
	case <-s.ended:
	case <-s.exited:
		within(endGrace, s.ended) // unless something that it left running holds its output open
	}
	if closed(s.exited) {
		return s.exit
	}
	return s.broken(nil, "the connection ended before the command did")
}

// broken says why the session cannot go on.
func (s *session) broken(err error, what string) error {
	if f := s.link.failure(); f != nil {
		return named(s.m, f)
	}
	if closed(s.ended) && !closed(s.exited) { // either the connection or just the channel
		if within(endGrace, s.lost) {
			err = s.lostCause
		}
		var f *state.Failure
		if errors.As(err, &f) { // its host key was not accepted again
			return named(s.m, f)
		}
	}
	if errors.Is(err, io.EOF) {
		err = nil // says nothing that what does not
	}
	return named(s.m, failure(state.ReasonProtocol, true, err, "%s", what))
}

// terminate asks the machine to end the command and what it has started, as closing the connection alone does not.
func (s *session) terminate() {
	if closed(s.exited) || closed(s.ended) {
		return
	}
	sent := make(chan struct{})
	go func() { // ends with the connection at the latest
		defer close(sent)
		_, _ = s.channel.SendRequest("signal", false, ssh.Marshal(struct{ Name string }{"TERM"}))
	}()
	within(signalGrace, sent)
}

// Close ends the command and the connection, and returns when nothing of them is left on this side.
func (s *session) Close() error {
	s.link.close()
	if s.asking != nil && s.asking.Stop() {
		s.work.Done() // it has not begun, and will not
	}
	s.work.Wait()
	return nil
}

// within waits for c to be closed, and is false if that takes longer than d.
func within(d time.Duration, c <-chan struct{}) bool {
	wait := time.NewTimer(d)
	defer wait.Stop()
	select {
	case <-c:
		return true
	case <-wait.C:
		return false
	}
}

func closed(c <-chan struct{}) bool {
	select {
	case <-c:
		return true
	default:
		return false
	}
}
