package exporter

import (
	"context"
	"errors"
	"fmt"
	"net/http"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// errorType is the errorType of the API's envelope, after Prometheus' own.
type errorType string

const (
	errBadData     errorType = "bad_data"
	errNotFound    errorType = "not_found"
	errForbidden   errorType = "forbidden"
	errMethod      errorType = "method_not_allowed"
	errConflict    errorType = "conflict"
	errUnavailable errorType = "unavailable"
	errTimeout     errorType = "timeout"
	errInternal    errorType = "internal"
)

// httpError is an error with the status that it is answered with. Its message is shown to the client.
type httpError struct {
	status  int
	typ     errorType
	message string
}

func (e *httpError) Error() string { return e.message }

func notFound(format string, args ...any) *httpError {
	return &httpError{http.StatusNotFound, errNotFound, fmt.Sprintf(format, args...)}
}

func badData(format string, args ...any) *httpError {
	return &httpError{http.StatusBadRequest, errBadData, fmt.Sprintf(format, args...)}
}

// asHTTP finds the status that an error is to be answered with; what it does not know is our own fault.
func asHTTP(err error) *httpError {
	if known, ok := errors.AsType[*httpError](err); ok {
		return known
	}
	answer := func(status int, typ errorType) *httpError { return &httpError{status, typ, err.Error()} }
	switch {
	case errors.Is(err, state.ErrNotFound):
		return answer(http.StatusNotFound, errNotFound)
	case errors.Is(err, ErrBusy):
		return answer(http.StatusConflict, errConflict)
	case errors.Is(err, ErrUnknownMachine):
		return answer(http.StatusBadRequest, errBadData)
	case errors.Is(err, ErrUnavailable):
		return answer(http.StatusServiceUnavailable, errUnavailable)
	case errors.Is(err, context.DeadlineExceeded):
		return answer(http.StatusGatewayTimeout, errTimeout)
	default:
		return answer(http.StatusInternalServerError, errInternal)
	}
}

// away is what clients are told of what cannot be read while the servers that have the state are away.
const away = "the state cannot be reached: details and history are there again when it is back"

// answerTo is asHTTP, and knows that what goes wrong without the state is nobody's fault here.
func (e *Exporter) answerTo(err error) *httpError {
	answer := asHTTP(err)
	known := answer.typ == errUnavailable || answer.status < http.StatusInternalServerError
	if errors.Is(err, state.ErrUnreachable) || !known && !e.opts.View.Live() {
		return &httpError{http.StatusServiceUnavailable, errUnavailable, away}
	}
	return answer
}

// problem is what a page says that shows what it can in spite of an error, and with which status.
func (e *Exporter) problem(err error) (status int, text string) {
	if answer := e.answerTo(err); answer.typ == errUnavailable {
		return answer.status, answer.message
	}
	return http.StatusOK, err.Error()
}

// fail logs what is our own fault and answers the request. An outage of the state is logged where it is noticed.
func (e *Exporter) fail(w http.ResponseWriter, r *http.Request, refuse refusal, err error) {
	answer := e.answerTo(err)
	if answer.status >= http.StatusInternalServerError && answer.typ != errUnavailable {
		e.opts.Logger.ErrorContext(r.Context(), "request failed", "path", r.URL.Path, "err", err)
	}
	refuse(w, r, answer)
}

// refusePlain answers with a line of text, as what is asked by scripts and probes expects it.
func (e *Exporter) refusePlain(w http.ResponseWriter, _ *http.Request, err *httpError) {
	http.Error(w, err.message, err.status)
}

// shorten bounds text from a request before it is given back.
func shorten(s string) string {
	const most = 200
	if len(s) <= most {
		return labelValue(s)
	}
	return labelValue(s[:most]) + "…"
}
