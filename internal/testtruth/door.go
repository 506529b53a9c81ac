package testtruth

import (
	"errors"
	"net"
	"sync"
	"time"
)

// door is the listener of a machine that can be gone, and come back at the same address.
type door struct {
	address *net.TCPAddr
	entered func() // is told of each connection

	mu     sync.Mutex
	reach  Reach
	inner  net.Listener // nil: nobody listens
	moved  chan struct{}
	closed bool
}

func newDoor(address string, entered func()) (*door, error) {
	inner, err := net.Listen("tcp", address)
	if err != nil {
		return nil, err
	}
	return &door{address: inner.Addr().(*net.TCPAddr), inner: inner, moved: make(chan struct{}), entered: entered}, nil
}

// Addr is net.Listener's.
func (d *door) Addr() net.Addr { return d.address }

// Close is net.Listener's.
func (d *door) Close() error {
	d.mu.Lock()
	defer d.mu.Unlock()
	if !d.closed {
		d.closed = true
		close(d.moved)
		if d.inner != nil {
			return d.inner.Close()
		}
	}
	return nil
}

// Accept is net.Listener's.
func (d *door) Accept() (net.Conn, error) {
	for {
		d.mu.Lock()
		inner, moved, closed := d.inner, d.moved, d.closed
		d.mu.Unlock()
		if closed {
			return nil, net.ErrClosed
		}
		if inner == nil {
			<-moved
			continue
		}
		conn, err := inner.Accept()
		if errors.Is(err, net.ErrClosed) {
			continue // gone, or closed for good
		}
		if err != nil {
			return nil, err
		}
		d.entered()
		d.mu.Lock()
		hangsUp := d.reach == HangsUp
		d.mu.Unlock()
		if !hangsUp {
			return conn, nil
		}
		_ = conn.Close()
	}
}

// set opens or shuts the door. Its address is nobody else's, but the system may take a moment to give it back.
func (d *door) set(reach Reach) {
	d.mu.Lock()
	defer d.mu.Unlock()
	d.reach = reach
	switch {
	case d.closed:
	case reach == Refuses && d.inner != nil:
		_ = d.inner.Close()
		d.inner = nil
	case reach != Refuses && d.inner == nil:
		var err error
		for range 100 {
			if d.inner, err = net.Listen("tcp", d.address.String()); err == nil {
				break
			}
			d.inner = nil
			time.Sleep(50 * time.Millisecond)
		}
		if err != nil {
			panic("a machine cannot come back to its address: " + err.Error())
		}
		close(d.moved)
		d.moved = make(chan struct{})
	}
}
