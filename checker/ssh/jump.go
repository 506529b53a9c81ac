package ssh

import (
	"errors"
	"fmt"
	"net/netip"
	"strconv"
	"strings"
)

// maxJumps bounds a chain of jump hosts.
const maxJumps = 8

// jump is one jump host as it is written: user may be empty, port may be 0.
type jump struct {
	user string
	host string
	port int
}

// parseJumps parses a chain of jump hosts as OpenSSH's ProxyJump writes it: [user@]host[:port], separated by commas,
// the first being the one that is dialled from here. Nothing, or "none", is no jump host. An IPv6 address is in
// brackets.
func parseJumps(spec string) ([]jump, error) {
	if spec == "" || strings.EqualFold(spec, "none") {
		return nil, nil
	}
	var jumps []jump
	for part := range strings.SplitSeq(spec, ",") {
		j, err := parseJump(strings.TrimSpace(part))
		if err != nil {
			return nil, fmt.Errorf("jump host %s: %w", quote(part), err)
		}
		if jumps = append(jumps, j); len(jumps) > maxJumps {
			return nil, fmt.Errorf("more than %d jump hosts", maxJumps)
		}
	}
	return jumps, nil
}

func parseJump(s string) (jump, error) {
	var j jump
	if i := strings.LastIndexByte(s, '@'); i >= 0 { // a user name may have an @, a host cannot
		if j.user = s[:i]; !validUser(j.user) {
			return jump{}, errors.New("the user name is not valid")
		}
		s = s[i+1:]
	}
	host, port, err := splitHost(s)
	if err != nil {
		return jump{}, err
	}
	if j.host = host; !validHost(host) {
		return jump{}, errors.New("the host is not valid")
	}
	if port != "" {
		if j.port, err = parsePort(port); err != nil {
			return jump{}, err
		}
	}
	return j, nil
}

// splitHost splits host[:port] or [host][:port]; the port is empty if none is given.
func splitHost(s string) (host, port string, err error) {
	rest := ""
	if inner, ok := strings.CutPrefix(s, "["); ok {
		var closed bool
		if host, rest, closed = strings.Cut(inner, "]"); !closed {
			return "", "", errors.New("a ] is missing")
		}
	} else if i := strings.IndexByte(s, ':'); i >= 0 {
		host, rest = s[:i], s[i:]
	} else {
		host = s
	}
	if rest == "" {
		return host, "", nil
	}
	port, ok := strings.CutPrefix(rest, ":")
	if !ok || port == "" {
		return "", "", errors.New("the port is not valid")
	}
	return host, port, nil
}

func parsePort(s string) (int, error) {
	n, err := strconv.ParseUint(s, 10, 16)
	if err != nil || n == 0 || s[0] == '+' {
		return 0, fmt.Errorf("port %s is not a number from 1 to 65535", quote(s))
	}
	return int(n), nil
}

// Names of hosts are held against these for each machine, for which a regular expression with a bound takes long.
const (
	lettersAndDigits = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789"
	maxHostName      = 253
)

func isHostName(s string) bool {
	return s != "" && len(s) <= maxHostName && s[0] != '.' && s[0] != '-' && strings.Trim(s, lettersAndDigits+"._-") == ""
}

// validHost reports whether s is a host name or an IP address. Whatever else it might be (a pattern, two names,
// a line break) must not get into a known_hosts file.
func validHost(s string) bool {
	if isHostName(s) {
		return true
	}
	addr, err := netip.ParseAddr(s)
	return err == nil && (addr.Zone() == "" || isHostName(addr.Zone()))
}

// validUser reports whether s can be the name of a user: no spaces, no control characters.
func validUser(s string) bool {
	return s != "" && len(s) <= 255 && !strings.ContainsFunc(s, func(r rune) bool {
		return r <= ' ' || r == 0x7f || r == '\uFFFD'
	})
}
