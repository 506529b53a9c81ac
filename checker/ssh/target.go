package ssh

import (
	"net"
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
	port             int
	identityFiles    []string
	passphraseFile   string   // of those that are encrypted
	certificateFiles []string // besides those beside identity files
	identitiesOnly   bool     // of the ssh-agent's keys only those that the files name
}

// addr is the host and port as they are dialled and looked up in known_hosts, which is not case sensitive.
func (h hop) addr() string { return net.JoinHostPort(strings.ToLower(h.host), strconv.Itoa(h.port)) }

// String names the hop in messages.
func (h hop) String() string { return h.user + "@" + h.addr() }

// target is the way to a machine: jump hosts in the order in which they are dialled, then the machine.
type target struct {
	hops           []hop
	knownHosts     []string
	policy         config.HostKeyPolicy
	connectTimeout time.Duration
}

// resolve decides how a machine is reached: what it says itself comes before ssh_config, that before the defaults
// of the configuration, those before what is built in.
func (t *Transport) resolve(m *config.Machine) (*target, error) {
	c, err := t.lookUp(m.SSH.ConfigFile, m.Address)
	if err != nil {
		return nil, internal(err, "ssh_config cannot be used")
	}
	own := m.SSH.Explicit
	h := hop{
		user: choose(own["user"], m.SSH.User, c.user),
		host: choose(false, m.Address, c.hostName),
		port: choose(own["port"], m.SSH.Port, c.port),
	}
	if h, err = t.complete(h); err != nil {
		return nil, err
	}
	h.identityFiles, h.passphraseFile = m.SSH.IdentityFiles, m.SSH.PassphraseFile
	if !own["identity_files"] {
		if h.identityFiles, err = t.identityFiles(m, c, m.Address, h); err != nil {
			return nil, err
		}
	}
	jumps := m.SSH.ProxyJump
	if !own["proxy_jump"] && c.proxyJump != "" {
		jumps = c.proxyJump
	}
	hops, err := t.jumps(m, jumps)
	if err != nil {
		return nil, err
	}
	return &target{
		hops:           append(hops, h),
		knownHosts:     m.SSH.KnownHostsFiles,
		policy:         m.SSH.HostKeyPolicy,
		connectTimeout: m.SSH.ConnectTimeout,
	}, nil
}

// jumps resolves the jump hosts of a machine. What a jump host is not given comes from ssh_config, then from the
// machine's own settings, except the port, which is then 22.
func (t *Transport) jumps(m *config.Machine, spec string) ([]hop, error) {
	jumps, err := parseJumps(spec)
	if err != nil {
		return nil, internal(err, "proxy_jump cannot be used")
	}
	hops := make([]hop, 0, len(jumps)+1)
	for _, j := range jumps {
		c, err := t.lookUp(m.SSH.ConfigFile, j.host)
		if err != nil {
			return nil, internal(err, "ssh_config cannot be used")
		}
		h, err := t.complete(hop{
			user: choose(false, choose(false, m.SSH.User, c.user), j.user),
			host: choose(false, j.host, c.hostName),
			port: choose(j.port != 0, j.port, c.port),

			passphraseFile: m.SSH.PassphraseFile,
		})
		if err != nil {
			return nil, err
		}
		if h.identityFiles, err = t.identityFiles(m, c, j.host, h); err != nil {
			return nil, err
		}
		hops = append(hops, h)
	}
	return hops, nil
}

// identityFiles are those of ssh_config if it names any, otherwise the machine's.
func (t *Transport) identityFiles(m *config.Machine, c hostConfig, alias string, h hop) ([]string, error) {
	if len(c.identityFiles) == 0 && !c.noIdentity {
		return m.SSH.IdentityFiles, nil
	}
	files, err := t.identities(c, alias, h)
	if err != nil {
		return nil, internal(err, "ssh_config cannot be used")
	}
	return files, nil
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
		return hop{}, internal(nil, "address %s is neither a host name nor an IP address", quote(h.host))
	case h.port < 1 || h.port > 65535:
		return hop{}, internal(nil, "port %d is not a port", h.port)
	case h.user == "":
		return hop{}, internal(nil, "no user to log in to %s as", h.host)
	case !validUser(h.user):
		return hop{}, internal(nil, "user name %s is not valid", quote(h.user))
	}
	return h, nil
}

// choose is configured if that is final or nothing overrides it.
func choose[T comparable](final bool, configured, override T) T {
	var none T
	if final || override == none {
		return configured
	}
	return override
}
