package alertmanager

import (
	"context"
	"encoding/pem"
	"io"
	"net/http"
	"net/http/httptest"
	"net/url"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/alertmanager/api/v2/models"
	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

// seen is a request as a server on loopback got it.
type seen struct {
	method, path, user, password, agent, contentType string
	length                                           int64
	body                                             string
}

// listen serves on loopback, and keeps what it is asked.
func listen(t *testing.T, answer http.HandlerFunc) (*httptest.Server, *[]seen) {
	t.Helper()
	var requests []seen
	s := httptest.NewUnstartedServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		user, password, _ := r.BasicAuth()
		requests = append(requests, seen{
			r.Method, r.URL.Path, user, password, r.UserAgent(), r.Header.Get("Content-Type"), r.ContentLength, string(body),
		})
		answer(w, r)
	}))
	t.Cleanup(s.Close)
	return s, &requests
}

func ok(http.ResponseWriter, *http.Request) {}

func postTo(t *testing.T, rawURL string, adapt func(c *config.Alertmanager)) error {
	t.Helper()
	u, err := url.Parse(rawURL)
	require.NoError(t, err)
	c := config.Alertmanager{URL: u, HTTPClient: promconfig.DefaultHTTPClientConfig}
	if adapt != nil {
		adapt(&c)
	}
	target, err := newTarget(c, nil)
	require.NoError(t, err)
	defer target.close()
	now := time.Now()
	alert := firing(web1)
	hence := func(t time.Time) time.Time { return t.Add(time.Hour) }
	_, err = target.post(context.Background(), postable([]*entry{{key: web1, alert: alert}}, at(now, 0), hence))
	return err
}

func TestPostsGoToTheAPIBelowTheURL(t *testing.T) {
	for suffix, path := range map[string]string{
		"": "/api/v2/alerts", "/": "/api/v2/alerts", "/am": "/am/api/v2/alerts", "/am/": "/am/api/v2/alerts",
		"/a/b": "/a/b/api/v2/alerts",
	} {
		t.Run(suffix, func(t *testing.T) {
			server, requests := listen(t, ok)
			server.Start()
			require.NoError(t, postTo(t, server.URL+suffix, nil))
			require.Len(t, *requests, 1)
			got := (*requests)[0]
			assert.Equal(t, http.MethodPost, got.method)
			assert.Equal(t, path, got.path)
			assert.Equal(t, "application/json", got.contentType)
			assert.True(t, strings.HasPrefix(got.agent, "drift_exporter/"), got.agent)
			assert.Equal(t, int64(len(got.body)), got.length)
		})
	}
}

func TestPostsUseTheConfiguredLoginAndCertificates(t *testing.T) {
	server, requests := listen(t, ok)
	server.StartTLS()
	ca := filepath.Join(t.TempDir(), "ca.pem")
	block := pem.EncodeToMemory(&pem.Block{Type: "CERTIFICATE", Bytes: server.Certificate().Raw})
	require.NoError(t, os.WriteFile(ca, block, 0o600))
	require.Error(t, postTo(t, server.URL, nil), "the certificate is not known")
	require.NoError(t, postTo(t, server.URL, func(c *config.Alertmanager) {
		c.HTTPClient.TLSConfig.CAFile = ca
		c.HTTPClient.BasicAuth = &promconfig.BasicAuth{Username: "drift", Password: testsecret.Mark}
	}))
	require.Len(t, *requests, 1)
	assert.Equal(t, "drift", (*requests)[0].user)
	assert.Equal(t, testsecret.Mark, (*requests)[0].password)
}

func TestRedirects(t *testing.T) {
	for name, test := range map[string]struct {
		code   int
		follow bool
		want   string
		posts  int
	}{
		"307 is followed with the whole request":  {http.StatusTemporaryRedirect, true, "", 1},
		"308 is followed with the whole request":  {http.StatusPermanentRedirect, true, "", 1},
		"308 is not followed if configured so":    {http.StatusPermanentRedirect, false, "status 308 Permanent Redirect", 0},
		"301 is not followed, or it became a GET": {http.StatusMovedPermanently, true, "status 301 Moved Permanently", 0},
		"302 is not followed, or it became a GET": {http.StatusFound, true, "status 302 Found", 0},
	} {
		t.Run(name, func(t *testing.T) {
			there, requests := listen(t, ok)
			there.Start()
			here, _ := listen(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", there.URL+r.URL.Path)
				w.WriteHeader(test.code)
			})
			here.Start()
			err := postTo(t, here.URL, func(c *config.Alertmanager) { c.HTTPClient.FollowRedirects = test.follow })
			if test.want == "" {
				require.NoError(t, err)
				assert.Contains(t, (*requests)[0].body, `"config_drift"`)
			} else {
				require.EqualError(t, err, test.want)
				assert.Equal(t, gone, consequenceOf(err))
			}
			assert.Len(t, *requests, test.posts)
		})
	}
}

// Whoever answers in the place of an Alertmanager, or was one, may say that it has moved.
func TestRedirectsTakeNoPasswordElsewhere(t *testing.T) {
	for name, adapt := range map[string]func(c *promconfig.HTTPClientConfig){
		"a password": func(c *promconfig.HTTPClientConfig) {
			c.BasicAuth = &promconfig.BasicAuth{Username: "drift", Password: testsecret.Mark}
		},
		"a token": func(c *promconfig.HTTPClientConfig) {
			c.Authorization = &promconfig.Authorization{Type: "Bearer", Credentials: testsecret.Mark}
		},
		"a header": func(c *promconfig.HTTPClientConfig) {
			c.HTTPHeaders = &promconfig.Headers{Headers: map[string]promconfig.Header{"X-Token": {Secrets: []promconfig.Secret{testsecret.Mark}}}}
		},
	} {
		t.Run(name, func(t *testing.T) {
			there, requests := listen(t, ok)
			there.Start()
			here, _ := listen(t, func(w http.ResponseWriter, r *http.Request) {
				w.Header().Set("Location", there.URL+r.URL.Path+"?token=x")
				w.WriteHeader(http.StatusTemporaryRedirect)
			})
			here.Start()
			err := postTo(t, here.URL, func(c *config.Alertmanager) { adapt(&c.HTTPClient) })
			require.ErrorContains(t, err, "redirected to "+there.URL+", which must not get the credentials")
			assert.Equal(t, gone, consequenceOf(err))
			assert.Empty(t, *requests)
		})
	}
	plain, requests := listen(t, ok)
	plain.Start()
	secure, _ := listen(t, func(w http.ResponseWriter, r *http.Request) {
		w.Header().Set("Location", plain.URL+r.URL.Path)
		w.WriteHeader(http.StatusPermanentRedirect)
	})
	secure.StartTLS()
	err := postTo(t, secure.URL, func(c *config.Alertmanager) { c.HTTPClient.TLSConfig.InsecureSkipVerify = true })
	require.ErrorContains(t, err, "redirected from https to http")
	assert.Empty(t, *requests)
}

func TestCredentialsStayAtTheOrigin(t *testing.T) {
	for from, all := range map[string]map[string]bool{
		"https://am:9093": {"https://am:9093/x": true, "https://AM:9093/": true, "http://am:9093": false, "https://am": false, "https://other:9093": false},
		"http://am":       {"http://am/x": true, "https://am": true, "https://am:8443": true, "https://sub.am": false, "http://am:81": false},
	} {
		for to, want := range all {
			f, err := url.Parse(from)
			require.NoError(t, err)
			u, err := url.Parse(to)
			require.NoError(t, err)
			assert.Equal(t, want, stays(f, u), "%s to %s", from, to)
		}
	}
}

func TestRedirectsInACircleEnd(t *testing.T) {
	server, requests := listen(t, func(w http.ResponseWriter, r *http.Request) {
		http.Redirect(w, r, r.URL.Path, http.StatusTemporaryRedirect)
	})
	server.Start()
	require.ErrorContains(t, postTo(t, server.URL, nil), "stopped after 10 redirects")
	assert.Len(t, *requests, 10)
}

func TestAnswers(t *testing.T) {
	for name, test := range map[string]struct {
		code        int
		contentType string
		body        string
		want        string
		consequence consequence
	}{
		"OK":                         {200, "application/json", "", "", accepted},
		"accepted by a proxy":        {202, "text/html", "<p>later</p>", "", accepted},
		"no content":                 {204, "", "", "", accepted},
		"Alertmanager's 400":         {400, "application/json", `"invalid label set"`, `status 400 Bad Request: "invalid label set"`, refused},
		"its 422":                    {422, "application/json", `{"code":602}`, `status 422 Unprocessable Entity: {"code":602}`, refused},
		"a page of a proxy":          {413, "text/html", "<h1>Too\n  large</h1>", "status 413 Request Entity Too Large: <h1>Too large</h1>", refused},
		"a type that is not known":   {502, "application/x-odd", "\xffno", "status 502 Bad Gateway: no", failed},
		"its 500":                    {500, "application/json", `"no"`, `status 500 Internal Server Error: "no"`, failed},
		"too many requests":          {429, "", "", "status 429 Too Many Requests", gone},
		"not logged in":              {401, "text/plain", "who?", "status 401 Unauthorized: who?", gone},
		"a long page is cut":         {503, "text/plain", strings.Repeat("x", 1<<20), "status 503 Service Unavailable: " + strings.Repeat("x", 300) + "…", failed},
		"a path that is not there":   {404, "text/plain", "", "status 404 Not Found", gone},
		"an endpoint that is not it": {405, "text/plain", "", "status 405 Method Not Allowed", gone},
	} {
		t.Run(name, func(t *testing.T) {
			server, _ := listen(t, func(w http.ResponseWriter, _ *http.Request) {
				w.Header().Set("Content-Type", test.contentType)
				w.WriteHeader(test.code)
				_, _ = io.WriteString(w, test.body)
			})
			server.Start()
			err := postTo(t, server.URL, nil)
			if test.want == "" {
				require.NoError(t, err)
			} else {
				require.EqualError(t, err, test.want)
			}
			assert.Equal(t, test.consequence, consequenceOf(err))
		})
	}
}

func TestAnAnswerThatDoesNotComeTimesOut(t *testing.T) {
	inWorld(t, []string{"am"}, func(t *testing.T, w *world) {
		w.servers["am"].answers(hang)
		w.targets[0].Timeout = 3 * time.Second
		target, err := newTarget(w.targets[0], w.dial)
		require.NoError(t, err)
		defer target.close()
		before := time.Now()
		_, err = target.post(context.Background(), models.PostableAlerts{})
		require.ErrorIs(t, err, context.DeadlineExceeded)
		assert.Equal(t, gone, consequenceOf(err))
		assert.Equal(t, 3*time.Second, time.Since(before))
	})
}

func TestAnErrorShowsNoPassword(t *testing.T) {
	err := postTo(t, "http://127.0.0.1:1", func(c *config.Alertmanager) {
		c.HTTPClient.BasicAuth = &promconfig.BasicAuth{Username: "drift", Password: "hunter2"}
	})
	require.Error(t, err)
	assert.NotContains(t, err.Error(), "hunter2")
}
