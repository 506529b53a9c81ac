package ssh

import (
	"context"
	"errors"
	"io"
	"net"
	"strings"
	"sync/atomic"
	"syscall"

	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// clientVersion is how we introduce ourselves, so that a server's log says who connects.
const clientVersion = "SSH-2.0-drift_exporter"

// handshake makes an SSH connection out of conn: versions, keys, host key, login. The first three must be done
// within the connect timeout; a login may take longer, since servers ask directories and name servers about it.
func (t *Transport) handshake(ctx context.Context, l *link, tg *target, h hop, conn net.Conn) (*connection, error) {
	known, err := t.hostKeys.keysOf(tg.knownHosts, h.addrs()...)
	if err != nil {
		return nil, err
	}
	watched := &watchedConn{Conn: conn}
	login := t.newLogin(ctx, l, h, watched) // before the clock runs: opening an encrypted key may take seconds
	defer func() { login.closeAgent() }()
	l.enter(phase{doing: "waiting for the SSH handshake of " + h.addr(), connected: true})
	cancel := l.expire(tg.connectTimeout, failure(state.ReasonTimeout, true, nil,
		"no SSH handshake of %s within %s", h.addr(), tg.connectTimeout))
	defer cancel()

	var trusted atomic.Bool
	var refused atomic.Pointer[state.Failure]
	c, channels, requests, err := ssh.NewClientConn(watched, h.addr(), &ssh.ClientConfig{
		Config:            algorithmConfig(),
		User:              h.user,
		ClientVersion:     clientVersion,
		HostKeyAlgorithms: algorithms(known),
		HostKeyCallback: func(_ string, remote net.Addr, key ssh.PublicKey) error {
			if f := t.hostKeys.verify(tg, h.addrs(), remote, key); f != nil {
				refused.Store(f)
				return f
			}
			if !trusted.Swap(true) { // it is asked again whenever keys are exchanged again
				cancel()
				l.enter(phase{doing: "logging in as " + h.String(), connected: true})
			}
			return nil
		},
		AuthCallback:   login.choose,
		BannerCallback: func(text string) error { login.banner = truncate(text); return nil },
	})
	if err == nil {
		return &connection{Conn: c, channels: channels, requests: requests, watched: watched}, nil
	}
	if f := l.failure(); f != nil {
		return nil, f
	}
	if f := refused.Load(); f != nil {
		return nil, f
	}
	if trusted.Load() {
		return nil, loginFailure(login, h, err)
	}
	return nil, handshakeFailure(h, watched, err)
}

// algorithmConfig has what the library supports and considers secure, which is more, and less, than its default.
func algorithmConfig() ssh.Config {
	a := ssh.SupportedAlgorithms()
	return ssh.Config{KeyExchanges: a.KeyExchanges, Ciphers: a.Ciphers, MACs: a.MACs}
}

func loginFailure(g *login, h hop, err error) *state.Failure {
	if f := g.ended(err); f != nil {
		return f
	}
	if brokeOff(err) {
		return failure(state.ReasonProtocol, true, err, "the connection broke off while logging in as %s", h)
	}
	return failure(state.ReasonProtocol, true, err, "the login as %s made no sense", h)
}

func handshakeFailure(h hop, p *watchedConn, err error) *state.Failure {
	said := ""
	if text := p.preamble(); text != "" { // as sshd says "Exceeded MaxStartups"
		said = ", saying " + quote(text)
	}
	var mismatch *ssh.AlgorithmNegotiationError
	switch {
	case errors.As(err, &mismatch):
		return failure(state.ReasonProtocol, false, err, "no algorithm in common with %s", h.addr())
	case brokeOff(err):
		return failure(state.ReasonProtocol, true, err,
			"%s closed the connection before the SSH handshake was done%s (too many connections at once?)", h.addr(), said)
	}
	return failure(state.ReasonProtocol, true, err, "the SSH handshake of %s made no sense%s", h.addr(), said)
}

// brokeOff reports whether err is a connection that ended, in order or not.
func brokeOff(err error) bool {
	for _, end := range []error{io.EOF, io.ErrUnexpectedEOF, net.ErrClosed, syscall.ECONNRESET, syscall.EPIPE, syscall.ETIMEDOUT} {
		if errors.Is(err, end) {
			return true
		}
	}
	return strings.Contains(err.Error(), "ssh: disconnect, reason")
}

// truncate bounds what is kept of a text that a machine sent.
func truncate(s string) string { return strings.TrimSpace(s[:min(len(s), maxQuoted)]) }
