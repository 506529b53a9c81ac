package ssh

import (
	"net"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skeema/knownhosts"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"
)

const (
	indexedKey = " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIIsBKa1L0Y7kGkEwRCOWh0TCEHHyr5yBqRBTDsZ1ZPZj\n"
	anotherKey = " ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIPa8hVZpMrQVhzVNsaU8YCHBqPyKzKt1c1T0eX8vSkqH comment\n"
)

func TestFilesThatAreNotPlainAreLeftToTheLibrary(t *testing.T) {
	for name, c := range map[string]struct {
		line  string
		plain bool
	}{
		"a name":             {"web1" + indexedKey, true},
		"names and a port":   {"web1,[web2]:2222,::1,[::1]:2222" + indexedKey, true},
		"a comment":          {"# web*\n\n \t\nweb1" + indexedKey, true},
		"a pattern":          {"web*" + indexedKey, false},
		"a question mark":    {"web?" + indexedKey, false},
		"an exclusion":       {"web1,!web2" + indexedKey, false},
		"a hash":             {xknownhosts.HashHostname("web1") + indexedKey, false},
		"an authority":       {"@cert-authority web1" + indexedKey, false},
		"a revoked key":      {"@revoked web1" + indexedKey, false},
		"what is no key":     {"web1 ssh-ed25519 AAAA\n", false},
		"a line of a word":   {"web1\n", false},
		"an open bracket":    {"[web1" + indexedKey, false},
		"one among the many": {"web1" + indexedKey + "web2" + indexedKey + "*.org" + indexedKey, false},
	} {
		assert.Equal(t, c.plain, indexPlain("file", []byte(c.line), nil) != nil, name)
	}
	assert.Empty(t, indexPlain("file", []byte("web1 what\nweb2 ever\n"), []skippedLine{{number: 1}, {number: 2}}))
}

// Whatever is in a file, an index of it knows each host by the keys that the library finds.
func FuzzIndexedKeysAreThoseOfTheLibrary(f *testing.F) {
	f.Add("web1,[web1]:2222" + indexedKey + "web1" + anotherKey)
	f.Add("WEB1,web1,web1" + indexedKey + "web1:22" + indexedKey + "[web1]:22" + anotherKey)
	f.Add("::1,[::1]:2222,fe80::1%eth0" + indexedKey + "#x\n\t::1\t" + anotherKey)
	f.Add(",,web1," + indexedKey + "\r\nweb1" + strings.TrimSuffix(anotherKey, "\n") + "\r\n")
	f.Fuzz(func(t *testing.T, text string) {
		path := writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), text)
		db, err := knownhosts.NewDB(path)
		if err != nil {
			return
		}
		index := indexPlain(path, []byte(text), nil)
		if index == nil {
			return
		}
		addrs := []string{"web1:22", "web1:2222", "[::1]:22", "[::1]:2222"}
		for addr := range index {
			if host, port, err := net.SplitHostPort(addr); err == nil && net.JoinHostPort(host, port) == addr {
				addrs = append(addrs, addr)
			}
		}
		for _, addr := range addrs {
			var want, have []ssh.PublicKey
			for _, k := range db.HostKeys(addr) {
				want = append(want, k.PublicKey)
			}
			for _, k := range index[addr] {
				have = append(have, k.key)
			}
			require.Equal(t, want, have, addr)
		}
	})
}
