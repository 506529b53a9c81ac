package ssh

import (
	"slices"
	"strings"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// configuredJumps are the jump hosts that ssh_config names for a host. via are the hosts that led to it.
func (t *Transport) configuredJumps(m *config.Machine, c hostConfig, alias string, h hop, via []string) ([]hop, error) {
	if c.proxyCommand != "" {
		return nil, internal(nil, "ssh_config has a ProxyCommand for %s (%s), and no command is run to reach a machine: "+
			"use ProxyJump there, or proxy_jump of the machine", quote(alias), c.proxyCommand)
	}
	spec, err := expand(c.proxyJump, t.tokens(alias, h))
	if err != nil {
		return nil, internal(err, "ProxyJump of ssh_config cannot be used")
	}
	return t.jumps(m, spec, via)
}

// jumps resolves a chain of jump hosts. What a jump host is not given comes from ssh_config, then from the machine's
// own settings, except the port, which is then 22. Like OpenSSH it reaches the first of the chain in the way that
// ssh_config has for that one.
func (t *Transport) jumps(m *config.Machine, spec string, via []string) ([]hop, error) {
	chain, err := parseJumps(spec)
	if err != nil {
		return nil, internal(err, "proxy_jump cannot be used")
	}
	var hops []hop
	for i, j := range chain {
		if slices.Contains(via, j.host) {
			return nil, internal(nil, "the jump hosts go round in circles: %s", strings.Join(append(via, j.host), ", "))
		}
		h, c, err := t.jump(m, j)
		if err != nil {
			return nil, err
		}
		if i == 0 && c.proxyJump+c.proxyCommand != "" {
			before, err := t.configuredJumps(m, c, j.host, h, append(slices.Clone(via), j.host))
			if err != nil {
				return nil, err
			}
			hops = append(hops, before...)
		}
		hops = append(hops, h)
	}
	if len(hops) > maxJumps {
		return nil, internal(nil, "more than %d jump hosts", maxJumps)
	}
	return hops, nil
}

func (t *Transport) jump(m *config.Machine, j jump) (hop, hostConfig, error) {
	c, err := t.lookUp(m.SSH.ConfigFile, j.host, choose(false, m.SSH.User, j.user), j.user != "")
	if err != nil {
		return hop{}, c, internal(err, "ssh_config cannot be used")
	}
	h, err := t.complete(hop{
		user: choose(false, choose(false, m.SSH.User, c.user), j.user),
		host: choose(false, j.host, c.hostName),
		port: choose(j.port != 0, j.port, c.port),
	})
	if err == nil {
		h, err = t.withKeys(m, c, j.host, h, false)
	}
	return h, c, err
}
