package main

import (
	"cmp"
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"errors"
	"fmt"
	"slices"

	"github.com/prometheus/common/version"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// The flags of a replica's part in a cluster.
const (
	roleFlag  = "cluster.role"
	sitesFlag = "worker.sites"
)

// errClusterChanged refuses a reload.
var errClusterChanged = errors.New("cluster: what it says is taken at the start only, restart to change it")

// part is what this replica does in a cluster; all without one.
func (f *serveFlags) part() state.Role { return cmp.Or(state.Role(f.role), state.RoleAll) }

// stateOptions say where the state is. What is wrong with the flags is said before anything is connected to.
func (d *daemon) stateOptions(fleet *checker.Fleet) (state.Options, error) {
	o := state.Options{
		Dir: d.cli.common.storagePath, Logger: d.log.With("component", "state"), Clock: d.clock, AckWait: ackWait(fleet),
	}
	c, f := fleet.Config.Cluster, d.flags
	if c == nil {
		if f.part() != state.RoleAll || len(f.sites) > 0 {
			return o, fmt.Errorf("--%s and --%s are for replicas that share their state: the configuration has no cluster",
				roleFlag, sitesFlag)
		}
		return o, nil
	}
	if f.externalURL == "" {
		return o, errors.New("--web.external-url is needed in a cluster: the link in an alert must be the same whichever replica sends it")
	}
	if f.part() == state.RoleWeb && len(f.sites) > 0 {
		return o, fmt.Errorf("--%s is for replicas that check machines: --%s=%s does not", sitesFlag, roleFlag, f.role)
	}
	tls, err := c.NATS.TLSConfig()
	if err != nil {
		return o, fmt.Errorf("cluster.nats.tls_config: %w", err)
	}
	sites := slices.Clone(f.sites)
	slices.Sort(sites)
	o.Cluster = &state.Cluster{
		URL: c.NATS.URL, CredentialsFile: c.NATS.CredentialsFile, Username: c.NATS.Username, PasswordFile: c.NATS.PasswordFile,
		TLS: tls, Replicas: c.NATS.Replicas,
		Replica: state.Replica{
			Name: state.ReplicaName(d.cli.env.hostname), Role: f.part(), Sites: slices.Compact(sites),
			Version: version.Version, StartedAt: d.clock.Now().UTC(),
		},
	}
	return o, nil
}

// identity is what removals and the identity of alerts depend on, of one machine.
type identity struct {
	Name, DisplayName, Site string
	Enabled                 bool
	Packs                   []string
	Labels                  map[string]string
}

// digested is a fleet with its digest.
type digested struct {
	fleet  *checker.Fleet
	digest string
}

// digest is the same for two replicas exactly if both would take the same pairs for the fleet's, and give their alerts
// the same labels, names and links.
func (d *daemon) digest(fleet *checker.Fleet) string {
	if last := d.digested.Load(); last != nil && last.fleet == fleet {
		return last.digest
	}
	hash := sha256.New()
	e := json.NewEncoder(hash) // orders the keys of maps; neither it nor the hash can fail
	_ = e.Encode([]any{d.externalURL.String(), fleet.Config.Alerting.ExternalLabels})
	for i := range fleet.Config.Machines { // they are sorted
		m := &fleet.Config.Machines[i]
		packs := slices.Clone(m.Packs)
		slices.Sort(packs)
		_ = e.Encode(identity{m.Name, m.DisplayName, m.Site, m.Enabled, packs, m.Labels})
	}
	sum := hex.EncodeToString(hash.Sum(nil))
	d.digested.Store(&digested{fleet, sum})
	return sum
}

// agreed tells whether it is this fleet that all replicas have.
func (d *daemon) agreed(fleet *checker.Fleet) bool { return d.store.AgreedOn(d.digest(fleet)) }

// decides tells whether this replica may say, by this fleet, what left it and what an alert is called.
func (d *daemon) decides(fleet *checker.Fleet) bool { return d.store.Coordinates() && d.agreed(fleet) }
