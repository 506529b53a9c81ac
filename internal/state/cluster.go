package state

import (
	"cmp"
	"crypto/rand"
	"crypto/tls"
	"encoding/hex"
	"slices"
	"strings"
	"time"
)

// Cluster is how a replica reaches the NATS servers that it shares with others, and as whom. It holds no secrets,
// only where they are.
type Cluster struct {
	// URL is one or more URLs of NATS servers, with commas between them and without user names.
	URL string
	// CredentialsFile is a file with a JWT and its key, as `nsc` writes them. It is read at every connection.
	CredentialsFile string
	// Username and PasswordFile are another way to log in. The file is read at every connection.
	Username     string
	PasswordFile string
	// TLS is nil where the URLs alone decide: tls:// takes the system's authorities.
	TLS *tls.Config
	// Replicas is how many NATS servers keep each stream; 0 is 1.
	Replicas int
	// Replica is who this one is; ReplicaName makes a name. Its Fleet is left to Store.Announce.
	Replica Replica
	// StartTimeout is how long Open tries; 0: a minute.
	StartTimeout time.Duration
}

// Role is what a replica does.
type Role string

// The roles of a replica.
const (
	RoleAll    Role = "all"    // everything
	RoleWorker Role = "worker" // it checks, and neither alerts nor coordinates
	RoleWeb    Role = "web"    // everything but checking
)

// Decides tells whether a replica of that role has a say in what the fleet is, and may coordinate.
func (r Role) Decides() bool { return r != RoleWorker }

// Replica is one of the processes that share the state.
type Replica struct {
	Name      string    `json:"name"` // no two have the same
	Role      Role      `json:"role"`
	Sites     []string  `json:"sites,omitempty"` // whose machines it checks; none: of machines without a site
	Version   string    `json:"version,omitempty"`
	StartedAt time.Time `json:"started_at"`
	Fleet     string    `json:"fleet,omitempty"` // digest of its fleet, as announced; empty: not yet
}

// Takes tells whether the replica checks machines of a site; empty is that of those without one.
func (r *Replica) Takes(site string) bool {
	if r.Role == RoleWeb {
		return false
	}
	return slices.Contains(r.Sites, site) || site == "" && len(r.Sites) == 0
}

// ReplicaName is a name for a replica on that host, another one every time.
func ReplicaName(hostname string) string {
	name := []byte(cmp.Or(hostname, "replica"))
	name = name[:min(len(name), 100)]
	for i, c := range name {
		if !isAlnum(c) && (i == 0 || !strings.ContainsRune("._-", rune(c))) {
			name[i] = 'x'
		}
	}
	var suffix [4]byte
	_, _ = rand.Read(suffix[:]) // never fails
	return string(name) + "-" + hex.EncodeToString(suffix[:])
}
