package oracle_test

import (
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// sysctls are what is asked for, with some values. Those of the network are changed to them, where they can be.
var sysctls = map[string][]string{
	"net.ipv4.ip_forward":                   {"0", "1"},
	"net.ipv4.ip_local_port_range":          {"32768 60999", "1024 65535", "40000\t50000"},
	"net.ipv4.ping_group_range":             {"1 0", "0 0", "0 2147483647"},
	"net.ipv4.ip_default_ttl":               {"64", "128", "255", "1"},
	"net.ipv4.tcp_rmem":                     {"4096 131072 6291456", "4096 87380 6291456", "4096 131072 6291455"},
	"net.ipv4.tcp_wmem":                     {"4096 16384 4194304", "4096 65536 4194304"},
	"net.ipv4.tcp_syncookies":               {"0", "1", "2"},
	"net.ipv4.tcp_keepalive_time":           {"7200", "600", "60"},
	"net.ipv4.tcp_ecn":                      {"0", "1", "2"},
	"net.ipv4.tcp_retries2":                 {"15", "8"},
	"net.ipv4.tcp_fin_timeout":              {"60", "30", "06"},
	"net.ipv4.icmp_echo_ignore_all":         {"0", "1"},
	"net.ipv4.conf.all.rp_filter":           {"0", "1", "2"},
	"net.ipv4.conf.lo.accept_redirects":     {"0", "1"},
	"net.ipv4.conf.default.send_redirects":  {"0", "1"},
	"net/ipv4/conf/br.1/log_martians":       {"0", "1"},
	"net.ipv4.conf.br/1.arp_ignore":         {"0", "1", "2"},
	"net.ipv4.neigh.default.gc_stale_time":  {"60", "120"},
	"net.ipv4.ip_local_reserved_ports":      {"", "8080", "8080,9000-9003"},
	"net.ipv4.tcp_congestion_control":       {"reno"},
	"net.ipv4.tcp_fastopen_key":             {"00000001-00000002-00000003-00000004"},
	"net.ipv6.conf.all.forwarding":          {"0", "1"},
	"net.ipv6.conf.default.disable_ipv6":    {"0", "1"},
	"net.ipv6.conf.all.stable_secret":       {"2001:db8::1"}, // cannot be read before it has been written
	"net.ipv6.conf.lo.mtu":                  {"65536", "1500"},
	"net.core.somaxconn":                    {"4096", "128"},
	"net.ipv4.igmp_max_memberships":         {"20", "40"},
	"net.netfilter.nf_log.2":                {"NONE"},
	"net.unix.max_dgram_qlen":               {"512", "10"},
	"net.ipv4.tcp_available_congestion_ctl": {"there is none of this name"},
	"net.ipv4.route.flush":                  {"1"}, // can only be written
	"net.ipv4.conf":                         {"0"}, // a directory
	"net.ipv4.conf.nowhere.rp_filter":       {"0"},
	"net.ipv4.ip_forward.below":             {"0"},
	"kernel.ostype":                         {"Linux"},
}

func TestSysctlsAreJudgedAsSysctlDoes(t *testing.T) {
	testenv.Program(t, "sysctl", "procps")
	c := newChance(t)
	cases := planned(t, "sysctl")
	m := inNamespace(t, "private network", "net", ":")
	if _, diagnosis, ok := m.run(t, "", testenv.Program(t, "ip", "iproute2"), "link", "add", "name", "br.1", "type", "bridge"); !ok {
		t.Logf("no bridge br.1 (%s): its parameters are absent", diagnosis)
	}
	const perRound = 15 // then the values change
	var n tally
	for n.total < cases {
		n.add(t, c, c.sysctlRound(t, m, min(perRound, cases-n.total)))
	}
	n.healthy(t, cases)
}

// sysctlRound changes some parameters, and judges demands of what they were before and are now.
func (c chance) sysctlRound(t testing.TB, m machine, count int) []judged {
	keys := slices.Sorted(maps.Keys(sysctls)) // a map has no order, and a seed has to give the same cases
	c.Shuffle(len(keys), func(i, k int) { keys[i], keys[k] = keys[k], keys[i] })
	keys = keys[:count]
	var packs, wanted []string
	for _, key := range keys {
		before, _, _ := m.run(t, "", "sysctl", "-n", key)
		if strings.HasPrefix(key, "net") && c.in(60) {
			_, _, _ = m.run(t, "", "sysctl", "-q", "-w", key+"="+of(c, sysctls[key]...))
		}
		now, _, _ := m.run(t, "", "sysctl", "-n", key)
		value := of(c, before, now, of(c, sysctls[key]...))
		if c.in(20) {
			value = of(c, " "+value, value+" ", strings.Join(strings.Fields(value), "  "), value+"0", "0"+value, value+"\n")
		}
		packs = append(packs, onePack(t, "settings", item{"key": key, "expected": value, "type": "sysctl"}))
		wanted = append(wanted, value)
	}
	ours := m.verdicts(t, packs, nil)
	judgements := make([]judged, len(packs))
	for i := range packs {
		theirs, note := m.sysctlSays(t, keys[i], wanted[i])
		judgements[i] = judged{item: fmt.Sprintf("%s=%q", keys[i], wanted[i]), ours: ours[i], theirs: theirs, note: note}
	}
	return judgements
}

// sysctlSays judges by what sysctl prints of a key. Runs of blanks are one, as the documentation says. Of a parameter
// that can only be written it prints as little as of one that is empty: there cat decides.
func (m machine) sysctlSays(t testing.TB, key, wanted string) (verdict, string) {
	out, diagnosis, ok := m.run(t, "", "sysctl", "-n", key)
	if out == "" && diagnosis == "" {
		_, diagnosis, ok = m.run(t, "", "cat", "/proc/sys/"+strings.ReplaceAll(key, ".", "/"))
	}
	note := out[:min(len(out), 200)] + diagnosis
	switch {
	case strings.HasSuffix(diagnosis, "No such file or directory"), strings.HasSuffix(diagnosis, "Not a directory"):
		return drifted("wrong_setting (absent)"), note
	case diagnosis != "" || !ok, key == "net.ipv4.conf": // of a directory it prints all that is below
		return unobserved, note
	case strings.Join(strings.Fields(out), " ") != strings.Join(strings.Fields(wanted), " "):
		return drifted("wrong_setting " + strings.Join(strings.Fields(out), " ")), note
	}
	return compliant, note
}
