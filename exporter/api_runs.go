package exporter

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"net/http"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// maxRunBody bounds the body of POST /api/v1/runs: ten thousand machines with long names fit.
const maxRunBody = 1 << 20

// runList is a page of the stored runs, newest first, and when the next run is due.
type runList struct {
	Runs      []state.Run `json:"runs"`
	Total     int         `json:"total"`
	NextRun   *time.Time  `json:"next_run"` // null: not known
	NextToken string      `json:"next_token,omitempty"`
}

func (e *Exporter) apiRuns(ctx context.Context, r *http.Request) (any, error) {
	page, err := parsePaging(r.Form)
	if err != nil {
		return nil, err
	}
	runs, err := e.opts.Store.Runs(ctx)
	if err != nil {
		return nil, err
	}
	list := runList{Total: len(runs), NextRun: e.nextRun()}
	if list.Runs, list.NextToken, err = older(runs, page, instantOf); err != nil {
		return nil, err
	}
	for i := range list.Runs {
		list.Runs[i] = e.counted(list.Runs[i])
	}
	return list, nil
}

// instantOf is the zero time for an id that is no instant, which the store does not take.
func instantOf(r state.Run) time.Time {
	t, _ := r.Instant()
	return t
}

func (e *Exporter) apiRun(ctx context.Context, r *http.Request) (any, error) {
	id := r.PathValue("id")
	run, err := e.opts.Store.Run(ctx, id)
	if errors.Is(err, state.ErrNotFound) {
		return nil, notFound("no run %q is stored", shorten(id))
	}
	return e.counted(run), err
}

// counted is a stored run with the counts of this moment, as far as this process leads it.
func (e *Exporter) counted(run state.Run) state.Run {
	if now, ok := e.opts.Runs.Current(); ok && now.ID == run.ID && !run.Ended() {
		return now
	}
	return run
}

func (e *Exporter) apiStartRun(w http.ResponseWriter, r *http.Request) {
	if !e.opts.EnableLifecycle {
		e.refuseJSON(w, r, lifecycleOff())
		return
	}
	machines, err := readRunRequest(http.MaxBytesReader(w, r.Body, maxRunBody))
	if err != nil {
		e.fail(w, r, e.refuseJSON, err)
		return
	}
	id, err := e.opts.Runs.StartRun(detached(r), machines)
	if err != nil {
		e.fail(w, r, e.refuseJSON, err)
		return
	}
	e.succeed(w, r, http.StatusAccepted, struct {
		ID string `json:"id"`
	}{id})
}

// readRunRequest reads which machines a run is asked for: none, for an empty body or list, are all of them.
func readRunRequest(body io.Reader) ([]string, error) {
	text, err := io.ReadAll(body)
	if large, ok := errors.AsType[*http.MaxBytesError](err); ok {
		return nil, &httpError{http.StatusRequestEntityTooLarge, errBadData, fmt.Sprintf("the body is larger than %d bytes", large.Limit)}
	}
	if err != nil {
		return nil, badData("the body could not be read: %v", err)
	}
	text = bytes.TrimSpace(text)
	if len(text) == 0 {
		return nil, nil
	}
	if text[0] != '{' { // null would do for the decoder, and start everything
		return nil, badData(`the body must be a JSON object like {"machines":["web1"]}`)
	}
	var asked struct {
		Machines []string `json:"machines"`
	}
	d := json.NewDecoder(bytes.NewReader(text))
	d.DisallowUnknownFields()
	if err := d.Decode(&asked); err != nil {
		return nil, badData(`the body must be a JSON object like {"machines":["web1"]}: %v`, err)
	}
	if _, err := d.Token(); !errors.Is(err, io.EOF) {
		return nil, badData("the body must be one JSON object and nothing after it")
	}
	return asked.Machines, nil
}
