package checker

import (
	"bufio"
	"bytes"
	"context"
	"io"
	"os"
	"strings"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// transportFunc changes the sessions of another transport.
type transportFunc func(t Transport, s Session) Session

// over is the transport that hands out the changed sessions of another.
func (change transportFunc) over(t Transport) Transport { return changed{t, change} }

type changed struct {
	Transport
	change transportFunc
}

func (c changed) Start(ctx context.Context, m *config.Machine, argv []string) (Session, error) {
	s, err := c.Transport.Start(ctx, m, argv)
	if err != nil {
		return nil, err
	}
	return c.change(c.Transport, s), nil
}

// realCommand is a transport that runs the very command that is asked for, on this machine.
type realCommand struct{ path string }

func (r realCommand) Start(ctx context.Context, _ *config.Machine, argv []string) (Session, error) {
	path := r.path + os.Getenv("PATH")
	return startProcess(ctx, append([]string{"/usr/bin/env"}, argv...), []string{"PATH=" + path, "HOME=/nonexistent"})
}

// scripted is a transport whose machine prints a fixed text and ends, whatever it is told.
type scripted struct {
	output string
	stderr string
	ended  error
}

func (s scripted) Start(context.Context, *config.Machine, []string) (Session, error) {
	return &scriptedSession{scripted: s, stdout: strings.NewReader(s.output)}, nil
}

type scriptedSession struct {
	scripted
	stdout io.Reader
}

func (s *scriptedSession) Write(p []byte) (int, error) { return len(p), nil }
func (s *scriptedSession) CloseWrite() error           { return nil }
func (s *scriptedSession) Stdout() io.Reader           { return s.stdout }
func (s *scriptedSession) Stderr() string              { return s.stderr }
func (s *scriptedSession) Wait() error                 { return s.ended }
func (s *scriptedSession) Close() error                { return nil }

// checkNonce checks with a nonce that is known beforehand.
func checkNonce(t testing.TB, transport Transport, f *Fleet) Outcome {
	c := checkerOf(transport)
	c.nonce = func() string { return testNonce }
	return c.Check(t.Context(), f, "m1", "")
}

// transcribe checks under a shell and returns what it printed, with testNonce as the nonce.
func transcribe(t testing.TB, sh Transport, f *Fleet) string {
	var printed bytes.Buffer
	out := checkNonce(t, transportFunc(func(_ Transport, s Session) Session { return transcript{s, &printed} }).over(sh), f)
	require.Nil(t, out.Failure)
	return printed.String()
}

type transcript struct {
	Session
	printed *bytes.Buffer
}

func (s transcript) Stdout() io.Reader { return io.TeeReader(s.Session.Stdout(), s.printed) }

// saying changes a fact that machines say of themselves.
func saying(t Transport, fact, value string) Transport {
	return transportFunc(func(_ Transport, s Session) Session {
		return &lying{Session: s, lines: bufio.NewReader(s.Stdout()), fact: fact, value: value}
	}).over(t)
}

type lying struct {
	Session
	lines       *bufio.Reader
	fact, value string
	left        string
}

func (l *lying) Stdout() io.Reader { return l }

func (l *lying) Read(p []byte) (int, error) {
	if l.left == "" {
		line, err := l.lines.ReadString('\n')
		if err != nil {
			return 0, err
		}
		if before, _, found := strings.Cut(line, " fact "+l.fact+" "); found {
			line = before + " fact " + l.fact + " " + l.value + "\n"
		}
		l.left = line
	}
	n := copy(p, l.left)
	l.left = l.left[n:]
	return n, nil
}
