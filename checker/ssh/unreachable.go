package ssh

import (
	"context"
	"errors"
	"net"
	"strings"

	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// attempt is an address to which there was no connection.
type attempt struct {
	addr string
	err  error
}

// attempts are all those of a host, as an error.
type attempts []attempt

// Error says what became of each.
func (a attempts) Error() string {
	var parts []string
	for _, t := range a {
		parts = append(parts, t.addr+t.outcome())
	}
	return strings.Join(parts, "; ")
}

// outcome is what an error says, without the address that is named already.
func (t attempt) outcome() string {
	var several attempts
	if errors.As(t.err, &several) {
		return " (" + several.Error() + ")"
	}
	var op *net.OpError
	if errors.As(t.err, &op) && op.Op == "dial" {
		return ": " + op.Err.Error()
	}
	return ": " + t.err.Error()
}

// Unwrap are the errors of all.
func (a attempts) Unwrap() []error {
	var errs []error
	for _, t := range a {
		errs = append(errs, t.err)
	}
	return errs
}

// unreachable is the failure of a machine to none of whose addresses there was a connection.
func unreachable(addrs []string, errs []error) *state.Failure {
	if len(errs) == 1 {
		var several attempts
		if !errors.As(errs[0], &several) {
			return failure(state.ReasonConnect, true, errs[0], "no connection to %s", addrs[0])
		}
		return failed(several, true, "no connection to %s: %s", addrs[0], several)
	}
	tried := together(addrs, errs)
	return failed(tried, true, "no connection to any address: %s", tried)
}

func together(addrs []string, errs []error) attempts {
	var tried attempts
	for i, err := range errs {
		tried = append(tried, attempt{addrs[i], err})
	}
	return tried
}

// failed is a failure to connect whose message has the whole cause in it.
func failed(cause error, retry bool, format string, args ...any) *state.Failure {
	f := failure(state.ReasonConnect, retry, nil, format, args...)
	f.Err = cause
	return f
}

// notThrough is the failure of a jump host to connect to a machine.
func notThrough(tg *target, addrs []string, errs []error) *state.Failure {
	retry := false
	for _, err := range errs {
		var refused *ssh.OpenChannelError
		switch {
		case errors.As(err, &refused):
			retry = retry || refused.Reason != ssh.Prohibited && refused.Reason != ssh.UnknownChannelType
		case errors.Is(err, context.DeadlineExceeded):
			retry = true
		default:
			return failure(state.ReasonProtocol, true, err, "the jump host broke off while connecting to %s", strings.Join(addrs, ", "))
		}
	}
	switch {
	case len(errs) > 1:
		tried := together(addrs, errs)
		return failed(tried, retry, "the jump host made no connection to any address: %s", tried)
	case errors.Is(errs[0], context.DeadlineExceeded):
		return failed(errs[0], true, "no connection to %s within %s", addrs[0], tg.connectTimeout)
	}
	return failure(state.ReasonConnect, retry, errs[0], "the jump host made no connection to %s", addrs[0])
}
