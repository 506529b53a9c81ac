// Package testnats runs a cluster of real nats-servers with JetStream for tests: the program that the Makefile builds, a
// process per node, on loopback. A node can be killed, paused and started again, and a Link between one client and all
// nodes can be cut. It is for tests only; nothing that ships may import it.
package testnats

import (
	"encoding/json"
	"io"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"testing"

	"github.com/drift-exporter/drift_exporter/internal/testenv"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// Options are what clusters differ in.
type Options struct {
	// Nodes is how many there are; 0: three.
	Nodes int
	// User and Password are what clients have to give; none: nobody is asked.
	User, Password string
	// TLS makes clients come over TLS; Cluster.CAFile says by which authority the nodes are known.
	TLS bool
	// MaxPayload is the limit of one message in bytes; 0: the server's own.
	MaxPayload int
}

// Cluster is a running cluster. Its methods must be called from the test's goroutine.
type Cluster struct {
	// Nodes are the servers, n1 first.
	Nodes []*Node
	// CAFile is the certificate of the authority that the nodes' are signed by, if Options says TLS.
	CAFile string

	t      testing.TB
	scheme string
}

// Start runs a cluster until the test ends, and returns once it can be used: with a leader, and JetStream on every node.
// Nodes tell clients of no other node, so that a client knows just those that it was given. If the program is missing, the
// test is skipped, or fails where the environment has CI=true.
func Start(t testing.TB, o Options) *Cluster {
	t.Helper()
	if o.Nodes == 0 {
		o.Nodes = 3
	}
	c := &Cluster{t: t, scheme: "nats"}
	binary, files := testenv.Built(t, "nats-server"), pair{}
	if o.TLS {
		c.scheme = "tls"
		c.CAFile, files = writeCertificates(t, t.TempDir())
	}
	t.Cleanup(c.Kill)
	testprocess.OnFreeAddress(t, func(string) error { // another process may take any of the ports: then all anew
		c.Kill()
		c.Nodes = newNodes(t, binary, o.Nodes)
		for _, n := range c.Nodes {
			n.write(o, files, c.Nodes)
			if err := n.launch(); err != nil {
				return err
			}
		}
		return nil
	})
	c.WaitReady()
	return c
}

// URL is that of all nodes, as a client takes it, without user and password.
func (c *Cluster) URL() string {
	var urls []string
	for _, n := range c.Nodes {
		urls = append(urls, c.urlOf(n.address))
	}
	return strings.Join(urls, ",")
}

func (c *Cluster) urlOf(address string) string {
	return (&url.URL{Scheme: c.scheme, Host: address}).String()
}

// WaitReady waits until every node that runs has caught up with a leader, its streams and consumers included.
func (c *Cluster) WaitReady() {
	c.t.Helper()
	for _, n := range c.Nodes {
		if n.running() {
			testprocess.Eventually(c.t, n.Name+" is healthy", n.healthy, n.Output)
		}
	}
}

// Leader is the node that leads a stream, such as KV_state; the leader of the cluster itself for "". Somebody who runs must
// lead it.
func (c *Cluster) Leader(stream string) *Node {
	c.t.Helper()
	var leader *Node
	testprocess.Eventually(c.t, "stream "+strconv.Quote(stream)+" has a leader", func() bool {
		for _, n := range c.Nodes {
			if leader = c.byName(n.leaderOf(stream)); leader != nil && leader.running() {
				return true
			}
		}
		return false
	}, func() string { return "" })
	return leader
}

// WaitLeaderless waits until no node that runs takes itself to lead anything, as when most nodes are gone: a leader needs a
// while to notice that nobody follows.
func (c *Cluster) WaitLeaderless() {
	c.t.Helper()
	for _, n := range c.Nodes {
		if n.running() {
			testprocess.Eventually(c.t, n.Name+" leads nothing", n.leadsNothing, n.Output)
		}
	}
}

func (c *Cluster) byName(name string) *Node {
	for _, n := range c.Nodes {
		if n.Name == name {
			return n
		}
	}
	return nil
}

// Kill ends all nodes, as kill -9 does.
func (c *Cluster) Kill() {
	for _, n := range c.Nodes {
		n.Kill()
	}
}

// Restart starts those nodes that have ended, with what they had stored, lets go on those that are paused, and waits until
// all are ready.
func (c *Cluster) Restart() {
	c.t.Helper()
	for _, n := range c.Nodes {
		switch {
		case n.process == nil:
			n.Start()
		case n.paused:
			n.Resume()
		}
	}
	c.WaitReady()
}

// jetStream is the part of what a node's monitor says of JetStream that is used here.
type jetStream struct {
	Meta struct {
		Leader string `json:"leader"`
	} `json:"meta_cluster"`
	Accounts []struct {
		Streams []struct {
			Name    string `json:"name"`
			Cluster struct {
				Leader string `json:"leader"`
			} `json:"cluster"`
		} `json:"stream_detail"`
	} `json:"account_details"`
}

// leaders are those of the cluster and of all streams.
func (j jetStream) leaders() map[string]bool {
	all := map[string]bool{j.Meta.Leader: true}
	for _, account := range j.Accounts {
		for _, s := range account.Streams {
			all[s.Cluster.Leader] = true
		}
	}
	return all
}

func (j jetStream) leaderOf(stream string) string {
	if stream == "" {
		return j.Meta.Leader
	}
	for _, account := range j.Accounts {
		for _, s := range account.Streams {
			if s.Name == stream {
				return s.Cluster.Leader
			}
		}
	}
	return ""
}

// monitored decodes what a monitor answers.
func monitored(address, path string, into any) bool {
	response, err := testprocess.HTTPClient().Get("http://" + address + path)
	if err != nil {
		return false
	}
	defer func() { _ = response.Body.Close() }()
	body, err := io.ReadAll(response.Body)
	if err != nil || response.StatusCode != http.StatusOK {
		return false
	}
	return into == nil || json.Unmarshal(body, into) == nil
}
