package exporter

import (
	"bytes"
	"context"
	"encoding/json"
	"net/http"
	"strconv"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// apiHandler answers a GET of the API with what becomes `data` of the envelope. The request's Form has the
// parameters that its route takes.
type apiHandler func(ctx context.Context, r *http.Request) (any, error)

// envelope is the one shape of every answer of the API, as Prometheus has it.
type envelope struct {
	Status    string    `json:"status"` // success or error
	Data      any       `json:"data,omitempty"`
	ErrorType errorType `json:"errorType,omitempty"`
	Error     string    `json:"error,omitempty"`
	Warnings  []string  `json:"warnings,omitempty"`
}

func (e *Exporter) api(h apiHandler, query []string) http.HandlerFunc {
	return func(w http.ResponseWriter, r *http.Request) {
		ctx, cancel := context.WithTimeout(r.Context(), storeTimeout)
		defer cancel()
		var data any
		var err error
		if r.Form, err = onlyParams(r.URL.RawQuery, query); err == nil {
			data, err = h(ctx, r)
		}
		if err != nil {
			e.fail(w, r, e.refuseJSON, err)
			return
		}
		e.succeed(w, r, http.StatusOK, data)
	}
}

func (e *Exporter) succeed(w http.ResponseWriter, r *http.Request, status int, data any) {
	answer := envelope{Status: "success", Data: data}
	if w := e.warning(); w != "" {
		answer.Warnings = []string{w}
	}
	e.writeJSON(w, r, status, answer)
}

func (e *Exporter) refuseJSON(w http.ResponseWriter, r *http.Request, err *httpError) {
	e.writeJSON(w, r, err.status, envelope{Status: "error", ErrorType: err.typ, Error: err.message})
}

func (e *Exporter) writeJSON(w http.ResponseWriter, r *http.Request, status int, answer envelope) {
	var body bytes.Buffer
	encoder := json.NewEncoder(&body)
	encoder.SetEscapeHTML(false) // nosniff: no browser takes it for a page, and people read ">= 8.0"
	if err := encoder.Encode(answer); err != nil {
		e.opts.Logger.ErrorContext(r.Context(), "answer could not be encoded", "path", r.URL.Path, "err", err)
		status = http.StatusInternalServerError
		body.Reset()
		body.WriteString(`{"status":"error","errorType":"internal","error":"the answer could not be encoded"}`)
	}
	// encoding/json leaves as they are, beyond ASCII, control characters and marks that turn the direction of writing.
	text := plaintext.EscapeJSON(body.Bytes(), func(r rune) bool { return r >= 0x7f && hidden(r) })
	h := w.Header()
	h.Set("Content-Type", "application/json")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(text)))
	w.WriteHeader(status)
	_, _ = w.Write(text) // the client is gone
}

// findMachine returns the machine that a request names.
func (e *Exporter) findMachine(r *http.Request) (*config.Machine, *httpError) {
	name := r.PathValue("machine")
	m, ok := e.opts.Fleet().machine(name)
	if !ok {
		return nil, notFound("no machine %q is configured", shorten(name))
	}
	return m, nil
}

// findPair returns the pair that a request names, if it is one that is checked.
func (e *Exporter) findPair(r *http.Request) (pair, *httpError) {
	m, err := e.findMachine(r)
	if err != nil {
		return pair{}, err
	}
	name := r.PathValue("pack")
	for p := range pairs(e.opts.View, m) {
		switch {
		case p.pack != name:
		case !m.Enabled:
			return pair{}, notFound("drift detection is disabled for machine %q", m.Name)
		default:
			return p, nil
		}
	}
	return pair{}, notFound("machine %q does not carry a pack %q", m.Name, shorten(name))
}

// detail reads the whole record of a pair. A record that was stored since the view was asked is newer and as
// good; one that is gone or retired counts as none.
func (e *Exporter) detail(ctx context.Context, k state.Key) (*state.Record, error) {
	r, err := e.opts.Store.Detail(ctx, k)
	switch {
	case err != nil && asHTTP(err).status == http.StatusNotFound:
		return nil, nil
	case err != nil:
		return nil, err
	case !r.Retired.IsZero():
		return nil, nil
	}
	return r, nil
}

// history reads the changes of a pair, newest first. A pair of which nothing is stored has none.
func (e *Exporter) history(ctx context.Context, k state.Key) ([]state.Change, error) {
	changes, err := e.opts.Store.History(ctx, k)
	if err != nil && asHTTP(err).status == http.StatusNotFound {
		return nil, nil
	}
	return changes, err
}
