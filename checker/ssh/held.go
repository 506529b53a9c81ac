package ssh

import (
	"bytes"
	"slices"
	"sync"
	"time"
)

const (
	// pieceSize is how much of a text goes into a message of the protocol, in bytes. The library makes three buffers of the
	// size of the longest message for each connection.
	pieceSize = 4 << 10
	// holdFor is how long messages wait for each other. Whoever writes them may be waiting until the other side has room for
	// more, and that may be when it has read those that wait.
	holdFor = 10 * time.Millisecond
)

// heldBuffers hold messages that wait.
var heldBuffers = sync.Pool{New: func() any { return &bytes.Buffer{} }}

// writePieces has a text written in pieces, and sends them together: each by itself would be a system call.
func (c *watchedConn) writePieces(text []byte, write func([]byte) (int, error)) (n int, err error) {
	if len(text) <= pieceSize {
		return write(text)
	}
	c.hold()
	late := time.AfterFunc(holdFor, func() { _ = c.send() }) // if it fails, so does all that is written later
	for piece := range slices.Chunk(text, pieceSize) {
		written, failed := write(piece)
		if n += written; failed != nil {
			err = failed
			break
		}
	}
	late.Stop()
	if failed := c.send(); err == nil {
		err = failed
	}
	return n, err
}

// Write writes to the connection, or keeps what is to wait.
func (c *watchedConn) Write(p []byte) (int, error) {
	c.out.Lock()
	defer c.out.Unlock()
	if c.held != nil {
		return c.held.Write(p)
	}
	return c.Conn.Write(p)
}

// hold lets what is written wait until send.
func (c *watchedConn) hold() {
	c.out.Lock()
	defer c.out.Unlock()
	if c.held == nil {
		c.held = heldBuffers.Get().(*bytes.Buffer)
	}
}

// send sends what waits, if anything does, and lets nothing wait any more.
func (c *watchedConn) send() error {
	c.out.Lock()
	defer c.out.Unlock()
	if c.held == nil {
		return nil
	}
	_, err := c.Conn.Write(c.held.Bytes())
	c.held.Reset()
	heldBuffers.Put(c.held)
	c.held = nil
	return err
}
