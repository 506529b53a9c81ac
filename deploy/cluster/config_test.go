package cluster_test

import (
	"fmt"
	"strings"
)

// entry is a machine in a configuration.
type entry struct {
	name, site, team string
	port             int
}

// settings are what a replica's configuration says.
type settings struct {
	nats         string // of cluster.nats, beside the URL and replicas
	url          string
	replicas     int
	alertmanager string
	policy       string // of host keys
	concurrency  int
	resend       string // resend_delay
	machines     []entry
}

func (s settings) yaml() string {
	var text strings.Builder
	fmt.Fprintf(&text, `
schedule: {cron: "0 6 1 1 *"}
check: {concurrency: %d, timeout: 60s, retries: 0}
packs_dir: packs
ssh:
  user: drift
  identity_files: [key]
  known_hosts_files: [known_hosts]
  host_key_policy: %s
alerting:
  alertmanagers: [{url: %q}]
  resend_delay: %s
cluster:
  nats: {url: %q, replicas: %d%s}
  worker_timeout: 5s
machines:
`, s.concurrency, s.policy, s.alertmanager, s.resend, s.url, s.replicas, s.nats)
	for _, m := range s.machines {
		fmt.Fprintf(&text, "  - {name: %s, address: 127.0.0.1, packs: [base], ssh: {port: %d}", m.name, m.port)
		if m.site != "" {
			fmt.Fprintf(&text, ", site: %s", m.site)
		}
		if m.team != "" {
			fmt.Fprintf(&text, ", labels: {team: %s}", m.team)
		}
		text.WriteString("}\n")
	}
	return text.String()
}

// entries are those of machines as they are.
func entries(machines []*machine) []entry {
	var all []entry
	for _, m := range machines {
		all = append(all, entry{name: m.name, port: m.port})
	}
	return all
}
