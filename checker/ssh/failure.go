package ssh

import (
	"context"
	"errors"
	"fmt"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const (
	maxQuoted  = 200  // of a text that a machine sent
	maxMessage = 1000 // of a whole message
)

// internal is a failure of our own: configuration that cannot be used, or a bug.
func internal(cause error, format string, args ...any) *state.Failure {
	return failure(state.ReasonInternal, false, cause, format, args...)
}

func failure(reason state.Reason, retry bool, cause error, format string, args ...any) *state.Failure {
	message := fmt.Sprintf(format, args...)
	if cause != nil {
		message += ": " + printable(cause.Error(), maxQuoted)
	}
	return &state.Failure{Reason: reason, Message: printable(message, maxMessage), Retry: retry, Err: cause}
}

// asFailure is the failure in err's chain. Every error of this package has one; should one slip through, it
// is our fault.
func asFailure(err error) *state.Failure {
	var f *state.Failure
	if errors.As(err, &f) {
		return f
	}
	return internal(err, "unexpected error")
}

// quote is a text from elsewhere as it goes into a message: quoted, printable, bounded.
func quote(s string) string {
	return `"` + strings.ReplaceAll(printable(s, maxQuoted), `"`, `\"`) + `"`
}

// printable escapes what is not printable (control characters, terminal escapes, invalid UTF-8, characters that
// reorder text) as Go source would, and cuts the result after about limit bytes.
func printable(s string, limit int) string { return plaintext.EscapeUpTo(s, limit, "", "…") }

// contextFailure says what was going on when ctx ended. Before there is a TCP connection the machine counts as
// offline, after that as too slow.
func contextFailure(ctx context.Context, p phase) *state.Failure {
	err := ctx.Err()
	if errors.Is(err, context.Canceled) {
		return &state.Failure{Reason: state.ReasonInternal, Message: "canceled while " + p.doing, Retry: true, Err: err}
	}
	reason := state.ReasonTimeout
	if !p.connected {
		reason = state.ReasonConnect
	}
	return &state.Failure{Reason: reason, Message: "out of time while " + p.doing, Retry: true, Err: err}
}
