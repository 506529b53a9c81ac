package testexporter

import (
	"encoding/json"
	"io"
	"net/http"
	"strings"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

// TryGet is the status and the body of an answer; the status is 0 if there is none.
func (e *Exporter) TryGet(path string) (int, string) {
	response, err := testprocess.HTTPClient().Get(e.URL + path)
	if err != nil {
		return 0, err.Error()
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil {
		return 0, err.Error()
	}
	testsecret.Check(e.t, "the answer to GET "+path, string(body))
	return response.StatusCode, string(body)
}

// Get is the body of an answer that must have status 200.
func (e *Exporter) Get(path string) string {
	e.t.Helper()
	status, body := e.TryGet(path)
	require.Equal(e.t, http.StatusOK, status, "%s: %s\n%s", path, body, e.Log())
	return body
}

// Data decodes the data of the API's envelope.
func (e *Exporter) Data(path string, into any) {
	e.t.Helper()
	envelope := struct {
		Status string          `json:"status"`
		Data   json.RawMessage `json:"data"`
	}{}
	require.NoError(e.t, json.Unmarshal([]byte(e.Get(path)), &envelope))
	require.Equal(e.t, "success", envelope.Status)
	require.NoError(e.t, json.Unmarshal(envelope.Data, into))
}

// Post is the status and the body of the answer.
func (e *Exporter) Post(path, body string) (int, string) {
	e.t.Helper()
	response, err := testprocess.HTTPClient().Post(e.URL+path, "application/json", strings.NewReader(body))
	require.NoError(e.t, err)
	defer func() { _ = response.Body.Close() }()
	answer, err := io.ReadAll(response.Body)
	require.NoError(e.t, err)
	testsecret.Check(e.t, "the answer to POST "+path, string(answer))
	return response.StatusCode, string(answer)
}

// Metric is the value of a series, as text; empty if there is none.
func (e *Exporter) Metric(series string) string {
	e.t.Helper()
	for line := range strings.Lines(e.Get("/metrics")) {
		if rest, ok := strings.CutPrefix(line, series+" "); ok {
			return strings.TrimSpace(rest)
		}
	}
	return ""
}

// StartRun starts a check of the whole fleet and returns the run's id.
func (e *Exporter) StartRun() string {
	e.t.Helper()
	var answer string
	e.Eventually("a run is accepted", func() bool { // 409 while one is on
		var status int
		status, answer = e.Post("/api/v1/runs", "")
		return status == http.StatusAccepted
	})
	var started struct {
		Data struct {
			ID string `json:"id"`
		} `json:"data"`
	}
	require.NoError(e.t, json.Unmarshal([]byte(answer), &started), answer)
	return started.Data.ID
}

// WaitForRun waits until the run with that id has ended well.
func (e *Exporter) WaitForRun(id string) {
	e.t.Helper()
	e.Eventually("run "+id+" ends", func() bool {
		var run struct {
			Phase string `json:"phase"`
		}
		status, body := e.TryGet("/api/v1/runs/" + id)
		if status != http.StatusOK {
			return false
		}
		require.NoError(e.t, json.Unmarshal([]byte(body), &struct {
			Data any `json:"data"`
		}{&run}))
		require.NotEqual(e.t, "failed", run.Phase, body)
		return run.Phase == "done"
	})
}

// CheckNow checks the whole fleet and waits for the end of the run. It needs --web.enable-lifecycle.
func (e *Exporter) CheckNow() {
	e.t.Helper()
	e.WaitForRun(e.StartRun())
}
