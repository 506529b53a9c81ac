package machines_test

import (
	"io"
	"net"
	"sync"
	"testing"

	"github.com/stretchr/testify/require"
)

// linkFault is what a link does to each connection through it. The zero value passes everything on.
type linkFault struct {
	refuses bool // nobody listens
	silent  bool // connections are taken, and that is all
	after   int  // how many bytes from the machine are passed on before the rest happens; with `broken` only
	broken  brokenBy
}

// brokenBy is how a connection breaks.
type brokenBy int

const (
	notBroken brokenBy = iota
	closed             // the connection ends, as of a process that was killed
	reset              // it is reset, as by a firewall
	stalled            // it stays, and nothing comes any more, as after a loss of power
	corrupted          // one byte is another, and all others pass
)

// link is the only way to a machine.
type link struct {
	t    testing.TB
	to   string // the machine's address
	addr string // its own

	mu       sync.Mutex
	fault    linkFault
	listener net.Listener
	conns    map[net.Conn]bool
	passed   int // bytes from the machine over the last connection
	work     sync.WaitGroup
}

// newLink passes everything on until the test ends.
func newLink(t testing.TB, to string) *link {
	t.Helper()
	l := &link{t: t, to: to, addr: "127.0.0.1:0", conns: map[net.Conn]bool{}}
	l.listen()
	t.Cleanup(func() {
		_ = l.listener.Close()
		l.hangUp()
		l.work.Wait()
	})
	return l
}

func (l *link) port() int { return l.listener.Addr().(*net.TCPAddr).Port }

// lastPassed is how many bytes from the machine the last connection that has ended had.
func (l *link) lastPassed() int {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.passed
}

func (l *link) listen() {
	l.t.Helper()
	listener, err := net.Listen("tcp", l.addr)
	require.NoError(l.t, err)
	l.listener, l.addr = listener, listener.Addr().String()
	l.work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			l.work.Go(func() { l.serve(conn) })
		}
	})
}

// breaks sets what happens from now on, and ends what an earlier fault has left.
func (l *link) breaks(f linkFault) {
	l.t.Helper()
	l.hangUp()
	l.mu.Lock()
	refused := l.fault.refuses
	l.fault = f
	l.mu.Unlock()
	switch {
	case f.refuses && !refused:
		_ = l.listener.Close()
	case refused && !f.refuses:
		l.listen()
	}
}

func (l *link) hangUp() {
	l.mu.Lock()
	defer l.mu.Unlock()
	for conn := range l.conns {
		_ = conn.Close()
	}
}

// holds adds a connection to those that hangUp ends.
func (l *link) holds(conn net.Conn) (free func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.conns[conn] = true
	return func() {
		_ = conn.Close()
		l.mu.Lock()
		defer l.mu.Unlock()
		delete(l.conns, conn)
	}
}

func (l *link) serve(client net.Conn) {
	defer l.holds(client)()
	l.mu.Lock()
	fault := l.fault
	l.mu.Unlock()
	if fault.silent {
		_, _ = io.Copy(io.Discard, client)
		return
	}
	machine, err := net.Dial("tcp", l.to)
	if err != nil {
		return
	}
	defer l.holds(machine)()
	l.work.Go(func() { // ends when the connection does
		_, _ = io.Copy(machine, client)
		_ = machine.(*net.TCPConn).CloseWrite()
	})
	l.answer(client, machine, fault)
}

// answer passes on what the machine says, as far as the fault lets it.
func (l *link) answer(client, machine net.Conn, fault linkFault) {
	passed := 0
	defer func() {
		l.mu.Lock()
		defer l.mu.Unlock()
		l.passed = passed
	}()
	buffer := make([]byte, 4<<10)
	for {
		n, err := machine.Read(buffer)
		piece := buffer[:n]
		if left := fault.after - passed; fault.broken != notBroken && left < n && left >= 0 {
			switch fault.broken {
			case corrupted:
				piece[left] ^= 0x55
			default:
				_, _ = client.Write(piece[:left])
				l.end(client, fault.broken)
				return
			}
		}
		passed += n
		if _, writeErr := client.Write(piece); err != nil || writeErr != nil {
			return
		}
	}
}

func (l *link) end(client net.Conn, how brokenBy) {
	switch how {
	case reset:
		_ = client.(*net.TCPConn).SetLinger(0)
	case stalled:
		_, _ = io.Copy(io.Discard, client) // until the other side gives up; the copy that reads its questions may get some of it
	}
}
