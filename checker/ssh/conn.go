package ssh

import (
	"bytes"
	"net"
	"strings"
	"sync"

	"golang.org/x/crypto/ssh"
)

// connection is one that has logged in. Somebody has to take what its channels bring until they are closed, which is when it has
// ended.
type connection struct {
	ssh.Conn
	channels <-chan ssh.NewChannel
	requests <-chan *ssh.Request
	watched  *watchedConn
}

// client is the connection for those who reach another host through it.
func (c *connection) client() *ssh.Client { return ssh.NewClient(c.Conn, c.channels, c.requests) }

// serve refuses what the other side asks for, as it may, until the connection has ended, and returns why that was. A client does
// the same, with three goroutines.
func (c *connection) serve() error {
	for requests, channels := c.requests, c.channels; requests != nil || channels != nil; {
		select {
		case r, ok := <-requests:
			if !ok {
				requests = nil
			} else if r.WantReply {
				_ = r.Reply(false, nil)
			}
		case n, ok := <-channels:
			if !ok {
				channels = nil
			} else {
				_ = n.Reject(ssh.UnknownChannelType, "unknown channel type: "+n.ChannelType())
			}
		}
	}
	return c.Wait()
}

// watchedConn remembers the first few bytes that a server sends (what it says before its version, or instead of
// it) and the error that ended the connection, which the library does not always pass on.
type watchedConn struct {
	net.Conn
	ahead []byte // was read already, but not asked for; only of those who read
	mu    sync.Mutex
	seen  []byte
	end   error
	out   sync.Mutex
	held  *bytes.Buffer // what was written and waits, see hold; nil: nothing is to wait
}

// readAhead is how much is read when a byte is asked for: the library reads a server's version in this way, which would be forty
// system calls.
const readAhead = 512

// Read reads from the connection.
func (c *watchedConn) Read(p []byte) (int, error) {
	if len(c.ahead) == 0 && len(p) == 1 {
		buffer := make([]byte, readAhead)
		n, err := c.read(buffer)
		if n == 0 {
			return 0, err
		}
		c.ahead = buffer[:n] // an error beside it comes again
	}
	if len(c.ahead) > 0 {
		n := copy(p, c.ahead)
		if c.ahead = c.ahead[n:]; len(c.ahead) == 0 {
			c.ahead = nil
		}
		return n, nil
	}
	return c.read(p)
}

func (c *watchedConn) read(p []byte) (int, error) {
	n, err := c.Conn.Read(p)
	c.mu.Lock()
	defer c.mu.Unlock()
	if free := maxQuoted - len(c.seen); free > 0 {
		c.seen = append(c.seen, p[:min(n, free)]...)
	}
	if c.end == nil {
		c.end = err
	}
	return n, err
}

// broken is the error that ended the connection, or nil.
func (c *watchedConn) broken() error {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.end
}

// preamble is what came before the version.
func (c *watchedConn) preamble() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	var lines []string
	for line := range strings.Lines(string(c.seen)) {
		if strings.HasPrefix(line, "SSH-") {
			break
		}
		lines = append(lines, line)
	}
	return strings.TrimSpace(strings.Join(lines, ""))
}
