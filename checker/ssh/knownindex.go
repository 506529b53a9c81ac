package ssh

import (
	"bytes"
	"net"
	"slices"
	"strings"

	"golang.org/x/crypto/ssh"
)

// indexPlain finds the keys of each address in a known_hosts file that says of each line for which hosts it is: whoever
// looks for one of fifty thousand there need not try all lines. It is nil if the file has patterns, hashed names or markers,
// or anything that only the library knows the meaning of. Lines with the numbers of skip are left out.
func indexPlain(path string, data []byte, skip []skippedLine) map[string][]knownKey {
	index := map[string][]knownKey{}
	number := 0
	for line := range bytes.Lines(data) {
		number++
		line = bytes.TrimSpace(line)
		if len(line) == 0 || line[0] == '#' || slices.ContainsFunc(skip, func(s skippedLine) bool { return s.number == number }) {
			continue
		}
		end := bytes.IndexAny(line, " \t")
		if end < 0 || line[0] == '@' || bytes.ContainsAny(line[:end], "|*?!") {
			return nil
		}
		_, _, key, _, _, err := ssh.ParseKnownHosts(line)
		if err != nil {
			return nil
		}
		addrs, ok := plainAddrs(string(line[:end]))
		if !ok {
			return nil
		}
		for _, addr := range addrs {
			index[addr] = append(index[addr], knownKey{key: key, file: path})
		}
	}
	return index
}

// plainAddrs are the addresses that a line of a known_hosts file is about, each once, as the library reads them.
func plainAddrs(names string) (addrs []string, ok bool) {
	for name := range strings.SplitSeq(names, ",") {
		if name == "" {
			continue
		}
		host, port, err := net.SplitHostPort(name)
		if err != nil {
			if name[0] == '[' {
				return nil, false
			}
			host, port = name, "22"
		}
		if addr := net.JoinHostPort(host, port); !slices.Contains(addrs, addr) {
			addrs = append(addrs, addr)
		}
	}
	return addrs, true
}
