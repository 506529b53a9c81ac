package config

import (
	promconfig "github.com/prometheus/common/config"
	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// The raw types are the file as it is written: the schema of config.yaml, without defaults or meaning.

type rawConfig struct {
	Schedule     rawSchedule       `yaml:"schedule"`
	Check        rawCheck          `yaml:"check"`
	PacksDir     yamlfile.Scalar   `yaml:"packs_dir"`
	SSH          rawSSH            `yaml:"ssh"`
	Alerting     rawAlerting       `yaml:"alerting"`
	Cluster      *rawCluster       `yaml:"cluster"`
	Machines     []yaml.Node       `yaml:"machines"`
	MachineFiles []yamlfile.Scalar `yaml:"machine_files"`
}

type rawSchedule struct {
	Cron     yamlfile.Scalar `yaml:"cron"`
	Timezone yamlfile.Scalar `yaml:"timezone"`
	CatchUp  yamlfile.Bool   `yaml:"catch_up"`
	Spread   yamlfile.Scalar `yaml:"spread"`
}

type rawCheck struct {
	Concurrency   yamlfile.Scalar `yaml:"concurrency"`
	Timeout       yamlfile.Scalar `yaml:"timeout"`
	Retries       yamlfile.Scalar `yaml:"retries"`
	RetryDelay    yamlfile.Scalar `yaml:"retry_delay"`
	AllowCommands yamlfile.Bool   `yaml:"allow_commands"`
}

type rawSSH struct {
	User            yamlfile.Scalar   `yaml:"user"`
	Port            yamlfile.Scalar   `yaml:"port"`
	IdentityFiles   []yamlfile.Scalar `yaml:"identity_files"`
	PassphraseFile  yamlfile.Scalar   `yaml:"passphrase_file"`
	KnownHostsFiles []yamlfile.Scalar `yaml:"known_hosts_files"`
	HostKeyPolicy   yamlfile.Scalar   `yaml:"host_key_policy"`
	ConnectTimeout  yamlfile.Scalar   `yaml:"connect_timeout"`
	MaxStartups     yamlfile.Scalar   `yaml:"max_startups"`
	ProxyJump       yamlfile.Scalar   `yaml:"proxy_jump"`
	ConfigFile      yamlfile.Scalar   `yaml:"config_file"`
	Helper          yamlfile.Scalar   `yaml:"helper"`
}

type rawAlerting struct {
	Alertmanagers  []yaml.Node                `yaml:"alertmanagers"`
	ResendDelay    yamlfile.Scalar            `yaml:"resend_delay"`
	ExternalLabels map[string]yamlfile.Scalar `yaml:"external_labels"`
}

type rawAlertmanager struct {
	Line        int                         `yaml:",line"`
	URL         yamlfile.Scalar             `yaml:"url"`
	ExternalURL yamlfile.Scalar             `yaml:"external_url"`
	Timeout     yamlfile.Scalar             `yaml:"timeout"`
	HTTP        promconfig.HTTPClientConfig `yaml:",inline"`
}

type rawCluster struct {
	Line          int             `yaml:",line"`
	NATS          rawNATS         `yaml:"nats"`
	WorkerTimeout yamlfile.Scalar `yaml:"worker_timeout"`
}

type rawNATS struct {
	Line            int                  `yaml:",line"`
	URL             yamlfile.Scalar      `yaml:"url"`
	CredentialsFile yamlfile.Scalar      `yaml:"credentials_file"`
	Username        yamlfile.Scalar      `yaml:"username"`
	PasswordFile    yamlfile.Scalar      `yaml:"password_file"`
	TLS             promconfig.TLSConfig `yaml:"tls_config"`
	Replicas        yamlfile.Scalar      `yaml:"replicas"`
}

type rawMachine struct {
	Line        int                        `yaml:",line"`
	Name        yamlfile.Scalar            `yaml:"name"`
	DisplayName yamlfile.Scalar            `yaml:"display_name"`
	Address     yamlfile.Scalar            `yaml:"address"`
	Addresses   []yamlfile.Scalar          `yaml:"addresses"`
	Transport   yamlfile.Scalar            `yaml:"transport"`
	Packs       []yamlfile.Scalar          `yaml:"packs"`
	Enabled     yamlfile.Bool              `yaml:"drift_detection_enabled"`
	Become      yamlfile.Bool              `yaml:"become"`
	BecomeUser  yamlfile.Scalar            `yaml:"become_user"`
	ConfigUser  yamlfile.Scalar            `yaml:"config_user"`
	Site        yamlfile.Scalar            `yaml:"site"`
	Labels      map[string]yamlfile.Scalar `yaml:"labels"`
	Vars        map[string]any             `yaml:"vars"`
	SSH         rawSSH                     `yaml:"ssh"`
	Waivers     []rawWaiver                `yaml:"waivers"`
}

type rawWaiver struct {
	Line    int             `yaml:",line"`
	Pack    yamlfile.Scalar `yaml:"pack"`
	Kind    yamlfile.Scalar `yaml:"kind"`
	Item    yamlfile.Scalar `yaml:"item"`
	Reason  yamlfile.Scalar `yaml:"reason"`
	Expires yamlfile.Scalar `yaml:"expires"`
}
