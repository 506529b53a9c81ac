package ssh

import (
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// keepalive asks the machine for a sign of life every interval, as OpenSSH's ServerAliveInterval does, and gives
// up when so many intervals have passed without one.
type keepalive struct {
	interval time.Duration
	missed   int
}

// run asks, and keeps asking until done is closed. Waiting for an answer ends with the connection.
func (k keepalive) run(l *link, conn ssh.Conn, h hop, done <-chan struct{}) {
	tick := time.NewTicker(k.interval)
	defer tick.Stop()
	for {
		if !k.ask(conn, done) {
			l.fail(failure(state.ReasonTimeout, true, nil,
				"%s has not answered for %s", h.addr(), time.Duration(k.missed)*k.interval))
			return
		}
		select {
		case <-done:
			return
		case <-tick.C:
		}
	}
}

// ask is false if no answer has come when the last interval has passed. A refusal is an answer too.
func (k keepalive) ask(conn ssh.Conn, done <-chan struct{}) bool {
	answer := make(chan struct{})
	go func() {
		defer close(answer)
		_, _, _ = conn.SendRequest("keepalive@openssh.com", true, nil)
	}()
	patience := time.NewTimer(time.Duration(k.missed-1) * k.interval)
	defer patience.Stop()
	select {
	case <-answer: // or the connection has ended, which the session knows
		return true
	case <-done:
		return true
	case <-patience.C:
		return false
	}
}
