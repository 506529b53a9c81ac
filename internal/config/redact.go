package config

import (
	"maps"
	"slices"
	"time"

	promconfig "github.com/prometheus/common/config"
	"github.com/prometheus/common/model"
	"gopkg.in/yaml.v3"
)

// hiddenText stands for what must not be shown.
const hiddenText = "<secret>"

// Redacted is the configuration as YAML, defaults and machine files included, with <secret> for passwords, for the
// user names that go with them and for the values of vars, of which nobody knows whether they are secret.
func (c *Config) Redacted() ([]byte, error) {
	out := shownConfig{
		Schedule: shownSchedule{c.Schedule.Cron, c.Schedule.Location.String(), c.Schedule.CatchUp, short(c.Schedule.Spread)},
		Check: shownCheck{
			c.Check.Concurrency, short(c.Check.Timeout), c.Check.Retries, short(c.Check.RetryDelay), c.Check.AllowCommands,
		},
		PacksDir: c.PacksDir,
		SSH:      c.SSH.shown(),
		Alerting: shownAlerting{ResendDelay: short(c.Alerting.ResendDelay), ExternalLabels: c.Alerting.ExternalLabels},
	}
	if c.Cluster != nil {
		out.Cluster = c.Cluster.shown()
	}
	for _, am := range c.Alerting.Alertmanagers {
		out.Alerting.Alertmanagers = append(out.Alerting.Alertmanagers, am.shown())
	}
	for _, m := range c.Machines {
		out.Machines = append(out.Machines, m.shown(c.Schedule.Location))
	}
	return yaml.Marshal(out)
}

func (c *Cluster) shown() *shownCluster {
	n := c.NATS
	return &shownCluster{
		shownNATS{n.URL, n.CredentialsFile, hidden(n.Username), n.PasswordFile, n.TLS, n.Replicas}, short(c.WorkerTimeout),
	}
}

func (s SSH) shown() shownSSH {
	return shownSSH{
		s.User, s.Port, s.IdentityFiles, s.PassphraseFile, s.KnownHostsFiles, string(s.HostKeyPolicy), short(s.ConnectTimeout),
		s.MaxStartups, s.ProxyJump, s.ConfigFile, s.Helper,
	}
}

// shown hides what the types of prometheus/common would show: user names, and texts that may be secret. The rest
// hides itself.
func (a Alertmanager) shown() shownAlertmanager {
	http := a.HTTPClient
	if http.BasicAuth != nil {
		auth := *http.BasicAuth
		auth.Username = hidden(auth.Username)
		http.BasicAuth = &auth
	}
	if http.OAuth2 != nil {
		auth := *http.OAuth2
		auth.Claims, auth.EndpointParams = nil, maps.Clone(auth.EndpointParams)
		for name, value := range auth.EndpointParams {
			auth.EndpointParams[name] = hidden(value)
		}
		auth.ProxyURL = withoutUser(auth.ProxyURL)
		http.OAuth2 = &auth
	}
	if http.HTTPHeaders != nil {
		headers := map[string]promconfig.Header{}
		for name, header := range http.HTTPHeaders.Headers {
			header.Values = slices.Repeat([]string{hiddenText}, len(header.Values))
			headers[name] = header
		}
		http.HTTPHeaders = &promconfig.Headers{Headers: headers}
	}
	http.ProxyURL = withoutUser(http.ProxyURL)
	return shownAlertmanager{URL: a.URL.String(), ExternalURL: a.ExternalURL.String(), Timeout: short(a.Timeout), HTTP: http}
}

func withoutUser(u promconfig.URL) promconfig.URL {
	if u.URL == nil || u.User == nil {
		return u
	}
	bare := *u.URL
	bare.User = nil
	return promconfig.URL{URL: &bare}
}

func hidden(text string) string {
	if text == "" {
		return ""
	}
	return hiddenText
}

func (m Machine) shown(zone *time.Location) shownMachine {
	out := shownMachine{
		m.Name, m.DisplayName, m.Address, nil, string(m.Transport), m.Packs, m.Enabled, m.Become, m.BecomeUser, m.ConfigUser,
		m.Site, m.Labels, map[string]string{}, nil, nil,
	}
	if len(m.FurtherAddresses) > 0 {
		out.Address, out.Addresses = "", append([]string{m.Address}, m.FurtherAddresses...)
	}
	for name := range m.Vars {
		out.Vars[name] = hiddenText
	}
	if m.Transport == TransportSSH {
		ssh := m.SSH.shown()
		out.SSH = &ssh
	}
	for _, w := range m.Waivers {
		shown := shownWaiver{w.Pack, w.Kind, w.Item, w.Reason, ""}
		if !w.Expires.IsZero() {
			shown.Expires = w.Expires.In(zone).AddDate(0, 0, -1).Format(time.DateOnly)
		}
		out.Waivers = append(out.Waivers, shown)
	}
	return out
}

func short(d time.Duration) string {
	if d%time.Millisecond != 0 {
		return d.String()
	}
	return model.Duration(d).String()
}
