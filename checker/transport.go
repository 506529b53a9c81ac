package checker

import (
	"context"
	"io"
	"strconv"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// Transport starts a command on a machine: over SSH, or on this machine, or in a test wherever it likes.
type Transport interface {
	// Start runs argv on the machine. Each word of argv is made of characters that mean the same to every shell
	// ([A-Za-z0-9_./@%+=:,-]), so that they may be joined with spaces. Connecting is bounded by ctx, and so is
	// the session: when ctx ends, reads and writes fail. An error is, or wraps, a *state.Failure.
	Start(ctx context.Context, m *config.Machine, argv []string) (Session, error)
}

// Session is one running command.
type Session interface {
	io.Writer          // its standard input
	CloseWrite() error // ends its standard input
	Stdout() io.Reader
	// Stderr is what it has written to standard error so far, bounded to the last few KiB.
	Stderr() string
	// Wait waits for the command to end and returns nil, or an *ExitError, or a wrapped *state.Failure if the
	// connection was lost.
	Wait() error
	// Close ends the command and its connection and frees everything; it may be called at any time, more than once.
	Close() error
}

// ExitError is a command that ended with a status other than 0, or by a signal.
type ExitError struct {
	Status int    // -1 if a signal ended it
	Signal string // its name without SIG, if known
}

// Error says how the command ended.
func (e *ExitError) Error() string {
	if e.Signal != "" {
		return "ended by signal " + e.Signal
	}
	return "exit status " + strconv.Itoa(e.Status)
}
