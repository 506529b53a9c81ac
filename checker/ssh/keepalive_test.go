package ssh

import (
	"io"
	"net"
	"sync/atomic"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// keepaliveServer lets the test see keepalives and decide whether they are answered. Nothing else is said.
func keepaliveServer(t *testing.T, onRequest func(*ssh.Request)) *fakeServer {
	return startFake(t, func(f *fakeServer) {
		f.onConn = func(conn net.Conn) {
			_, channels, requests, err := ssh.NewServerConn(conn, f.config)
			if err != nil {
				return
			}
			f.work.Go(func() {
				for r := range requests {
					onRequest(r)
				}
			})
			for c := range channels {
				_, requests, err := c.Accept()
				if err != nil {
					return
				}
				f.work.Go(func() {
					for r := range requests {
						if r.WantReply {
							_ = r.Reply(true, nil)
						}
					}
				})
			}
		}
	})
}

func TestKeepalive(t *testing.T) {
	t.Run("a peer that is dead ends the session", func(t *testing.T) {
		f := keepaliveServer(t, func(*ssh.Request) {})
		transport := newTransport(t)
		transport.keepalive = keepalive{interval: 50 * time.Millisecond, missed: 3}
		s, err := transport.Start(contextOf(t), f.machine(), []string{"true"})
		require.NoError(t, err)
		defer func() { assert.NoError(t, s.Close()) }()
		_, err = io.ReadAll(s.Stdout())
		requireFailure(t, err, state.ReasonTimeout, true, f.addr()+" has not answered for 150ms")
		requireFailure(t, s.Wait(), state.ReasonTimeout, true, "has not answered")
	})
	t.Run("a peer that refuses is alive", func(t *testing.T) {
		var asked atomic.Int64
		enough := make(chan struct{})
		f := keepaliveServer(t, func(r *ssh.Request) {
			assert.Equal(t, "keepalive@openssh.com", r.Type)
			_ = r.Reply(false, nil)
			if asked.Add(1) == 5 {
				close(enough)
			}
		})
		transport := newTransport(t)
		transport.keepalive = keepalive{interval: 100 * time.Millisecond, missed: 300}
		s, err := transport.Start(contextOf(t), f.machine(), []string{"true"})
		require.NoError(t, err)
		waitFor(t, enough)
		require.NoError(t, s.Close())
	})
	t.Run("Close while it waits for an answer", func(t *testing.T) {
		asked := make(chan struct{}, 100)
		f := keepaliveServer(t, func(*ssh.Request) { asked <- struct{}{} })
		transport := newTransport(t)
		transport.keepalive = keepalive{interval: 10 * time.Millisecond, missed: 1_000_000}
		s, err := transport.Start(contextOf(t), f.machine(), []string{"true"})
		require.NoError(t, err)
		<-asked
		require.NoError(t, s.Close())
	})
}
