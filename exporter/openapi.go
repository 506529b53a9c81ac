package exporter

import (
	"bytes"
	_ "embed" // openapi.yaml
	"encoding/json"
	"errors"
	"fmt"
	"net/http"
	"strconv"
)

// openAPIFile describes the API in OpenAPI 3.1. It is written by hand; the tests hold it against the handlers.
//
//go:embed openapi.yaml
var openAPIFile []byte

// openAPIServer is the line of openapi.yaml that says where the API is.
const openAPIServer = "  - url: http://localhost:10186\n"

// describe is openapi.yaml with the address that this exporter is reached at.
func (e *Exporter) describe() ([]byte, error) {
	if bytes.Count(openAPIFile, []byte(openAPIServer)) != 1 {
		return nil, errors.New("exporter: openapi.yaml has no place for the address")
	}
	here := e.links.Absolute(e.links.base)
	if here == "" {
		here = "/"
	}
	quoted, err := json.Marshal(here) // which is YAML, too
	if err != nil {
		return nil, fmt.Errorf("exporter: openapi.yaml: %w", err)
	}
	return bytes.Replace(openAPIFile, []byte(openAPIServer), []byte("  - url: "+string(quoted)+"\n"), 1), nil
}

// openAPI serves the description at the address where Prometheus has its own.
func (e *Exporter) openAPI(w http.ResponseWriter, _ *http.Request) {
	h := w.Header()
	h.Set("Content-Type", "application/yaml")
	h.Set("Cache-Control", "no-store")
	h.Set("Content-Length", strconv.Itoa(len(e.openapi)))
	_, _ = w.Write(e.openapi) // the client is gone
}
