package testnats

import (
	"fmt"
	"math/rand/v2"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"slices"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// Node is one nats-server of a Cluster, or one that is stopped. Its methods must be called from the test's goroutine.
type Node struct {
	// Name is n1, n2, …
	Name string

	t       testing.TB
	binary  string
	dir     string // of its configuration and its store
	address string // for clients
	monitor string
	routes  string // for other nodes
	process *testprocess.Process
	paused  bool
}

// newNodes gives each its folder and its ports.
func newNodes(t testing.TB, binary string, count int) []*Node {
	t.Helper()
	var nodes []*Node
	addresses := newAddresses(t, 3*count)
	for i := range count {
		nodes = append(nodes, &Node{
			Name: fmt.Sprintf("n%d", i+1), t: t, binary: binary, dir: t.TempDir(),
			address: addresses[3*i], monitor: addresses[3*i+1], routes: addresses[3*i+2],
		})
	}
	return nodes
}

// newAddresses are some that nobody listens on. Nobody else gets one of them by asking for a free port while a node is not
// running: they are below those that systems give away.
func newAddresses(t testing.TB, count int) []string {
	t.Helper()
	const lowest, below = 20000, 32768
	var addresses []string
	for range 100 * count {
		address := fmt.Sprintf("127.0.0.1:%d", lowest+rand.IntN(below-lowest))
		listener, err := net.Listen("tcp", address)
		if err != nil {
			continue
		}
		require.NoError(t, listener.Close())
		if !slices.Contains(addresses, address) {
			addresses = append(addresses, address)
		}
		if len(addresses) == count {
			return addresses
		}
	}
	require.Fail(t, "no ports are free")
	return nil
}

// write writes its configuration.
func (n *Node) write(o Options, files pair, all []*Node) {
	n.t.Helper()
	var text strings.Builder
	fmt.Fprintf(&text, "server_name: %s\nlisten: %q\nhttp: %q\n", n.Name, n.address, n.monitor)
	fmt.Fprintf(&text, "jetstream { store_dir: %q, max_mem: 64MB, max_file: 1GB }\n", n.dir)
	if len(all) > 1 {
		fmt.Fprintf(&text, "cluster { name: drift, listen: %q, no_advertise: true, routes: [\n", n.routes)
		for _, other := range all {
			fmt.Fprintf(&text, "  %q\n", "nats://"+other.routes)
		}
		fmt.Fprint(&text, "] }\n")
	}
	if o.User != "" {
		fmt.Fprintf(&text, "authorization { user: %q, password: %q }\n", o.User, o.Password)
	}
	if o.TLS {
		fmt.Fprintf(&text, "tls { cert_file: %q, key_file: %q }\n", files.cert, files.key)
	}
	if o.MaxPayload > 0 {
		fmt.Fprintf(&text, "max_payload: %d\n", o.MaxPayload)
	}
	require.NoError(n.t, os.WriteFile(n.config(), []byte(text.String()), 0o600))
}

func (n *Node) config() string { return filepath.Join(n.dir, "nats.conf") }

// launch returns once its monitor answers: it cannot be healthy before the others are there.
func (n *Node) launch() (err error) {
	n.process, err = testprocess.StartWhere(exec.Command(n.binary, "-c", n.config()), "http://"+n.monitor+"/healthz",
		func(status int) bool { return status != 0 })
	return err
}

// Start starts it again, with what it had stored. It does not wait for it to catch up: WaitReady does.
func (n *Node) Start() {
	n.t.Helper()
	var err error
	// A connection of somebody else may have its port for a moment.
	up := testprocess.WaitFor(func() bool { err = n.launch(); return err == nil })
	require.True(n.t, up, "%s does not start: %v", n.Name, err)
}

// Kill is kill -9; it waits until the process is gone. It may be called again.
func (n *Node) Kill() {
	n.process.Kill()
	n.process, n.paused = nil, false
}

// Stop is an orderly end: SIGTERM.
func (n *Node) Stop() {
	n.t.Helper()
	require.NoError(n.t, n.process.Signal(syscall.SIGTERM))
	_, err := n.process.Wait()
	require.NoError(n.t, err)
	n.process = nil
}

// Pause halts the process where it is, with its connections open.
func (n *Node) Pause() {
	n.t.Helper()
	require.NoError(n.t, n.process.Signal(syscall.SIGSTOP))
	n.paused = true
}

// Resume lets it go on after Pause.
func (n *Node) Resume() {
	n.t.Helper()
	require.NoError(n.t, n.process.Signal(syscall.SIGCONT))
	n.paused = false
}

// Output is what the present process has logged so far.
func (n *Node) Output() string { return n.process.Output() }

func (n *Node) running() bool { return n.process != nil && !n.paused }

func (n *Node) healthy() bool { return monitored(n.monitor, "/healthz", nil) }

// leaderOf is who leads a stream, as far as it knows.
func (n *Node) leaderOf(stream string) string {
	var seen jetStream
	if !n.running() || !n.jetStream(&seen) {
		return ""
	}
	return seen.leaderOf(stream)
}

func (n *Node) leadsNothing() bool {
	var seen jetStream
	return n.jetStream(&seen) && !seen.leaders()[n.Name]
}

func (n *Node) jetStream(seen *jetStream) bool { return monitored(n.monitor, "/jsz?streams=1", seen) }
