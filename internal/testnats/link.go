package testnats

import (
	"net"
	"strings"
	"sync"

	"github.com/stretchr/testify/require"
)

// Link is the only way of one client to the nodes of a cluster: it passes on what comes, until it is cut. So a client can
// lose all of NATS and still reach everything else, and NATS still every other client.
type Link struct {
	cluster *Cluster
	ways    []*way

	mu    sync.Mutex
	state linkState
	wake  chan struct{} // closed when state changes
	conns map[net.Conn]bool
	work  sync.WaitGroup
}

type linkState int

const (
	linkUp     linkState = iota
	linkCut              // connections are closed, and new ones, too
	linkSilent           // connections stay, and nothing passes, as behind a firewall that drops packets
	linkGone             // the test has ended
)

// way is the one to one node.
type way struct {
	listener net.Listener
	to       string
}

// Link makes a way to each node, until the test ends.
func (c *Cluster) Link() *Link {
	c.t.Helper()
	l := &Link{cluster: c, wake: make(chan struct{}), conns: map[net.Conn]bool{}}
	for _, n := range c.Nodes {
		listener, err := net.Listen("tcp", "127.0.0.1:0")
		require.NoError(c.t, err)
		w := &way{listener: listener, to: n.address}
		l.ways = append(l.ways, w)
		l.work.Go(func() { l.accept(w) })
	}
	c.t.Cleanup(l.close)
	return l
}

// URL is that of all nodes over this link.
func (l *Link) URL() string {
	var urls []string
	for _, w := range l.ways {
		urls = append(urls, l.cluster.urlOf(w.listener.Addr().String()))
	}
	return strings.Join(urls, ",")
}

// Cut closes all connections and every new one.
func (l *Link) Cut() { l.turn(linkCut) }

// Silence keeps connections and lets nothing pass in either direction: neither end is told.
func (l *Link) Silence() { l.turn(linkSilent) }

// Restore makes it work again. What was sent into a silent link arrives now.
func (l *Link) Restore() { l.turn(linkUp) }

func (l *Link) turn(to linkState) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.state = to
	close(l.wake)
	l.wake = make(chan struct{})
	if to == linkCut || to == linkGone {
		for conn := range l.conns {
			_ = conn.Close()
		}
	}
}

func (l *Link) close() {
	l.turn(linkGone)
	for _, w := range l.ways {
		_ = w.listener.Close()
	}
	l.work.Wait()
}

func (l *Link) accept(w *way) {
	for {
		client, err := w.listener.Accept()
		if err != nil {
			return
		}
		l.work.Go(func() { l.serve(client, w.to) })
	}
}

// serve passes on until one end closes.
func (l *Link) serve(client net.Conn, to string) {
	defer l.drop(client)
	if !l.keep(client) || !l.passable() {
		return
	}
	node, err := net.Dial("tcp", to)
	if err != nil {
		return
	}
	defer l.drop(node)
	if !l.keep(node) {
		return
	}
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { l.pass(node, client) })
	l.pass(client, node)
}

// keep notes a connection, so that it can be closed; false if it must be closed at once.
func (l *Link) keep(conn net.Conn) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[conn] = true
	return l.state == linkUp || l.state == linkSilent
}

func (l *Link) drop(conn net.Conn) {
	_ = conn.Close() // it may be closed
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.conns, conn)
}

// passable waits while the link is silent, and tells whether it works then.
func (l *Link) passable() bool {
	for {
		l.mu.Lock()
		state, wake := l.state, l.wake
		l.mu.Unlock()
		if state != linkSilent {
			return state == linkUp
		}
		<-wake
	}
}

// pass copies one direction. When it ends, so does the other.
func (l *Link) pass(to, from net.Conn) {
	defer func() { _, _ = to.Close(), from.Close() }()
	piece := make([]byte, 32<<10)
	for {
		n, err := from.Read(piece)
		if !l.passable() {
			return
		}
		if n > 0 {
			if _, err := to.Write(piece[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
