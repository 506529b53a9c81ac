package ssh

import (
	"context"
	"errors"
	"net"
	"time"

	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// tcpKeepAlive finds connections whose other end has vanished while nothing else would.
var tcpKeepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3}

// connect logs in to the jump hosts one after the other, each through the one before it, and to the machine.
// The first connection carries all others, so it is the only one that has to be closed.
func (t *Transport) connect(ctx context.Context, l *link, tg *target) (*ssh.Client, error) {
	var client *ssh.Client
	for i, h := range tg.hops {
		through := client
		client = nil
		conn, err := t.dial(ctx, l, tg, h, through)
		if err == nil {
			client, err = t.handshake(ctx, l, tg, h, conn)
		}
		if err == nil {
			continue
		}
		f := *asFailure(err)
		if i < len(tg.hops)-1 {
			f.Message = "jump host " + h.addr() + ": " + f.Message
		}
		return nil, &f
	}
	return client, nil
}

// dial makes a TCP connection to h, from here or from the jump host before it.
func (t *Transport) dial(ctx context.Context, l *link, tg *target, h hop, through *ssh.Client) (net.Conn, error) {
	l.enter(phase{doing: "connecting to " + h.addr()})
	if through != nil {
		return dialThrough(l, tg, h, through)
	}
	dialer := net.Dialer{Timeout: tg.connectTimeout, KeepAliveConfig: tcpKeepAlive}
	conn, err := dialer.DialContext(ctx, "tcp", h.addr())
	if ctx.Err() != nil {
		if err == nil {
			_ = conn.Close()
		}
		return nil, contextFailure(ctx, phase{doing: "connecting to " + h.addr()})
	}
	if err != nil {
		return nil, failure(state.ReasonConnect, true, err, "no connection to %s", h.addr())
	}
	if !l.add(conn) {
		return nil, l.failure()
	}
	return conn, nil
}

// dialThrough has a jump host make the connection.
func dialThrough(l *link, tg *target, h hop, through *ssh.Client) (net.Conn, error) {
	cancel := l.expire(tg.connectTimeout, failure(state.ReasonConnect, true, nil,
		"no connection to %s within %s", h.addr(), tg.connectTimeout))
	conn, err := through.Dial("tcp", h.addr())
	cancel()
	if f := l.failure(); f != nil {
		return nil, f
	}
	var refused *ssh.OpenChannelError
	switch {
	case err == nil:
		return conn, nil
	case errors.As(err, &refused):
		retry := refused.Reason != ssh.Prohibited && refused.Reason != ssh.UnknownChannelType
		return nil, failure(state.ReasonConnect, retry, err, "the jump host made no connection to %s", h.addr())
	}
	return nil, failure(state.ReasonProtocol, true, err, "the jump host broke off while connecting to %s", h.addr())
}
