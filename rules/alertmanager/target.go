package alertmanager

import (
	"context"
	"errors"
	"fmt"
	"io"
	"net/http"
	"net/url"
	"path"
	"strings"
	"time"

	openapi "github.com/go-openapi/runtime"
	openapiclient "github.com/go-openapi/runtime/client"
	"github.com/go-openapi/strfmt"
	"github.com/prometheus/alertmanager/api/v2/client"
	"github.com/prometheus/alertmanager/api/v2/client/alert"
	"github.com/prometheus/alertmanager/api/v2/models"
	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/version"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// defaultTimeout bounds a request where the configuration does not.
const defaultTimeout = 10 * time.Second

// target is one Alertmanager and the way to it.
type target struct {
	name    string // for logs and metrics: the URL without anything secret
	timeout time.Duration
	http    *http.Client
	api     *client.AlertmanagerAPI
}

func newTarget(c config.Alertmanager, dial promconfig.DialContextFunc) (*target, error) {
	t := &target{name: nameOf(c.URL), timeout: c.Timeout}
	if t.timeout <= 0 {
		t.timeout = defaultTimeout
	}
	options := []promconfig.HTTPClientOption{promconfig.WithUserAgent(version.ComponentUserAgent("drift_exporter"))}
	if dial != nil {
		options = append(options, promconfig.WithDialContextFunc(dial))
	}
	var err error
	if t.http, err = promconfig.NewClientFromConfig(c.HTTPClient, "alertmanager", options...); err != nil {
		return nil, fmt.Errorf("alertmanager %s: %w", t.name, err)
	}
	if t.http.CheckRedirect == nil {
		t.http.CheckRedirect = follow(secret(c.HTTPClient))
	}
	reusing := *t.http // EnableConnectionReuse wraps its transport in one that cannot close idle connections
	runtime := openapiclient.NewWithClient(c.URL.Host, path.Join("/", c.URL.EscapedPath(), "api/v2"), []string{c.URL.Scheme}, &reusing)
	runtime.EnableConnectionReuse()
	runtime.Consumers["*/*"] = openapi.DiscardConsumer // so that the type of a proxy's error page does not hide its status
	t.api = client.New(runtime, strfmt.Default)
	return t, nil
}

// nameOf is the URL without userinfo, query and fragment.
func nameOf(u *url.URL) string {
	bare := url.URL{Scheme: u.Scheme, Host: u.Host, Path: u.Path, RawPath: u.RawPath}
	return bare.String()
}

// secret tells whether requests carry something that is for the configured Alertmanager alone.
func secret(c promconfig.HTTPClientConfig) bool {
	return c.BasicAuth != nil || c.Authorization != nil || c.OAuth2 != nil || c.HTTPHeaders != nil ||
		len(c.BearerToken) > 0 || c.BearerTokenFile != ""
}

// follow follows those redirects that repeat the POST (307, 308). After the others an HTTP client asks with GET, gets
// a list of alerts with status 200, and all would seem well while nothing is ever sent. What is secret does not leave the
// origin: the HTTP client would give a password to another port of the host, and from https to http in the clear.
func follow(secret bool) func(*http.Request, []*http.Request) error {
	return func(r *http.Request, via []*http.Request) error {
		switch {
		case r.Method != http.MethodPost:
			return http.ErrUseLastResponse
		case len(via) >= 10:
			return errors.New("stopped after 10 redirects")
		case via[0].URL.Scheme == "https" && r.URL.Scheme != "https": // whoever is on the way would read the alerts
			return errors.New("redirected from https to " + r.URL.Scheme)
		case secret && !stays(via[0].URL, r.URL):
			return fmt.Errorf("redirected to %s, which must not get the credentials", nameOf(&url.URL{Scheme: r.URL.Scheme, Host: r.URL.Host}))
		}
		return nil
	}
}

// stays tells whether a redirect leads to the origin where it came from, or to https there.
func stays(from, to *url.URL) bool {
	same := from.Scheme == to.Scheme && strings.EqualFold(from.Host, to.Host)
	return same || from.Scheme == "http" && to.Scheme == "https" && strings.EqualFold(from.Hostname(), to.Hostname())
}

// close closes the connections that are idle.
func (t *target) close() { t.http.CloseIdleConnections() }

// post sends alerts, and returns what time it was for who accepted them; zero if they did not say. A *sendError says what
// the Alertmanager answered; every other error means that there is no answer.
func (t *target) post(ctx context.Context, alerts models.PostableAlerts) (date time.Time, err error) {
	params := alert.NewPostAlertsParamsWithContext(ctx).WithTimeout(t.timeout).WithAlerts(alerts)
	_, err = t.api.Alert.PostAlerts(params, func(o *openapi.ClientOperation) {
		o.Reader = openapi.ClientResponseReaderFunc(func(r openapi.ClientResponse, c openapi.Consumer) (any, error) {
			if said, err := http.ParseTime(r.GetHeader("Date")); err == nil {
				date = said
			}
			return read(r, c)
		})
	})
	return date, err
}

// sendError is an answer that is no acceptance.
type sendError struct {
	status int
	text   string // the start of the body, if it says anything
}

func (e *sendError) Error() string {
	text := fmt.Sprintf("status %d %s", e.status, http.StatusText(e.status))
	if e.text != "" {
		text += ": " + e.text
	}
	return text
}

// read replaces the client's own reader, which knows three statuses, keeps the reason of but two of them, and takes in
// bodies of any size.
func read(r openapi.ClientResponse, _ openapi.Consumer) (any, error) {
	if r.Code()/100 == 2 {
		return alert.NewPostAlertsOK(), nil
	}
	body, err := io.ReadAll(io.LimitReader(r.Body(), 4096))
	if err != nil {
		body = nil // the status says enough
	}
	return nil, &sendError{status: r.Code(), text: brief(string(body))}
}

// brief is as much of an answer as fits a log line.
func brief(s string) string {
	const limit = 300
	s = strings.Join(strings.Fields(strings.ToValidUTF8(s, "")), " ")
	if len(s) > limit {
		s = strings.ToValidUTF8(s[:limit], "") + "…"
	}
	return s
}

// consequence is what follows from an answer.
type consequence int

const (
	accepted consequence = iota
	refused              // something about these alerts: others may be accepted
	failed               // these were not taken in; others may be
	gone                 // nothing else would be taken in just now either
)

func consequenceOf(err error) consequence {
	if err == nil {
		return accepted
	}
	var e *sendError
	if !errors.As(err, &e) {
		return gone
	}
	switch {
	case e.status == http.StatusBadRequest, e.status == http.StatusUnprocessableEntity,
		e.status == http.StatusRequestEntityTooLarge:
		return refused
	case e.status >= http.StatusInternalServerError:
		return failed
	default: // 429, a login that is not accepted, a path that is not there, a redirect
		return gone
	}
}
