package exporter

import (
	"bufio"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"strings"
	"testing"
	"unicode/utf8"

	"github.com/stretchr/testify/require"
)

// Whatever a client sends that is a request at all: it is answered, a mistake is the client's, JSON is valid, nothing may be embedded or
// guessed to be of another type, and nothing that the client sent is a page's own HTML or header.
func FuzzRequest(f *testing.F) {
	for _, request := range []string{
		"GET / HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /?status=drifted&pack=base&label=env=prod&sort=-since&page=2&q=x HTTP/1.1\r\nHost: x\r\nAccept-Encoding: gzip;q=0, *\r\n\r\n",
		"GET /machines/web1/packs/base?expand=1 HTTP/1.1\r\nHost: x\r\nIf-None-Match: \"x\"\r\n\r\n",
		"GET /machines/web1/packs/base/history?from=1&to=2 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /metrics?name[]=drift_compliant HTTP/1.1\r\nHost: x\r\nAccept: application/openmetrics-text;version=1.0.0\r\n\r\n",
		"GET /api/v1/machines?limit=2&next_token=web1 HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /api/v1/pairs?sort=-since&at=2026-01-29T06:00:00Z HTTP/1.1\r\nHost: x\r\n\r\n",
		"GET /api/v1/packs/base HTTP/1.1\r\nHost: x\r\n\r\n", "GET /api/v1/runs/2026-01-29T06:00:00Z HTTP/1.1\r\nHost: x\r\n\r\n",
		"POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: 21\r\n\r\n{\"machines\":[\"web1\"]}",
		"POST /-/reload HTTP/1.1\r\nHost: x\r\nOrigin: http://evil.example\r\nSec-Fetch-Site: cross-site\r\nContent-Length: 0\r\n\r\n",
		"POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nTransfer-Encoding: chunked\r\n\r\n3\r\n{}x\r\n0\r\n\r\n",
		"HEAD /%2e%2e/%2e%2e/etc/passwd HTTP/1.0\r\n\r\n", "OPTIONS * HTTP/1.1\r\nHost: x\r\n\r\n", "GET http://evil.example/packs/<script> HTTP/1.1\r\nHost: \"><script>\r\n\r\n",
		"GET /-/healthy HTTP/1.1\r\nHost: x\r\nRange: bytes=0-1,5-\r\n\r\n", "GET /assets/../templates/x HTTP/1.1\r\nHost: x\r\n\r\n", "GET //evil.example/ HTTP/1.1\r\nHost: x\r\n\r\n",
	} {
		f.Add([]byte(request))
	}
	r := newRig(f, lifecycle)
	f.Fuzz(func(t *testing.T, raw []byte) {
		request, err := http.ReadRequest(bufio.NewReader(strings.NewReader(string(raw))))
		if err != nil {
			return // what the server of the standard library refuses by itself
		}
		w := httptest.NewRecorder()
		r.handler.ServeHTTP(w, request)
		response, body := w.Result(), w.Body.String()
		require.Less(t, response.StatusCode, 500, body)
		header := response.Header
		require.Empty(t, header.Get("Access-Control-Allow-Origin"))
		if to := header.Get("Location"); to != "" {
			require.False(t, strings.HasPrefix(to, "//"), to)
			require.True(t, strings.HasPrefix(to, "/") || strings.HasPrefix(to, "https://drift.example.org/"), to)
		}
		if header.Get("Content-Encoding") != "" || response.StatusCode == http.StatusNotModified || response.StatusCode == http.StatusPartialContent {
			return
		}
		require.True(t, utf8.ValidString(body))
		switch kind, _, _ := strings.Cut(header.Get("Content-Type"), ";"); kind {
		case "application/json":
			require.True(t, request.Method == http.MethodHead || json.Valid([]byte(body)), body)
		case "text/html":
			require.Contains(t, header.Get("Content-Security-Policy"), "default-src 'none'")
			require.Equal(t, "nosniff", header.Get("X-Content-Type-Options"))
			require.NotContains(t, strings.ToLower(body), "<script>")
		}
	})
}
