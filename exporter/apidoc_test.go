package exporter

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/url"
	"os"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const apiDoc = "../docs/api.md"

// apiExample is a request and its answer in docs/api.md.
var apiExample = regexp.MustCompile("(?s)```console\n\\$ curl (.*?)\n```\n```json\n(.*?)\n```")

// The examples of docs/api.md are the goldens of the API. UPDATE_DOCS=1 writes them anew, to be read before they are
// committed.
func TestDocumentedAPIExamplesAreTrue(t *testing.T) {
	doc, err := os.ReadFile(apiDoc)
	require.NoError(t, err)
	r := newRig(t, func(_ *rig, o *Options) { o.EnableLifecycle = true })

	examples := 0
	updated := apiExample.ReplaceAllFunc(doc, func(example []byte) []byte {
		examples++
		parts := apiExample.FindSubmatch(example)
		got := curl(t, r, string(parts[1]))
		if os.Getenv("UPDATE_DOCS") == "" {
			assert.JSONEq(t, string(parts[2]), got, "curl %s", parts[1])
			return example
		}
		var pretty bytes.Buffer
		require.NoError(t, json.Indent(&pretty, []byte(strings.TrimSpace(got)), "", "  "))
		return bytes.Replace(example, append([]byte("```json\n"), parts[2]...), append([]byte("```json\n"), pretty.Bytes()...), 1)
	})
	require.GreaterOrEqual(t, examples, 10)
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile(apiDoc, updated, 0o644))
	}
}

// curl does what the documented command line does.
func curl(t *testing.T, r *rig, line string) string {
	method, body := http.MethodGet, ""
	if rest, ok := strings.CutPrefix(line, "-X POST -d '"); ok {
		method = http.MethodPost
		body, line, ok = strings.Cut(rest, "' ")
		require.True(t, ok, line)
	}
	u, err := url.Parse(strings.Trim(line, "'"))
	require.NoError(t, err)
	require.Equal(t, "https://drift.example.org", u.Scheme+"://"+u.Host)
	return bodyOf(t, r.do(method, u.RequestURI(), body))
}

// openAPIExample is a request and the example of its answer in openapi.yaml.
var openAPIExample = regexp.MustCompile(`# curl (.*)\n +example: (.*)`)

// The examples of openapi.yaml are answers, too: to the command above them, or else to one of the contract's requests.
func TestDescribedExamplesAreTrue(t *testing.T) {
	doc, err := os.ReadFile("openapi.yaml")
	require.NoError(t, err)
	r := newRig(t, func(_ *rig, o *Options) { o.EnableLifecycle = true })
	updated := openAPIExample.ReplaceAllFunc(doc, func(example []byte) []byte {
		parts := openAPIExample.FindSubmatch(example)
		got := strings.TrimSpace(curl(t, r, string(parts[1])))
		if os.Getenv("UPDATE_DOCS") == "" {
			assert.JSONEq(t, string(parts[2]), got, "curl %s", parts[1])
			return example
		}
		return bytes.Replace(example, append([]byte("example: "), parts[2]...), []byte("example: "+got), 1)
	})
	if os.Getenv("UPDATE_DOCS") != "" {
		require.NoError(t, os.WriteFile("openapi.yaml", updated, 0o644))
	}
}

// Every endpoint has its section, and nothing else is promised.
func TestEveryEndpointIsDocumented(t *testing.T) {
	doc, err := os.ReadFile(apiDoc)
	require.NoError(t, err)
	endpoints := []string{"GET /-/healthy", "GET /-/ready", "POST /-/reload"}
	for _, r := range newRig(t, nil).exporter.apiRoutes() {
		endpoints = append(endpoints, r.method+" "+apiBase+r.pattern)
	}
	for _, endpoint := range endpoints {
		assert.True(t, bytes.Contains(doc, []byte("`"+endpoint+"`")), endpoint)
	}
	for _, typ := range []errorType{errBadData, errNotFound, errForbidden, errMethod, errConflict, errUnavailable, errTimeout, errInternal} {
		assert.True(t, bytes.Contains(doc, []byte("`"+typ+"`")), typ)
	}
}
