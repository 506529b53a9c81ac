package config

import (
	"errors"
	"io/fs"
	"net/url"
	"strings"

	promconfig "github.com/prometheus/common/config"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// alerting reads `alerting` over the defaults.
func (s scope) alerting(raw rawAlerting, c *Alerting, p paths) {
	c.ResendDelay = s.duration(raw.ResendDelay, "alerting.resend_delay", c.ResendDelay)
	c.ExternalLabels = s.labels(raw.ExternalLabels, "alerting.external_labels", "alertname", "severity", "machine", "pack")
	lines := map[string]int{}
	for i := range raw.Alertmanagers {
		am, line, ok := s.alertmanager(&raw.Alertmanagers[i], p)
		if !ok {
			continue
		}
		if first, twice := lines[am.URL.String()]; twice {
			s.errorf(line, "alerting.alertmanagers: %s is given twice, first in line %d", am.URL, first)
			continue
		}
		lines[am.URL.String()] = line
		c.Alertmanagers = append(c.Alertmanagers, am)
	}
}

// alertmanager reads one Alertmanager and the line it stands in.
func (s scope) alertmanager(node *yaml.Node, p paths) (Alertmanager, int, bool) {
	raw := rawAlertmanager{HTTP: promconfig.DefaultHTTPClientConfig}
	const field = "alerting.alertmanagers"
	if node.Kind != yaml.MappingNode {
		s.errorf(node.Line, "each entry of %s must be a mapping, such as {url: \"http://localhost:9093\"}", field)
		return Alertmanager{}, 0, false
	}
	problems := yamlfile.DecodeField(field, node, &raw)
	s.decoded(problems)
	if problems.Fatal() {
		return Alertmanager{}, 0, false
	}
	s.line, s.subject = raw.Line, field+": "
	am := Alertmanager{HTTPClient: raw.HTTP, Timeout: s.duration(raw.Timeout, "timeout", defaultAlertmanagerTimeout)}
	var ok bool
	if am.URL, ok = s.alertmanagerURL("url", raw.URL); !ok {
		return Alertmanager{}, 0, false
	}
	if am.ExternalURL, ok = s.externalURL(raw.ExternalURL, am.URL); !ok {
		return Alertmanager{}, 0, false
	}
	if user := am.URL.User; user != nil {
		am.URL.User = nil
		if am.HTTPClient.BasicAuth != nil || am.HTTPClient.Authorization != nil || am.HTTPClient.OAuth2 != nil {
			s.errorf(raw.URL.Line, "url has a user name or password, and so has another field: leave it in one place")
			return Alertmanager{}, 0, false
		}
		password, _ := user.Password()
		am.HTTPClient.BasicAuth = &promconfig.BasicAuth{Username: user.Username(), Password: promconfig.Secret(password)}
	}
	s.httpPaths(&am.HTTPClient, p)
	ok = s.usable(&am.HTTPClient)
	return am, raw.Line, ok
}

// usable tries whether a client can be made: whether the options go together and the files are there. It puts
// bearer_token where the client looks for it.
func (s scope) usable(c *promconfig.HTTPClientConfig) bool {
	err := c.Validate()
	if err == nil {
		_, err = promconfig.NewClientFromConfig(*c, "alertmanager")
	}
	var file *fs.PathError
	switch {
	case errors.As(err, &file):
		s.errorf(0, "%s cannot be read: %s", yamlfile.ShortName(file.Path), file.Err)
	case err != nil:
		s.errorf(0, "%s", err)
	}
	return err == nil
}

// externalURL reads where browsers reach an Alertmanager, which is its own URL unless it is given. Links lead there:
// a password in it would be shown to everyone.
func (s scope) externalURL(v yamlfile.Scalar, own *url.URL) (*url.URL, bool) {
	if !v.Set {
		bare := *own
		bare.User = nil
		return &bare, true
	}
	u, ok := s.alertmanagerURL("external_url", v)
	if ok && u.User != nil {
		s.errorf(v.Line, "external_url must not have a user name or password: pages link to it")
		return nil, false
	}
	return u, ok
}

// alertmanagerURL reads a base URL. Its messages never quote the text, which may hold a password.
func (s scope) alertmanagerURL(field string, v yamlfile.Scalar) (*url.URL, bool) {
	if v.Value == "" {
		s.errorf(v.Line, "%s is missing", field)
		return nil, false
	}
	u, err := url.Parse(strings.TrimSpace(v.Value))
	switch {
	case err != nil || u.Opaque != "" && !strings.HasPrefix(u.Scheme, "http"):
		s.errorf(v.Line, "%s is not a valid URL: write it as http://host:9093", field)
		return nil, false
	case u.Scheme != "http" && u.Scheme != "https", u.Hostname() == "":
		s.errorf(v.Line, "%s must begin with http:// or https:// and a host, such as http://localhost:9093", field)
		return nil, false
	case u.RawQuery != "" || u.Fragment != "" || u.ForceQuery:
		s.errorf(v.Line, "%s must not have a query (?) or a fragment (#)", field)
		return nil, false
	}
	u.Scheme, u.Host = strings.ToLower(u.Scheme), strings.ToLower(u.Host)
	u.Path, u.RawPath = strings.TrimRight(u.Path, "/"), strings.TrimRight(u.RawPath, "/")
	if strings.HasSuffix(u.Path, "/api/v2") || strings.HasSuffix(u.Path, "/api/v2/alerts") {
		s.errorf(v.Line, "%s must be Alertmanager's own, as in a browser, without /api/v2: that is added", field)
		return nil, false
	}
	return u, true
}
