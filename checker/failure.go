package checker

import (
	"context"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// failure says why a dialogue gave no verdict; nil if it did. parent is the caller's context, limited the same with
// the check's timeout. The dialogue may be nil: it never began.
func (d *dialogue) failure(parent, limited context.Context, err error, m *config.Machine) *state.Failure {
	if err == nil {
		return nil
	}
	var failure *state.Failure
	switch {
	case errors.Is(parent.Err(), context.Canceled):
		return &state.Failure{Reason: state.ReasonInternal, Message: "the check was cancelled", Retry: true, Err: parent.Err()}
	case errors.As(err, &failure):
		return bounded(failure)
	case errors.Is(limited.Err(), context.DeadlineExceeded):
		return &state.Failure{Reason: state.ReasonTimeout, Message: "the machine did not answer in time (check.timeout)", Retry: true, Err: err}
	case errors.Is(err, errBug):
		return &state.Failure{Reason: state.ReasonInternal, Message: err.Error(), Err: err}
	case d == nil:
		return &state.Failure{Reason: state.ReasonInternal, Message: printable(err.Error(), maxText), Err: err}
	case errors.Is(err, io.ErrUnexpectedEOF):
		return d.broken(err, m)
	}
	return &state.Failure{Reason: state.ReasonProtocol, Message: printable(err.Error(), maxText), Err: err}
}

// bounded makes a transport's message fit to be shown.
func bounded(f *state.Failure) *state.Failure {
	out := *f
	out.Message = printable(f.Message, maxText)
	return &out
}

// broken says why the machine's output ended before the script's goodbye.
func (d *dialogue) broken(err error, m *config.Machine) *state.Failure {
	ended := d.session.Wait()
	var (
		lost   *state.Failure
		exit   *ExitError
		early  notReady
		stderr = lastLines(d.session.Stderr())
	)
	if errors.As(ended, &lost) {
		return bounded(lost)
	}
	what, retry := "the output broke off", true
	if errors.As(err, &early) {
		what = "the login ended before the script was ready"
		retry = !errors.As(ended, &exit) // what a login does it will do again
	}
	if errors.As(ended, &exit) {
		what += ": " + exit.Error()
	}
	if early.error != nil && m.Become && refusedBySudo(m, stderr, exit) {
		return &state.Failure{Reason: state.ReasonBecome, Message: "sudo refused: " + stderr + needed(m), Err: err}
	}
	if stderr != "" {
		what += ": " + stderr
	}
	return &state.Failure{Reason: state.ReasonProtocol, Message: what, Retry: retry, Err: err}
}

// refusedBySudo reports whether it was sudo that did not run the script, not the login before it. Its messages may be
// in any language: they name it, or the command that it does not run.
func refusedBySudo(m *config.Machine, stderr string, exit *ExitError) bool {
	return strings.Contains(stderr, "sudo") || exit != nil && exit.Status == 1 && strings.Contains(stderr, shellOf(m))
}

// needed says what sudo has to allow.
func needed(m *config.Machine) string {
	user := m.SSH.User
	if m.Transport == config.TransportLocal || user == "" {
		user = "the user who logs in"
	}
	if m.BecomeUser != "root" {
		user += " (" + m.BecomeUser + ")"
	}
	return printable(fmt.Sprintf(" (sudoers must allow %s NOPASSWD: %s)", user, shellOf(m)), maxText)
}

// lastLines is the end of what was written to standard error, on one line.
func lastLines(stderr string) string {
	const limit = 300
	stderr = strings.Join(strings.Fields(stderr), " ")
	if len(stderr) > limit {
		stderr = "…" + strings.ToValidUTF8(stderr[len(stderr)-limit:], "")
	}
	return printable(stderr, maxText)
}

// logOutcome is the one line about a check that gave no verdict for something; one that did is only of interest when
// looking for something.
func logOutcome(ctx context.Context, log *slog.Logger, out Outcome) {
	if out.Failure == nil {
		log.Debug("machine checked", "results", len(out.Results), "duration", out.Duration)
		return
	}
	if errors.Is(ctx.Err(), context.Canceled) {
		log.Debug("check cancelled", "err", out.Failure)
		return
	}
	switch out.Failure.Reason {
	case state.ReasonConnect:
		log.Warn("machine cannot be reached", "err", out.Failure)
	case state.ReasonUnreadable:
		for _, r := range out.Results {
			if r.Failure != nil {
				log.Warn("pack not judged: items could not be observed", "pack", r.Pack, "err", r.Failure)
			}
		}
	default:
		log.Error("machine could not be checked", "err", out.Failure)
	}
}

// unreadable is the failure of results of which items could not be observed.
func unreadable(failed []state.ItemError, items int) *state.Failure {
	first := failed[0]
	message := fmt.Sprintf("%d of %d items could not be observed: %s %s: %s", len(failed), items, first.Kind, first.Item, first.Error)
	return &state.Failure{Reason: state.ReasonUnreadable, Message: printable(message, maxText)}
}
