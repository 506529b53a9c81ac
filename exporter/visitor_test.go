package exporter

import (
	"bufio"
	"context"
	"fmt"
	"net"
	"net/http"
	"net/http/httptest"
	"net/url"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// everyPath is one of each kind there is.
var everyPath = []string{
	"/", "/metrics", "/-/healthy", "/-/ready", "/-/reload", "/assets/style.css", "/machines/web1", "/machines/web1/packs/base",
	"/machines/web1/packs/base/history", "/packs", "/packs/base", "/api/v1/machines", "/api/v1/machines/web1", "/api/v1/machines/web1/packs/base",
	"/api/v1/machines/web1/packs/base/history", "/api/v1/packs", "/api/v1/packs/base", "/api/v1/pairs", "/api/v1/runs", "/nowhere", "/api/nowhere",
}

// A link that somebody is made to follow, or an image of another site, must do nothing.
func TestNothingIsChangedByWhatIsNoPost(t *testing.T) {
	reloads := 0
	r := newRig(t, func(_ *rig, o *Options) {
		o.EnableLifecycle = true
		o.Reload = func(context.Context) error { reloads++; return nil }
	})
	for _, method := range []string{"GET", "HEAD", "OPTIONS", "PUT", "PATCH", "DELETE", "TRACE", "post"} {
		for _, path := range everyPath {
			for _, query := range []string{"", "?_method=POST", "?machines=web1"} {
				r.do(method, path+query, "machine=web1", "X-HTTP-Method-Override", "POST", "Content-Type", "application/x-www-form-urlencoded")
			}
		}
	}
	assert.Zero(t, reloads)
	assert.Empty(t, r.runs.started)
	assert.Equal(t, http.StatusOK, r.do("POST", "/-/reload", "").StatusCode, "a POST does")
	assert.Equal(t, 1, reloads)
}

// Whoever stands in for a proxy, or makes a cache keep what it asked for, says what it likes of the host.
func TestNoLinkIsMadeOfWhatAClientSaysOfTheHost(t *testing.T) {
	for name, external := range map[string]string{"with an external URL": "https://ops.example.org/drift", "without": ""} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(_ *rig, o *Options) {
				o.EnableLifecycle, o.ExternalURL = true, nil
				if external != "" {
					o.ExternalURL = mustURL(t, external)
				}
			})
			for _, path := range append(everyPath, "//evil.example/", "/drift", "/drift/", "/drift/machines/web1") {
				q := httptest.NewRequest(http.MethodGet, path, nil)
				q.Host = "evil.example"
				for _, header := range []string{"X-Forwarded-Host", "X-Original-URL", "X-Rewrite-URL", "X-Host"} {
					q.Header.Set(header, "evil.example")
				}
				q.Header.Set("Forwarded", "host=evil.example")
				answer := httptest.NewRecorder()
				r.handler.ServeHTTP(answer, q)
				if strings.HasPrefix(path, "//") {
					continue // what it asked for is told, see the next test
				}
				assert.NotContains(t, answer.Body.String(), "evil.example", path)
				assert.NotContains(t, fmt.Sprint(answer.Header()), "evil.example", path)
			}
		})
	}
}

// Where an answer leads to, it is to ourselves; and nothing in a request makes a header.
func TestNoAnswerLeadsElsewhere(t *testing.T) {
	for _, external := range []string{"", "https://ops.example.org/drift"} {
		r := newRig(t, func(_ *rig, o *Options) {
			o.EnableLifecycle, o.ExternalURL = true, nil
			if external != "" {
				o.ExternalURL = mustURL(t, external)
			}
		})
		for _, method := range []string{"GET", "POST"} {
			for _, target := range []string{
				"//evil.example", "//evil.example/..", "///evil.example/", "/\\evil.example", "/%5cevil.example/..", "/%2fevil.example/%2e%2e", "//evil.example/%2e%2e/machines/web1",
				"/machines//evil.example", "/machines/..//evil.example/", "/machines/web1?next=https://evil.example", "/?url=//evil.example", "/assets/..%2f..%2fetc%2fpasswd",
				"/assets/../../etc/passwd", "/assets//etc/passwd", "/packs/..%2fconfig.yaml", "/machines/%0d%0aX-Evil:%20evil.example", "/%0d%0aLocation:%20https://evil.example",
				"/packs/base%0aX-Evil:1", "/?%0d%0aX-Evil:1=1",
			} {
				u, err := url.ParseRequestURI(target)
				require.NoError(t, err, target)
				q := httptest.NewRequest(method, "/", nil)
				q.URL, q.RequestURI = u, target
				answer := httptest.NewRecorder()
				r.handler.ServeHTTP(answer, q)
				assert.Empty(t, answer.Header().Get("X-Evil"), target)
				assert.NotContains(t, answer.Body.String(), "root:x:0", target)
				location := answer.Header().Get("Location")
				if location == "" {
					continue
				}
				to, err := q.URL.Parse(location)
				require.NoError(t, err, "%s: %s", target, location)
				assert.Empty(t, to.Host, "%s leads to %s", target, location)
				assert.False(t, strings.HasPrefix(strings.ReplaceAll(location, `\`, "/"), "//"), "%s leads to %s", target, location)
			}
		}
	}
}

// What is too long for anybody to mean is refused, over a real connection, and the next one is served.
func TestHugeRequestsAreRefused(t *testing.T) {
	server := httptest.NewServer(newRig(t, lifecycle).handler)
	defer server.Close()
	huge := strings.Repeat("a", 2<<20)
	for name, text := range map[string]string{
		"a query":  "GET /?q=" + huge + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"a path":   "GET /machines/" + huge + " HTTP/1.1\r\nHost: x\r\n\r\n",
		"a header": "GET / HTTP/1.1\r\nHost: x\r\nX-Long: " + huge + "\r\n\r\n",
		"headers":  "GET / HTTP/1.1\r\nHost: x\r\n" + strings.Repeat("X-Many: 1\r\n", 200_000) + "\r\n",
		"a body":   fmt.Sprintf("POST /api/v1/runs HTTP/1.1\r\nHost: x\r\nContent-Length: %d\r\n\r\n%s", len(huge), huge),
	} {
		conn, err := net.Dial("tcp", strings.TrimPrefix(server.URL, "http://"))
		require.NoError(t, err)
		go func() { _, _ = conn.Write([]byte(text)) }()
		answer, err := http.ReadResponse(bufio.NewReader(conn), nil)
		if err == nil { // else it hung up while we were still talking
			assert.GreaterOrEqual(t, answer.StatusCode, 400, name)
			assert.Less(t, answer.StatusCode, 500, name)
			_ = answer.Body.Close()
		}
		_ = conn.Close()
		res, err := http.Get(server.URL + "/-/healthy")
		require.NoError(t, err)
		assert.Equal(t, http.StatusOK, res.StatusCode)
		_ = res.Body.Close()
	}
	http.DefaultClient.CloseIdleConnections()
}
