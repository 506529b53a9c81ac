package config

import (
	"net/url"
	"sort"
	"strings"
	"time"

	promconfig "github.com/prometheus/common/config"
)

// Config is a whole configuration, with defaults filled in and paths made absolute. It is immutable.
type Config struct {
	File         string // the path it was read from
	Schedule     Schedule
	Check        Check
	PacksDir     string
	SSH          SSH // the defaults; a Machine's SSH has them merged in already
	Alerting     Alerting
	Cluster      *Cluster  // nil: the state is this process's own
	Machines     []Machine // of config.yaml and all machine files, sorted by name, names unique
	MachineFiles []string  // the patterns, absolute
}

// Schedule says when the fleet is checked.
type Schedule struct {
	Cron     string         // five fields
	Location *time.Location // `timezone`
	CatchUp  bool
	Spread   time.Duration // over how long a run's machines are begun; shorter than the time between two runs
}

// Check bounds a check.
type Check struct {
	Concurrency   int
	Timeout       time.Duration // of one machine, from dialling on
	Retries       int           // further attempts after a failed connection
	RetryDelay    time.Duration
	AllowCommands bool
}

// HostKeyPolicy says what happens when a machine's host key is not known yet. A key that differs from a
// known one is refused under every policy.
type HostKeyPolicy string

// The host key policies.
const (
	HostKeyStrict    HostKeyPolicy = "strict"
	HostKeyAcceptNew HostKeyPolicy = "accept-new"
)

// SSH is how a machine is reached. In a Machine every field is the effective one.
type SSH struct {
	User            string
	Port            int
	IdentityFiles   []string // absolute
	PassphraseFile  string   // absolute; of the identity files that are encrypted. Empty: none
	KnownHostsFiles []string // absolute
	HostKeyPolicy   HostKeyPolicy
	ConnectTimeout  time.Duration
	MaxStartups     int    // connections to one host that have not logged in, at most; 0: no limit
	ProxyJump       string // [user@]host[:port], comma separated for a chain
	ConfigFile      string // absolute; empty: none
	Helper          string // absolute path on the machine of the installed script; empty: it is sent
	// Explicit says which fields the machine itself set, by their YAML names, since those come before
	// ssh_config, which comes before the defaults.
	Explicit map[string]bool
}

// Transport is how a machine's shell is reached.
type Transport string

// The transports.
const (
	TransportSSH   Transport = "ssh"
	TransportLocal Transport = "local"
)

// Machine is one machine of the fleet.
type Machine struct {
	Name        string // the id
	DisplayName string // defaults to Name
	Address     string // host or IP; defaults to Name
	// FurtherAddresses are other ways to the same machine, tried when there is no connection to Address.
	FurtherAddresses []string
	Transport        Transport
	Packs            []string
	PackLines        []int // where File names each of Packs
	Enabled          bool  // drift_detection_enabled
	Become           bool
	BecomeUser       string // root unless given
	ConfigUser       string // empty: the user that the check logs in as
	Site             string
	Labels           map[string]string
	Vars             map[string]any
	SSH              SSH
	Waivers          []Waiver
	File             string // where it was read from
	Line             int
}

// Waiver excuses an item of a pack on a machine.
type Waiver struct {
	Pack, Kind, Item, Reason string
	// Expires is the end of the waiver's last day in the schedule's time zone; zero: never.
	Expires time.Time
}

// Alerting says where alerts go.
type Alerting struct {
	Alertmanagers  []Alertmanager
	ResendDelay    time.Duration
	ExternalLabels map[string]string
}

// Alertmanager is one Alertmanager. Every alert goes to every one of them.
type Alertmanager struct {
	URL         *url.URL // without userinfo; that is moved to HTTPClient.BasicAuth
	ExternalURL *url.URL // where browsers reach it, without userinfo; URL unless given
	HTTPClient  promconfig.HTTPClientConfig
	Timeout     time.Duration // of one request; 10s
}

// Machine returns the machine of that name.
func (c *Config) Machine(name string) (*Machine, bool) {
	i, found := sort.Find(len(c.Machines), func(i int) int { // it does not copy each machine that it looks at
		return strings.Compare(name, c.Machines[i].Name)
	})
	if !found {
		return nil, false
	}
	return &c.Machines[i], true
}

// String is the file's name: a configuration holds secrets, and must not print them by accident.
func (c *Config) String() string { return c.File }

// MarshalText is String, for logs and JSON. Redacted is the configuration itself.
func (c *Config) MarshalText() ([]byte, error) { return []byte(c.String()), nil }

// String is the URL: the rest holds secrets.
func (a Alertmanager) String() string { return a.URL.String() }

// MarshalText is String, for logs and JSON.
func (a Alertmanager) MarshalText() ([]byte, error) { return []byte(a.String()), nil }
