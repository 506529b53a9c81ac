package config

import (
	"net"
	"net/netip"
	"regexp"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// ssh reads an `ssh` section over what it stands on: the built-in defaults, or for a machine the configuration's.
// It returns the names of the fields that the section set.
func (s scope) ssh(raw rawSSH, c *SSH, p paths) map[string]bool {
	explicit := map[string]bool{}
	given := func(field string, set bool) bool {
		if set {
			explicit[field] = true
		}
		return set
	}
	if given("user", raw.User.Set) {
		c.User = s.sshUser(raw.User)
	}
	if given("port", raw.Port.Set) {
		c.Port = s.number(raw.Port, "ssh.port", c.Port, 1, 65535)
	}
	if given("identity_files", raw.IdentityFiles != nil) {
		c.IdentityFiles = s.paths(raw.IdentityFiles, "ssh.identity_files", p)
	}
	if given("passphrase_file", raw.PassphraseFile.Set) {
		c.PassphraseFile = s.path(raw.PassphraseFile, "ssh.passphrase_file", p)
	}
	if given("known_hosts_files", raw.KnownHostsFiles != nil) {
		c.KnownHostsFiles = s.paths(raw.KnownHostsFiles, "ssh.known_hosts_files", p)
	}
	if given("host_key_policy", raw.HostKeyPolicy.Set) {
		c.HostKeyPolicy = s.hostKeyPolicy(raw.HostKeyPolicy)
	}
	if given("connect_timeout", raw.ConnectTimeout.Set) {
		c.ConnectTimeout = s.duration(raw.ConnectTimeout, "ssh.connect_timeout", c.ConnectTimeout)
	}
	if given("max_startups", raw.MaxStartups.Set) {
		c.MaxStartups = s.number(raw.MaxStartups, "ssh.max_startups", c.MaxStartups, 1, anyNumber)
	}
	if given("proxy_jump", raw.ProxyJump.Set) {
		c.ProxyJump = s.proxyJump(raw.ProxyJump)
	}
	if given("config_file", raw.ConfigFile.Set) {
		c.ConfigFile = s.path(raw.ConfigFile, "ssh.config_file", p)
	}
	if given("helper", raw.Helper.Set) {
		c.Helper = s.helper(raw.Helper)
	}
	return explicit
}

func (s scope) sshUser(v yamlfile.Scalar) string {
	if v.Value == "" || strings.HasPrefix(v.Value, "-") || !yamlfile.OneLine(v.Value) {
		s.errorf(v.Line, "ssh.user %q must be a user name: not empty, without control characters, not beginning with '-'", v.Value)
	}
	return v.Value
}

func (s scope) hostKeyPolicy(v yamlfile.Scalar) HostKeyPolicy {
	switch policy := HostKeyPolicy(v.Value); policy {
	case HostKeyStrict, HostKeyAcceptNew:
		return policy
	}
	s.errorf(v.Line, "ssh.host_key_policy must be strict or accept-new, not %q", v.Value)
	return HostKeyStrict
}

var helperPath = regexp.MustCompile(`^/[A-Za-z0-9._/-]*[A-Za-z0-9._-]$`)

func (s scope) helper(v yamlfile.Scalar) string {
	if v.Value != "" && !helperPath.MatchString(v.Value) {
		s.errorf(v.Line, "ssh.helper %q must be an absolute path of letters, digits, '.', '_', '-' and '/'", v.Value)
	}
	return v.Value
}

// proxyJump reads [user@]host[:port], comma separated.
func (s scope) proxyJump(v yamlfile.Scalar) string {
	if v.Value == "" {
		return ""
	}
	for hop := range strings.SplitSeq(v.Value, ",") {
		if !isHop(strings.TrimSpace(hop)) {
			s.errorf(v.Line, "ssh.proxy_jump %q must be [user@]host[:port], with commas between several", v.Value)
			break
		}
	}
	return v.Value
}

func isHop(hop string) bool {
	if i := strings.LastIndexByte(hop, '@'); i >= 0 {
		if user := hop[:i]; user == "" || user[0] == '-' || !yamlfile.OneLine(user) {
			return false
		}
		hop = hop[i+1:]
	}
	if host, port, err := net.SplitHostPort(hop); err == nil {
		return isPort(port) && isHost(host)
	}
	host, ok := bareHost(hop)
	return ok && isHost(host)
}

var portNumber = regexp.MustCompile(`^[1-9][0-9]{0,4}$`)

func isPort(port string) bool {
	return portNumber.MatchString(port) && (len(port) < 5 || port <= "65535")
}

// isHost tells whether a text without brackets can be a host name, an alias of ssh_config or an IP address.
func isHost(host string) bool {
	if host == "" || host[0] == '-' || !yamlfile.OneLine(host) || strings.ContainsAny(host, " /@,[]\\\"'`$%") && !isIP(host) {
		return false
	}
	return !strings.Contains(host, ":") || isIP(host)
}

var zoneName = regexp.MustCompile(`^[A-Za-z0-9._-]*$`)

func isIP(host string) bool {
	ip, err := netip.ParseAddr(host)
	return err == nil && zoneName.MatchString(ip.Zone())
}

// bareHost takes the brackets off an IPv6 address.
func bareHost(host string) (string, bool) {
	if !strings.HasPrefix(host, "[") {
		return host, true
	}
	inner := strings.TrimSuffix(strings.TrimPrefix(host, "["), "]")
	return inner, len(inner) == len(host)-2 && isIP(inner) && strings.Contains(inner, ":")
}
