package ssh

import (
	"net"
	"strings"
	"sync"
)

// watchedConn remembers the first few bytes that a server sends (what it says before its version, or instead of
// it) and the error that ended the connection, which the library does not always pass on.
type watchedConn struct {
	net.Conn
	mu   sync.Mutex
	seen []byte
	end  error
}

// Read reads from the connection.
func (c *watchedConn) Read(p []byte) (int, error) {
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
