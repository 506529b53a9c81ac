package ssh

import (
	"errors"
	"fmt"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"time"

	"github.com/kevinburke/ssh_config"
)

// configMaxAge bounds how long a parsed ssh_config is used: a change of a file that it includes does not show in
// its own time of modification.
const configMaxAge = 2 * time.Second

// hostConfig is what ssh_config says about a host. Zero is not said.
type hostConfig struct {
	hostName      string
	user          string
	port          int
	identityFiles []string
	noIdentity    bool // IdentityFile none
	proxyJump     string
}

func newConfigCache() *fileCache[*ssh_config.Config] {
	c := newFileCache(func(path string) (*ssh_config.Config, error) {
		data, err := os.ReadFile(path)
		if err != nil {
			return nil, err
		}
		return ssh_config.DecodeBytes(data)
	})
	c.maxAge = configMaxAge
	return c
}

// lookUp returns what the file says about alias, the host as the configuration names it. No file says nothing.
func (t *Transport) lookUp(file, alias string) (hostConfig, error) {
	if file == "" {
		return hostConfig{}, nil
	}
	parsed, err := t.configs.get(file)
	if errors.Is(err, os.ErrNotExist) {
		return hostConfig{}, nil
	}
	if err != nil {
		return hostConfig{}, fmt.Errorf("%s: %w", file, err)
	}
	c, err := t.read(parsed, alias)
	if err != nil {
		return hostConfig{}, fmt.Errorf("%s: host %s: %w", file, quote(alias), err)
	}
	return c, nil
}

func (t *Transport) read(parsed *ssh_config.Config, alias string) (hostConfig, error) {
	var c hostConfig
	var port string
	for keyword, value := range map[string]*string{
		"HostName": &c.hostName, "User": &c.user, "Port": &port, "ProxyJump": &c.proxyJump,
	} {
		var err error
		if *value, err = parsed.Get(alias, keyword); err != nil {
			return c, err
		}
	}
	if port != "" {
		n, err := parsePort(port)
		if err != nil {
			return c, err
		}
		c.port = n
	}
	var err error
	if c.hostName, err = expand(c.hostName, map[byte]string{'h': alias}); err != nil {
		return c, fmt.Errorf("HostName: %w", err)
	}
	files, err := parsed.GetAll(alias, "IdentityFile")
	for _, f := range files {
		if strings.EqualFold(f, "none") {
			c.noIdentity = true
		} else {
			c.identityFiles = append(c.identityFiles, f)
		}
	}
	return c, err
}

// identities are the identity files that ssh_config names for a host, with what stands for something else in their
// names replaced.
func (t *Transport) identities(c hostConfig, alias string, h hop) ([]string, error) {
	tokens := map[byte]string{
		'd': t.o.Home, 'h': h.host, 'n': alias, 'p': strconv.Itoa(h.port), 'r': h.user, 'u': t.o.User,
	}
	files := make([]string, 0, len(c.identityFiles))
	for _, f := range c.identityFiles {
		path, err := expand(f, tokens)
		if err != nil {
			return nil, fmt.Errorf("IdentityFile: %w", err)
		}
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			path = filepath.Join(t.o.Home, rest)
		}
		if !filepath.IsAbs(path) { // as a ~ is without a home
			return nil, fmt.Errorf("IdentityFile %s is not an absolute path", quote(f))
		}
		files = append(files, path)
	}
	return files, nil
}

// expand replaces %x by tokens[x] and %% by %.
func expand(s string, tokens map[byte]string) (string, error) {
	if strings.Contains(s, "${") {
		return "", fmt.Errorf("%s: environment variables are not supported", quote(s))
	}
	var b strings.Builder
	for i := 0; i < len(s); i++ {
		if s[i] != '%' {
			b.WriteByte(s[i])
			continue
		}
		if i++; i == len(s) {
			return "", fmt.Errorf("%s ends in %%", quote(s))
		}
		value, ok := tokens[s[i]]
		switch {
		case s[i] == '%':
			b.WriteByte('%')
		case ok:
			b.WriteString(value)
		default:
			return "", fmt.Errorf("%s: %%%c is not supported", quote(s), s[i])
		}
	}
	return b.String(), nil
}
