package ssh

import (
	"net"
	"slices"
	"strconv"
	"strings"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

const defaultPort = 22

// hop is a host to log in to: a jump host or the machine.
type hop struct {
	user             string
	host             string
	others           []string // further addresses of the same machine
	port             int
	identityFiles    []string
	passphraseFile   string   // of those that are encrypted
	certificateFiles []string // besides those that lie beside identity files
	identitiesOnly   bool     // of the ssh-agent's keys only those that the files name
}

// addr is the host and port as they are dialled and looked up in known_hosts, which is not case sensitive.
func (h hop) addr() string { return h.at(h.host) }

func (h hop) at(host string) string {
	return net.JoinHostPort(strings.ToLower(host), strconv.Itoa(h.port))
}

// addrs are what the machine may be known by: addr, then its others.
func (h hop) addrs() []string {
	addrs := []string{h.addr()}
	for _, host := range h.others {
		addrs = append(addrs, h.at(host))
	}
	return addrs
}

// answering is the hop, of whose hosts the one at i has answered.
func (h hop) answering(i int) hop {
	hosts := append([]string{h.host}, h.others...)
	h.host = hosts[i]
	h.others = slices.Delete(hosts, i, i+1)
	return h
}

// String names the hop in messages.
func (h hop) String() string { return h.user + "@" + h.addr() }

// target is the way to a machine: jump hosts in the order in which they are dialled, then the machine.
type target struct {
	hops           []hop
	knownHosts     []string
	policy         config.HostKeyPolicy
	connectTimeout time.Duration
	maxStartups    int
}

// path names the host at i by the way to it: an address means something else behind another jump host.
func (tg *target) path(i int) string {
	var addrs []string
	for _, h := range tg.hops[:i+1] {
		addrs = append(addrs, h.addr())
	}
	return strings.Join(addrs, " > ")
}

// resolve decides how a machine is reached: what it says itself comes before ssh_config, that before the defaults
// of the configuration, those before what is built in.
func (t *Transport) resolve(m *config.Machine) (*target, error) {
	own := m.SSH.Explicit
	c, err := t.lookUp(m.SSH.ConfigFile, m.Address, m.SSH.User, own["user"])
	if err != nil {
		return nil, internal(err, "ssh_config cannot be used")
	}
	h := hop{
		user: choose(own["user"], m.SSH.User, c.user),
		host: choose(false, m.Address, c.hostName),
		port: choose(own["port"], m.SSH.Port, c.port),
	}
	if h.others, err = t.others(m); err != nil {
		return nil, err
	}
	if h, err = t.complete(h); err != nil {
		return nil, err
	}
	if h, err = t.withKeys(m, c, m.Address, h, own["identity_files"]); err != nil {
		return nil, err
	}
	var jumps []hop
	if !own["proxy_jump"] && c.proxyJump+c.proxyCommand != "" {
		jumps, err = t.configuredJumps(m, c, m.Address, h, []string{m.Address})
	} else {
		jumps, err = t.jumps(m, m.SSH.ProxyJump, nil)
	}
	if err != nil {
		return nil, err
	}
	return &target{
		hops:           append(jumps, h),
		knownHosts:     m.SSH.KnownHostsFiles,
		policy:         m.SSH.HostKeyPolicy,
		connectTimeout: m.SSH.ConnectTimeout,
		maxStartups:    m.SSH.MaxStartups,
	}, nil
}

// others are the further addresses of a machine. Of what ssh_config says of them only their HostName is of interest.
func (t *Transport) others(m *config.Machine) ([]string, error) {
	var hosts []string
	for _, alias := range m.FurtherAddresses {
		c, err := t.lookUp(m.SSH.ConfigFile, alias, m.SSH.User, m.SSH.Explicit["user"])
		if err != nil {
			return nil, internal(err, "ssh_config cannot be used")
		}
		host := choose(false, alias, c.hostName)
		if !validHost(host) {
			return nil, notAHost(host)
		}
		hosts = append(hosts, host)
	}
	return hosts, nil
}

// withKeys gives a hop the files to log in with: identity files are those of ssh_config if it names any and own, that
// is the machine itself, does not; otherwise the machine's.
func (t *Transport) withKeys(m *config.Machine, c hostConfig, alias string, h hop, own bool) (hop, error) {
	h.identityFiles, h.passphraseFile = m.SSH.IdentityFiles, m.SSH.PassphraseFile
	h.identitiesOnly = c.identitiesOnly == "yes"
	var err error
	if !own && (len(c.identityFiles) > 0 || c.noIdentity) {
		h.identityFiles, err = t.files("IdentityFile", c.identityFiles, alias, h)
	}
	if err == nil && len(c.certificateFiles) > 0 {
		h.certificateFiles, err = t.files("CertificateFile", c.certificateFiles, alias, h)
	}
	if err != nil {
		return hop{}, internal(err, "ssh_config cannot be used")
	}
	return h, nil
}

// complete fills in what is built in, and refuses what cannot be dialled.
func (t *Transport) complete(h hop) (hop, error) {
	if h.port == 0 {
		h.port = defaultPort
	}
	if h.user == "" {
		h.user = t.o.User
	}
	switch {
	case !validHost(h.host):
		return hop{}, notAHost(h.host)
	case h.port < 1 || h.port > 65535:
		return hop{}, internal(nil, "port %d is not a port", h.port)
	case h.user == "":
		return hop{}, internal(nil, "no user to log in to %s as", h.host)
	case !validUser(h.user):
		return hop{}, internal(nil, "user name %s is not valid", quote(h.user))
	}
	return h, nil
}

func notAHost(host string) error {
	return internal(nil, "address %s is neither a host name nor an IP address", quote(host))
}

// choose is configured if that is final or nothing overrides it.
func choose[T comparable](final bool, configured, override T) T {
	var none T
	if final || override == none {
		return configured
	}
	return override
}
