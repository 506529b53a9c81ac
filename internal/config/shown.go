package config

import promconfig "github.com/prometheus/common/config"

// The shown types are the configuration as Redacted writes it: the schema of config.yaml once more, with secrets of
// a type that hides itself. Without a section here a new field is not shown, so that nothing leaks by default.

type shownConfig struct {
	Schedule shownSchedule  `yaml:"schedule"`
	Check    shownCheck     `yaml:"check"`
	PacksDir string         `yaml:"packs_dir"`
	SSH      shownSSH       `yaml:"ssh"`
	Alerting shownAlerting  `yaml:"alerting"`
	Cluster  *shownCluster  `yaml:"cluster,omitempty"`
	Machines []shownMachine `yaml:"machines"`
}

type shownSchedule struct {
	Cron     string `yaml:"cron"`
	Timezone string `yaml:"timezone"`
	CatchUp  bool   `yaml:"catch_up"`
	Spread   string `yaml:"spread"`
}

type shownCheck struct {
	Concurrency   int    `yaml:"concurrency"`
	Timeout       string `yaml:"timeout"`
	Retries       int    `yaml:"retries"`
	RetryDelay    string `yaml:"retry_delay"`
	AllowCommands bool   `yaml:"allow_commands"`
}

type shownSSH struct {
	User            string   `yaml:"user,omitempty"`
	Port            int      `yaml:"port"`
	IdentityFiles   []string `yaml:"identity_files"`
	PassphraseFile  string   `yaml:"passphrase_file"`
	KnownHostsFiles []string `yaml:"known_hosts_files"`
	HostKeyPolicy   string   `yaml:"host_key_policy"`
	ConnectTimeout  string   `yaml:"connect_timeout"`
	MaxStartups     int      `yaml:"max_startups"`
	ProxyJump       string   `yaml:"proxy_jump"`
	ConfigFile      string   `yaml:"config_file"`
	Helper          string   `yaml:"helper"`
}

type shownAlerting struct {
	Alertmanagers  []shownAlertmanager `yaml:"alertmanagers"`
	ResendDelay    string              `yaml:"resend_delay"`
	ExternalLabels map[string]string   `yaml:"external_labels"`
}

type shownAlertmanager struct {
	URL         string                      `yaml:"url"`
	ExternalURL string                      `yaml:"external_url"`
	Timeout     string                      `yaml:"timeout"`
	HTTP        promconfig.HTTPClientConfig `yaml:",inline"`
}

type shownCluster struct {
	NATS          shownNATS `yaml:"nats"`
	WorkerTimeout string    `yaml:"worker_timeout"`
}

type shownNATS struct {
	URL             string               `yaml:"url"`
	CredentialsFile string               `yaml:"credentials_file,omitempty"`
	Username        string               `yaml:"username,omitempty"`
	PasswordFile    string               `yaml:"password_file,omitempty"`
	TLS             promconfig.TLSConfig `yaml:"tls_config,omitempty"`
	Replicas        int                  `yaml:"replicas"`
}

type shownMachine struct {
	Name        string            `yaml:"name"`
	DisplayName string            `yaml:"display_name"`
	Address     string            `yaml:"address,omitempty"`
	Addresses   []string          `yaml:"addresses,omitempty"`
	Transport   string            `yaml:"transport"`
	Packs       []string          `yaml:"packs"`
	Enabled     bool              `yaml:"drift_detection_enabled"`
	Become      bool              `yaml:"become"`
	BecomeUser  string            `yaml:"become_user"`
	ConfigUser  string            `yaml:"config_user,omitempty"`
	Site        string            `yaml:"site,omitempty"`
	Labels      map[string]string `yaml:"labels,omitempty"`
	Vars        map[string]string `yaml:"vars,omitempty"`
	SSH         *shownSSH         `yaml:"ssh,omitempty"`
	Waivers     []shownWaiver     `yaml:"waivers,omitempty"`
}

type shownWaiver struct {
	Pack    string `yaml:"pack"`
	Kind    string `yaml:"kind"`
	Item    string `yaml:"item"`
	Reason  string `yaml:"reason"`
	Expires string `yaml:"expires,omitempty"`
}
