package simfleet

import (
	"bytes"
	"context"
	"errors"
	"net"
	"sync"
	"time"

	"golang.org/x/crypto/ssh"
)

// loginWithin is how long a client may take to log in.
const loginWithin = 30 * time.Second

// Machine is an SSH server.
type Machine struct {
	listener net.Listener
	key      ssh.Signer
	config   *ssh.ServerConfig
	commands Commands
	loggedIn func(*ssh.ServerConn) // or nil

	ctx  context.Context // ends when the machine stops
	stop context.CancelFunc
	work sync.WaitGroup
}

var errNotAuthorized = errors.New("not authorized")

func newMachine(listener net.Listener, f *Fleet, key ssh.Signer, commands Commands) *Machine {
	m := &Machine{listener: listener, key: key, commands: commands, loggedIn: f.LoggedIn}
	authorized := f.public.Marshal()
	m.config = &ssh.ServerConfig{
		PublicKeyCallback: func(c ssh.ConnMetadata, offered ssh.PublicKey) (*ssh.Permissions, error) {
			if c.User() != User || !bytes.Equal(offered.Marshal(), authorized) {
				return nil, errNotAuthorized
			}
			return nil, nil
		},
	}
	m.config.AddHostKey(key)
	m.ctx, m.stop = context.WithCancel(context.Background())
	m.work.Go(m.accept)
	return m
}

// HostKey is its public key.
func (m *Machine) HostKey() ssh.PublicKey { return m.key.PublicKey() }

// Port is where it listens.
func (m *Machine) Port() int { return m.listener.Addr().(*net.TCPAddr).Port }

// Stop ends the machine and every command on it, as a loss of power does: its port refuses connections. It may be
// called again.
func (m *Machine) Stop() {
	m.stop()
	_ = m.listener.Close() // fails only if it is closed
	m.work.Wait()
}

func (m *Machine) accept() {
	for {
		conn, err := m.listener.Accept()
		if err != nil {
			return
		}
		m.work.Go(func() { m.serve(conn) })
	}
}

// serve talks to a client until one of both ends the connection.
func (m *Machine) serve(conn net.Conn) {
	defer context.AfterFunc(m.ctx, func() { _ = conn.Close() })()
	defer func() { _ = conn.Close() }()
	_ = conn.SetDeadline(time.Now().Add(loginWithin)) // fails only if it is closed, as what follows then does
	c, channels, requests, err := ssh.NewServerConn(conn, m.config)
	if err != nil {
		return
	}
	_ = conn.SetDeadline(time.Time{})
	if m.loggedIn != nil {
		m.loggedIn(c)
	}
	var work sync.WaitGroup
	defer work.Wait()
	work.Go(func() { ssh.DiscardRequests(requests) })
	for channel := range channels {
		if channel.ChannelType() != "session" {
			_ = channel.Reject(ssh.UnknownChannelType, "this machine has sessions only")
			continue
		}
		ch, requests, err := channel.Accept()
		if err != nil {
			continue // the connection has ended
		}
		work.Go(func() { m.session(ch, requests) })
	}
	_ = c.Close()
}
