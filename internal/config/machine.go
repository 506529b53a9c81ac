package config

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/drift-exporter/drift_exporter/internal/yamlfile"
)

// machine reads one machine over the defaults. Without a usable name there is none.
func (l *loader) machine(file string, node *yaml.Node) (Machine, bool) {
	raw := rawMachine{}
	problems := yamlfile.DecodeNode(node, &raw)
	s := scope{file: file, line: raw.Line, out: &l.problems}
	if raw.Line == 0 { // not even a mapping
		s.line, s.subject = node.Line, "a machine "
	} else if raw.Name.Value != "" {
		s.subject = fmt.Sprintf("machine %q: ", raw.Name.Value)
	}
	s.decoded(problems)
	switch {
	case raw.Line == 0:
		return Machine{}, false
	case raw.Name.Value == "":
		if !problems.Fatal() { // otherwise the name may be among them
			s.errorf(raw.Name.Line, "a machine needs a name")
		}
		return Machine{}, false
	case !yamlfile.IsID(raw.Name.Value):
		s.errorf(raw.Name.Line, "the name must be %s", yamlfile.IDRule)
		return Machine{}, false
	}

	m := defaultMachine(raw.Name.Value, l.config.SSH)
	m.File, m.Line = file, raw.Line
	s.reach(raw, &m, l.paths)
	s.user(raw, &m)
	s.text(raw, &m)
	m.Packs, m.PackLines = s.packs(raw)
	m.Waivers = s.waivers(raw, m.Packs, l.config.Schedule.Location)
	return m, true
}

// reach reads how the machine is reached.
func (s scope) reach(raw rawMachine, m *Machine, p paths) {
	m.Enabled = raw.Enabled.Or(true)
	if raw.Address.Set {
		m.Address = s.address(raw.Address, "address")
	}
	if raw.Addresses != nil {
		s.addresses(raw, m)
	}
	m.SSH.Explicit = s.ssh(raw.SSH, &m.SSH, p)
	if !raw.Transport.Set {
		return
	}
	switch m.Transport = Transport(raw.Transport.Value); m.Transport {
	case TransportSSH:
	case TransportLocal:
		s.localOnly(raw, m)
	default:
		s.errorf(raw.Transport.Line, "transport must be ssh or local, not %q", raw.Transport.Value)
	}
}

// localOnly refuses what only SSH can honour. A helper is of use here too, but only if the machine itself names it:
// the default is for machines that are reached over SSH.
func (s scope) localOnly(raw rawMachine, m *Machine) {
	fields := slices.DeleteFunc(sorted(m.SSH.Explicit), func(field string) bool { return field == "helper" })
	if len(fields) > 0 {
		s.errorf(raw.Transport.Line, "transport local does not use ssh: take out ssh.%s", strings.Join(fields, ", ssh."))
	}
	if !m.SSH.Explicit["helper"] {
		m.SSH.Helper = ""
	}
}

// addresses reads several ways to one machine: the first is its address.
func (s scope) addresses(raw rawMachine, m *Machine) {
	if raw.Address.Set {
		s.errorf(raw.Address.Line, "a machine has either address or addresses")
		return
	}
	if len(raw.Addresses) == 0 {
		s.errorf(0, "addresses is empty")
		return
	}
	if len(raw.Addresses) > maxAddresses {
		s.errorf(raw.Addresses[maxAddresses].Line, "a machine has at most %d addresses", maxAddresses)
	}
	var all []string
	for _, v := range raw.Addresses {
		address := s.address(v, "addresses:")
		if slices.Contains(all, address) {
			s.errorf(v.Line, "addresses: %q is given twice", address)
		}
		all = append(all, address)
	}
	m.Address, m.FurtherAddresses = all[0], all[1:]
}

// maxAddresses bounds the addresses of a machine, since all of them share one connect_timeout.
const maxAddresses = 8

// address reads a host name or an IP address; brackets around IPv6 are taken off.
func (s scope) address(v yamlfile.Scalar, field string) string {
	if host, ok := bareHost(v.Value); ok && isHost(host) {
		return host
	}
	if i := strings.LastIndexByte(v.Value, ':'); i > 0 && isPort(v.Value[i+1:]) {
		s.errorf(v.Line, "%s %q must not have a port: give it as ssh.port", field, v.Value)
	} else if i := strings.LastIndexByte(v.Value, '@'); i > 0 && isHost(v.Value[i+1:]) {
		s.errorf(v.Line, "%s %q must not have a user: give it as ssh.user", field, v.Value)
	} else {
		s.errorf(v.Line, "%s %q is neither a host name nor an IP address", field, v.Value)
	}
	return v.Value
}

// userName is what user names look like that go onto a command line: no shell gives any of it a meaning.
var userName = regexp.MustCompile(`^[A-Za-z_][A-Za-z0-9_.-]{0,63}$`)

// user reads whose files are checked, and as whom.
func (s scope) user(raw rawMachine, m *Machine) {
	m.Become = raw.Become.Or(false)
	m.BecomeUser = s.userName(raw.BecomeUser, "become_user", m.BecomeUser)
	m.ConfigUser = s.userName(raw.ConfigUser, "config_user", "")
	if m.BecomeUser != "root" && !m.Become {
		s.warnf(raw.BecomeUser.Line, "become_user has no effect without become: true")
	}
	login := m.SSH.User
	if m.Transport == TransportSSH && m.ConfigUser != "" && login != "" && m.ConfigUser != login && !m.Become {
		s.errorf(raw.ConfigUser.Line, "config_user %q is not the user that ssh logs in as (%q): that needs become: true", m.ConfigUser, login)
	}
}

func (s scope) userName(v yamlfile.Scalar, field, otherwise string) string {
	if v.Value == "" {
		return otherwise
	}
	if !userName.MatchString(v.Value) {
		s.errorf(v.Line, "%s %q must be a user name: letters, digits, '_', '-' and '.', beginning with a letter or '_'", field, v.Value)
		return otherwise
	}
	return v.Value
}

// text reads what is shown of the machine, and what templates know of it.
func (s scope) text(raw rawMachine, m *Machine) {
	if name := s.oneLine(raw.DisplayName, "display_name"); name != "" {
		m.DisplayName = name
	}
	m.Site = raw.Site.Value
	if m.Site != "" && !yamlfile.IsID(m.Site) {
		s.errorf(raw.Site.Line, "site %q must be %s", m.Site, yamlfile.IDRule)
	}
	m.Labels = s.labels(raw.Labels, "labels", "alertname", "severity", "machine", "pack")
	m.Vars = raw.Vars
	if _, taken := raw.Vars["facts"]; taken {
		s.errorf(0, "vars must not have \"facts\": templates find the machine's facts there")
	}
}

// packs reads the ids of the machine's packs, and the lines that they are in.
func (s scope) packs(raw rawMachine) (packs []string, lines []int) {
	for _, v := range raw.Packs {
		switch {
		case !yamlfile.IsID(v.Value):
			s.errorf(v.Line, "packs: %q is not the id of a pack, which is its file's name without the ending", v.Value)
		case slices.Contains(packs, v.Value):
			s.errorf(v.Line, "packs: %q is given twice", v.Value)
		default:
			packs, lines = append(packs, v.Value), append(lines, v.Line)
		}
	}
	if len(raw.Packs) == 0 && !s.out.Fatal() {
		s.warnf(0, "no packs: nothing is checked on this machine")
	}
	return packs, lines
}
