package config_test

import (
	"bytes"
	"fmt"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

func TestAlertmanagers(t *testing.T) {
	dir := write(t, map[string]string{"config.yaml": `
alerting:
  resend_delay: 30s
  alertmanagers:
    - url: http://am1:9093/
    - url: https://user:s3cret@AM2/prefix/
      timeout: 3s
      external_url: HTTPS://Alerts.example.com/am/
    - url: http://am3
      authorization: {credentials_file: token}
      follow_redirects: false
`, "token": "s3cret"})
	c, problems := config.Load(filepath.Join(dir, "config.yaml"), home)
	require.False(t, problems.Fatal(), "%v", problems)
	ams := c.Alerting.Alertmanagers
	require.Len(t, ams, 3)

	assert.Equal(t, "http://am1:9093", ams[0].URL.String())
	assert.Equal(t, "http://am1:9093", ams[0].ExternalURL.String(), "its own, unless given")
	assert.Equal(t, 10*time.Second, ams[0].Timeout)
	assert.Equal(t, promconfig.DefaultHTTPClientConfig, ams[0].HTTPClient)

	assert.Equal(t, "https://am2/prefix", ams[1].URL.String())
	assert.Equal(t, "https://alerts.example.com/am", ams[1].ExternalURL.String())
	assert.Equal(t, 3*time.Second, ams[1].Timeout)
	assert.Equal(t, &promconfig.BasicAuth{Username: "user", Password: "s3cret"}, ams[1].HTTPClient.BasicAuth)

	assert.Equal(t, &promconfig.Authorization{Type: "Bearer", CredentialsFile: filepath.Join(dir, "token")}, ams[2].HTTPClient.Authorization)
	assert.False(t, ams[2].HTTPClient.FollowRedirects)
	assert.True(t, ams[2].HTTPClient.EnableHTTP2)
}

func TestAddressForBrowsersHasNoUserinfoOfTheURL(t *testing.T) {
	am := load(t, `alerting: {alertmanagers: [{url: "http://me:s3cret@am/x"}]}`).Alerting.Alertmanagers[0]
	assert.Equal(t, "http://am/x", am.ExternalURL.String())
}

func TestBearerTokenBecomesAnAuthorization(t *testing.T) {
	c := load(t, "alerting: {alertmanagers: [{url: \"http://am\", bearer_token: s3cret}]}")
	assert.Equal(t, &promconfig.Authorization{Type: "Bearer", Credentials: "s3cret"}, c.Alerting.Alertmanagers[0].HTTPClient.Authorization)
}

func TestUserinfoOfTheURLIsWhatTheClientSends(t *testing.T) {
	var user, password string
	server := httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) { user, password, _ = r.BasicAuth() }))
	defer server.Close()
	c := load(t, "alerting: {alertmanagers: [{url: \""+strings.Replace(server.URL, "//", "//me:s%23cret@", 1)+"\"}]}")
	am := c.Alerting.Alertmanagers[0]
	client, err := promconfig.NewClientFromConfig(am.HTTPClient, "test")
	require.NoError(t, err)
	response, err := client.Get(am.URL.String())
	require.NoError(t, err)
	require.NoError(t, response.Body.Close())
	client.CloseIdleConnections()
	assert.Equal(t, []string{"me", "s#cret"}, []string{user, password})
}

const planted = testsecret.Mark

// secrets has one wherever a configuration can hold one.
const secrets = `
alerting:
  external_labels: {dc: a}
  alertmanagers:
    - {url: "http://tellnobody7f3a-user:tellnobody7f3a@am1"}
    - {url: "http://tellnobody7f3a-token@am2"}
    - {url: "http://am3", basic_auth: {username: tellnobody7f3a, password: tellnobody7f3a}}
    - {url: "http://am4", authorization: {credentials: tellnobody7f3a}}
    - {url: "http://am5", bearer_token: tellnobody7f3a}
    - url: http://am6
      oauth2:
        client_id: me
        client_secret: tellnobody7f3a
        token_url: http://idp/
        endpoint_params: {password: tellnobody7f3a}
        proxy_url: http://tellnobody7f3a:tellnobody7f3a@proxy
    - {url: "http://am7", proxy_url: "http://tellnobody7f3a:tellnobody7f3a@proxy", proxy_connect_header: {X: [tellnobody7f3a]}}
    - {url: "http://am8", http_headers: {X-Token: {values: [tellnobody7f3a], secrets: [tellnobody7f3a]}}}
machines:
  - name: web1
    packs: [base]
    vars: {password: tellnobody7f3a, nested: {list: [tellnobody7f3a]}, none: }
    waivers: [{pack: base, kind: file, item: /a, reason: r, expires: 2026-03-29}]
  - {name: here, packs: [base], transport: local}
`

func TestSecretsAreNotPrinted(t *testing.T) {
	c := load(t, secrets)
	out, err := c.Redacted()
	require.NoError(t, err)
	assert.NotContains(t, string(out), planted)
	assert.GreaterOrEqual(t, strings.Count(string(out), "<secret>"), 10)

	var log bytes.Buffer
	for _, handler := range []slog.Handler{slog.NewTextHandler(&log, nil), slog.NewJSONHandler(&log, nil)} {
		for _, am := range c.Alerting.Alertmanagers {
			slog.New(handler).Info("x", "alertmanager", am)
		}
		slog.New(handler).Info("x", "config", c, "alerting", c.Alerting)
	}
	fmt.Fprintf(&log, "%v %+v %s %v %+v", c, c, c, c.Alerting.Alertmanagers, c.Alerting)
	assert.NotContains(t, log.String(), planted)
}

func TestRedactedIsTheConfigurationOnceMore(t *testing.T) {
	sample, _ := config.Load("testdata/sample.yaml", home)
	sample.Machines[0].Vars = nil // their values are hidden
	out, err := sample.Redacted()
	require.NoError(t, err)
	again := load(t, string(out))

	assert.Equal(t, sample.Schedule, again.Schedule)
	assert.Equal(t, sample.Check, again.Check)
	assert.Equal(t, sample.PacksDir, again.PacksDir)
	assert.Equal(t, sample.SSH, again.SSH)
	assert.Equal(t, sample.Alerting, again.Alerting)
	require.Len(t, again.Machines, 1)
	web1 := again.Machines[0]
	web1.File, web1.Line, web1.SSH.Explicit = sample.Machines[0].File, sample.Machines[0].Line, sample.Machines[0].SSH.Explicit
	web1.PackLines = sample.Machines[0].PackLines
	assert.Equal(t, sample.Machines[0], web1)
}
