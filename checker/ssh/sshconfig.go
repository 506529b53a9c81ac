package ssh

import (
	"errors"
	"fmt"
	"io/fs"
	"path/filepath"
	"strconv"
	"strings"
	"time"
)

// configMaxAge bounds how long a parsed ssh_config is used: a change of a file that it includes does not show in
// its own time of modification.
const configMaxAge = 2 * time.Second

// hostConfig is what ssh_config says about a host. Zero is not said.
type hostConfig struct {
	hostName         string
	user             string
	port             int
	identityFiles    []string
	noIdentity       bool // IdentityFile none
	certificateFiles []string
	identitiesOnly   string // yes or no
	proxyJump        string
	proxyCommand     string // where it is: what it says is never run
}

func newConfigCache(home string) *fileCache[[]configLine] {
	c := newFileCache(func(path string) ([]configLine, error) {
		r := configReader{home: home}
		return r.file(path, 0)
	})
	c.maxAge = configMaxAge
	return c
}

// lookUp returns what the file says about alias, the host as the configuration names it. user is who logs in as far
// as it is known without ssh_config, own whether that is final. No file says nothing.
func (t *Transport) lookUp(file, alias, user string, own bool) (hostConfig, error) {
	if file == "" {
		return hostConfig{}, nil
	}
	lines, err := t.configs.get(file)
	if errors.Is(err, fs.ErrNotExist) {
		return hostConfig{}, nil
	}
	if err != nil {
		return hostConfig{}, fmt.Errorf("%s: %w", file, err)
	}
	e := evaluation{t: t, alias: alias, user: user, own: own}
	if err := e.run(lines); err != nil {
		return hostConfig{}, err
	}
	e.c.hostName, err = expand(e.c.hostName, map[byte]string{'h': alias})
	if err != nil {
		return hostConfig{}, fmt.Errorf("HostName: %w", err)
	}
	return e.c, nil
}

// evaluation goes through an ssh_config for one host. Of every value the first counts; files add up.
type evaluation struct {
	t     *Transport
	alias string
	user  string
	own   bool
	c     hostConfig
}

func (e *evaluation) run(lines []configLine) error {
	on := true // what stands before the first Host is for all
	for _, l := range lines {
		var err error
		switch {
		case l.keyword == "host":
			on = matchesHost(l.args, e.alias)
		case l.keyword == "match":
			on, err = e.match(l)
		case on && (l.keyword == "include" || l.keyword == "file"):
			err = e.run(l.included)
		case on:
			if err = e.set(l); err != nil {
				err = fmt.Errorf("%s: %w", l, err)
			}
		}
		if err != nil {
			return err
		}
	}
	return nil
}

func (e *evaluation) set(l configLine) error {
	c := &e.c
	var err error
	switch l.keyword {
	case "hostname":
		first(&c.hostName, l.arg())
	case "user":
		first(&c.user, l.arg())
	case "port":
		if c.port == 0 {
			c.port, err = parsePort(l.arg())
		}
	case "identityfile":
		if strings.EqualFold(l.arg(), "none") {
			c.noIdentity = true
		} else {
			c.identityFiles = append(c.identityFiles, l.arg())
		}
	case "certificatefile":
		if !strings.EqualFold(l.arg(), "none") {
			c.certificateFiles = append(c.certificateFiles, l.arg())
		}
	case "identitiesonly":
		var value string
		value, err = yesOrNo(l.arg())
		first(&c.identitiesOnly, value)
	case "proxyjump": // of these two the first counts
		if c.proxyCommand == "" {
			first(&c.proxyJump, l.arg())
		}
	case "proxycommand":
		if strings.EqualFold(l.arg(), "none") {
			first(&c.proxyJump, "none")
		} else if c.proxyJump == "" {
			first(&c.proxyCommand, l.String())
		}
	}
	return err
}

func first(value *string, next string) {
	if *value == "" {
		*value = next
	}
}

func yesOrNo(s string) (string, error) {
	switch strings.ToLower(s) {
	case "yes", "true":
		return "yes", nil
	case "no", "false":
		return "no", nil
	}
	return "", fmt.Errorf("%s is neither yes nor no", quote(s))
}

// match reports whether all conditions of a Match line hold. One that cannot be told, as by running a command, does
// not, which is warned of.
func (e *evaluation) match(l configLine) (bool, error) {
	all, ok := criteria(l.args)
	if !ok {
		return false, fmt.Errorf("%s: a condition of Match has no value", l)
	}
	for _, c := range all {
		holds, known := e.holds(c)
		if !known {
			if e.t.firstTime(l.String()) {
				e.t.log.Warn("a block of ssh_config is left out: its condition is not supported",
					"file", l.file, "line", l.number, "condition", c.name)
			}
			return false, nil
		}
		if holds == c.negated {
			return false, nil
		}
	}
	return true, nil
}

func (e *evaluation) holds(c criterion) (holds, known bool) {
	switch c.name {
	case "all":
		return true, true
	case "host":
		host, err := expand(e.c.hostName, map[byte]string{'h': e.alias})
		if err != nil || host == "" {
			host = e.alias
		}
		return matchesList(strings.ToLower(c.value), strings.ToLower(host)), true
	case "originalhost":
		return matchesList(strings.ToLower(c.value), strings.ToLower(e.alias)), true
	case "user":
		return matchesList(c.value, choose(e.own, e.user, e.c.user)), true
	case "localuser":
		return matchesList(c.value, e.t.o.User), true
	}
	return false, false
}

// tokens are what stands for something else in the values of ssh_config.
func (t *Transport) tokens(alias string, h hop) map[byte]string {
	return map[byte]string{
		'd': t.o.Home, 'h': h.host, 'n': alias, 'p': strconv.Itoa(h.port), 'r': h.user, 'u': t.o.User,
	}
}

// files are files that ssh_config names for a host, with what stands for something else in their names replaced.
func (t *Transport) files(keyword string, names []string, alias string, h hop) ([]string, error) {
	files := make([]string, 0, len(names))
	for _, name := range names {
		path, err := expand(name, t.tokens(alias, h))
		if err != nil {
			return nil, fmt.Errorf("%s: %w", keyword, err)
		}
		if rest, ok := strings.CutPrefix(path, "~/"); ok {
			path = filepath.Join(t.o.Home, rest)
		}
		if !filepath.IsAbs(path) { // as a ~ is without a home
			return nil, fmt.Errorf("%s %s is not an absolute path", keyword, quote(name))
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
