package exporter

import (
	"bytes"
	"compress/gzip"
	"context"
	"errors"
	"io"
	"log/slog"
	"net/url"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestStatusOfEveryRoute(t *testing.T) {
	r := newRig(t, nil)
	for _, tc := range []struct {
		method, path string
		status       int
		contentType  string
	}{
		{"GET", "/", 200, "text/html"},
		{"HEAD", "/", 200, "text/html"},
		{"GET", "/machines/web1", 200, "text/html"},
		{"GET", "/machines/web%31", 200, "text/html"},
		{"GET", "/machines/none", 404, "text/html"},
		{"GET", "/machines/..%2F..%2Fetc", 404, "text/html"},
		{"GET", "/machines/web1/packs/base", 200, "text/html"},
		{"GET", "/machines/web1/packs/b%61se", 200, "text/html"},
		{"GET", "/machines/web1/packs/none", 404, "text/html"},
		{"GET", "/machines/web1/packs/base/more", 404, "text/html"},
		{"GET", "/machines/off1/packs/base", 200, "text/html"},
		{"GET", "/machines/gone1/packs/base", 404, "text/html"},
		{"GET", "/?status=nonsense", 400, "text/html"},
		{"GET", "/?q=%zz", 400, "text/html"},
		{"GET", "/nothing", 404, "text/html"},
		{"PUT", "/machines/web1", 405, "text/html"},
		{"GET", "/metrics", 200, "text/plain"},
		{"HEAD", "/metrics", 200, "text/plain"},
		{"POST", "/metrics", 405, "text/plain"},
		{"GET", "/-/healthy", 200, "text/plain"},
		{"HEAD", "/-/ready", 200, "text/plain"},
		{"GET", "/-/reload", 405, "text/plain"},
		{"GET", "/assets/style.css", 200, "text/css"},
		{"GET", "/assets/icon.svg", 200, "image/svg+xml"},
		{"GET", "/assets/none.css", 404, "text/plain"},
		{"GET", "/assets/..%2Ftemplates%2Flayout.html", 404, "text/plain"},
		{"GET", "/api/v1/machines", 200, "application/json"},
		{"HEAD", "/api/v1/machines", 200, "application/json"},
		{"DELETE", "/api/v1/machines", 405, "application/json"},
		{"GET", "/api/v1/machines/none", 404, "application/json"},
		{"GET", "/api/v1/machines/web1/packs/none", 404, "application/json"},
		{"GET", "/api/v1/machines/none/packs/base/history", 404, "application/json"},
		{"GET", "/api/v1/machines/new1/packs/base/history", 200, "application/json"},
		{"GET", "/api/v1/runs/2020-01-01T00:00:00Z", 404, "application/json"},
		{"GET", "/api/v1/runs/2026-01-29T06%3A00%3A00Z", 200, "application/json"},
		{"PUT", "/api/v1/runs", 405, "application/json"},
		{"GET", "/api/v1/nothing", 404, "application/json"},
		{"GET", "/api/", 404, "application/json"},
	} {
		t.Run(tc.method+" "+tc.path, func(t *testing.T) {
			res := r.do(tc.method, tc.path, "")
			assert.Equal(t, tc.status, res.StatusCode)
			assert.Contains(t, res.Header.Get("Content-Type"), tc.contentType)
			assert.Equal(t, "nosniff", res.Header.Get("X-Content-Type-Options"))
			assert.Contains(t, res.Header.Get("Content-Security-Policy"), "default-src 'none'")
			assert.Contains(t, res.Header.Get("Content-Security-Policy"), "frame-ancestors 'none'")
			assert.NotContains(t, res.Header.Get("Content-Security-Policy"), "unsafe")
			if body := bodyOf(t, res); tc.contentType == "application/json" && tc.method != "HEAD" {
				assert.Contains(t, body, `"status":`)
			}
		})
	}
}

func TestWrongMethodsNameTheRightOnes(t *testing.T) {
	r := newRig(t, nil)
	for path, allow := range map[string]string{
		"/metrics": "GET, HEAD", "/-/reload": "POST", "/api/v1/packs": "GET, HEAD", "/api/v1/runs": "GET, HEAD, POST", "/": "GET, HEAD, POST",
	} {
		assert.Equal(t, allow, r.do("PATCH", path, "").Header.Get("Allow"), path)
	}
}

func TestRoutePrefixAndExternalURL(t *testing.T) {
	for name, tc := range map[string]struct {
		external, prefix string
		served, missing  string
		link             string
	}{
		"links and routes share the external path": {"https://ops.example.org/drift/", "", "/drift/machines/web1", "/machines/web1", "/drift/machines/web1/packs/base"},
		"a proxy that strips the path":             {"https://ops.example.org/drift", "/", "/machines/web1", "/drift/machines/web1", "/drift/machines/web1/packs/base"},
		"a proxy that adds another":                {"https://ops.example.org/", "inner/", "/inner/machines/web1", "/machines/web1", "/machines/web1/packs/base"},
		"no external URL":                          {"", "", "/machines/web1", "/drift/machines/web1", "/machines/web1/packs/base"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, func(_ *rig, o *Options) {
				o.RoutePrefix, o.ExternalURL = tc.prefix, nil
				if tc.external != "" {
					o.ExternalURL = mustURL(t, tc.external)
				}
			})
			res, body := r.get(t, tc.served)
			require.Equal(t, 200, res.StatusCode)
			assert.Contains(t, body, `href="`+tc.link+`"`)
			res, _ = r.get(t, tc.missing)
			assert.Equal(t, 404, res.StatusCode)
		})
	}
	t.Run("the bare host leads to the fleet page", func(t *testing.T) {
		r := newRig(t, func(_ *rig, o *Options) { o.ExternalURL = mustURL(t, "https://ops.example.org/drift") })
		res, _ := r.get(t, "/")
		assert.Equal(t, 302, res.StatusCode)
		assert.Equal(t, "/drift/", res.Header.Get("Location"))
	})
}

func TestNewRefusesWhatCannotWork(t *testing.T) {
	good := Options{View: newFakeState(), Store: newFakeState(), Fleet: always(nil), Runs: &fakeRuns{}, Gatherer: prometheus.NewRegistry(), Registerer: prometheus.NewRegistry()}
	for name, tc := range map[string]struct {
		change func(*Options)
		want   string
	}{
		"a wildcard in the prefix": {func(o *Options) { o.RoutePrefix = "/{x}" }, `exporter: route prefix: "/{x}" must have only letters, digits and / . _ ~ -`},
		"an external URL without a host": {func(o *Options) { o.ExternalURL = mustURL(t, "drift.example.org") },
			`exporter: external URL "drift.example.org" must begin with http:// or https:// and name a host`},
		"an external URL that is no web address": {func(o *Options) { o.ExternalURL = mustURL(t, "ftp://u:secret@x") },
			`exporter: external URL "ftp://u:xxxxx@x" must begin with http:// or https:// and name a host`},
		"nothing to show": {func(o *Options) { o.View = nil }, "exporter: view, store, fleet, runs, gatherer and registerer are required"},
	} {
		t.Run(name, func(t *testing.T) {
			o := good
			tc.change(&o)
			_, err := New(o)
			require.EqualError(t, err, tc.want)
		})
	}
}

func TestDiffURLLeadsToTheDiffView(t *testing.T) {
	external := mustURL(t, "https://ops.example.org/drift/")
	link := DiffURL(external, state.Key{Machine: "web1", Pack: "base"})
	assert.Equal(t, "https://ops.example.org/drift/machines/web1/packs/base", link)
	r := newRig(t, func(_ *rig, o *Options) { o.ExternalURL = external })
	res, body := r.get(t, mustURL(t, link).Path)
	assert.Equal(t, 200, res.StatusCode)
	assert.Contains(t, body, "/etc/ssh/sshd_config")
	assert.Equal(t, "https://x/machines/a%2Fb/packs/c%3Fd", DiffURL(mustURL(t, "https://x"), state.Key{Machine: "a/b", Pack: "c?d"}))
}

func TestReadySaysWhyNot(t *testing.T) {
	for name, tc := range map[string]struct {
		change func(*rig, *Options)
		status int
		want   string
	}{
		"all well":                            {nil, 200, "drift_exporter is ready.\n"},
		"no configuration":                    {func(r *rig, _ *Options) { r.fleet = nil }, 503, "not ready: no configuration is loaded\n"},
		"the clock is wrong, which pages say": {func(r *rig, _ *Options) { r.clockOff = time.Hour }, 200, "drift_exporter is ready.\n"},
		"the state is not live":               {func(r *rig, _ *Options) { r.down = true }, 503, "not ready: " + staleState + "\n"},
		"the state cannot be written":         {func(r *rig, _ *Options) { r.stuck = "the disk is full" }, 503, "not ready: the disk is full\n"},
	} {
		t.Run(name, func(t *testing.T) {
			r := newRig(t, tc.change)
			res, body := r.get(t, "/-/ready")
			assert.Equal(t, tc.status, res.StatusCode)
			assert.Equal(t, tc.want, body)
			res, _ = r.get(t, "/-/healthy")
			assert.Equal(t, 200, res.StatusCode)
		})
	}
}

func TestReload(t *testing.T) {
	var calls int
	var fail error
	lifecycle := func(on bool) *rig {
		return newRig(t, func(_ *rig, o *Options) {
			o.EnableLifecycle = on
			o.Reload = func(context.Context) error { calls++; return fail }
		})
	}
	assert.Equal(t, 403, lifecycle(false).do("POST", "/-/reload", "").StatusCode)
	require.Zero(t, calls)

	r := lifecycle(true)
	assert.Equal(t, 200, r.do("POST", "/-/reload", "").StatusCode)
	fail = errors.New("config.yaml:3: unknown field chedule")
	res := r.do("POST", "/-/reload", "")
	assert.Equal(t, 500, res.StatusCode)
	assert.Equal(t, "failed to reload config: config.yaml:3: unknown field chedule\n", bodyOf(t, res))
	assert.Equal(t, 2, calls)
}

// Another site's page can make a browser send a POST; none of them may do anything.
func TestPostsFromOtherSitesAreRefused(t *testing.T) {
	reloads := 0
	r := newRig(t, func(_ *rig, o *Options) {
		o.EnableLifecycle = true
		o.Reload = func(context.Context) error { reloads++; return nil }
	})
	paths := []string{"/-/reload", "/api/v1/runs", "/", "/machines/web1"}
	for _, path := range paths {
		assert.Equal(t, 403, r.do("POST", path, "", "Sec-Fetch-Site", "cross-site").StatusCode, path)
		assert.Equal(t, 403, r.do("POST", path, "", "Origin", "https://evil.example").StatusCode, path)
		assert.Equal(t, 403, r.do("POST", path, "", "Origin", "null").StatusCode, path)
	}
	require.Zero(t, reloads)
	require.Empty(t, r.runs.started)
	assert.Contains(t, bodyOf(t, r.do("POST", "/api/v1/runs", "", "Sec-Fetch-Site", "cross-site")), `"errorType":"forbidden"`)

	// Our own pages, a script, and our own pages behind a proxy that rewrites Host over plain HTTP.
	for _, header := range [][]string{{"Sec-Fetch-Site", "same-origin"}, nil, {"Origin", "https://drift.example.org"}} {
		assert.Less(t, r.do("POST", "/api/v1/runs", "", header...).StatusCode, 400, header)
	}
	assert.Equal(t, 200, r.do("GET", "/", "", "Sec-Fetch-Site", "cross-site").StatusCode, "a link in Slack")
}

func TestMetricsAreCompressedInstrumentedAndCounted(t *testing.T) {
	r := newRig(t, nil)
	res := r.do("GET", "/metrics", "", "Accept-Encoding", "gzip")
	require.Equal(t, "gzip", res.Header.Get("Content-Encoding"))
	plain, err := gzip.NewReader(res.Body)
	require.NoError(t, err)
	text, err := io.ReadAll(plain)
	require.NoError(t, err)
	assert.Contains(t, string(text), `drift_compliant{machine="web1",pack="base"} 0`)
	_, again := r.get(t, "/metrics")
	assert.Contains(t, again, `promhttp_metric_handler_requests_total{code="200"} 1`)
}

// broken is a collector of somebody else that fails.
type broken struct{}

func (broken) Describe(chan<- *prometheus.Desc) {}
func (broken) Collect(ch chan<- prometheus.Metric) {
	ch <- prometheus.NewInvalidMetric(prometheus.NewDesc("broken", "b", nil, nil), errors.New("does not work"))
}

func TestABrokenCollectorLeavesTheGaugesAlone(t *testing.T) {
	var log bytes.Buffer
	r := newRig(t, func(r *rig, o *Options) {
		o.Logger = slog.New(slog.NewTextHandler(&log, nil))
		r.reg.MustRegister(broken{})
	})
	res, text := r.get(t, "/metrics")
	assert.Equal(t, 200, res.StatusCode)
	assert.Contains(t, text, `drift_compliant{machine="web1",pack="base"} 0`)
	assert.Contains(t, log.String(), "does not work")
	_, text = r.get(t, "/metrics")
	assert.Contains(t, text, `promhttp_metric_handler_errors_total{cause="gathering"} 1`)
}

func TestAssetsAreKeptByBrowsersAndChangeTheirAddress(t *testing.T) {
	r := newRig(t, nil)
	_, page := r.get(t, "/")
	_, rest, ok := strings.Cut(page, `rel="stylesheet" href="`)
	require.True(t, ok)
	href, _, _ := strings.Cut(rest, `"`)
	res, css := r.get(t, href)
	require.Equal(t, 200, res.StatusCode)
	assert.NotEmpty(t, css)
	assert.Contains(t, res.Header.Get("Cache-Control"), "immutable")

	res, _ = r.get(t, "/assets/style.css?v=other")
	assert.Equal(t, "no-cache", res.Header.Get("Cache-Control"))
	res = r.do("GET", "/assets/style.css", "", "If-None-Match", res.Header.Get("ETag"))
	assert.Equal(t, 304, res.StatusCode)
}

func mustURL(t testing.TB, s string) *url.URL {
	t.Helper()
	u, err := url.Parse(s)
	require.NoError(t, err)
	return u
}
