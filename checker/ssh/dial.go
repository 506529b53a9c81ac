package ssh

import (
	"context"
	"net"
	"net/netip"
	"strings"
	"time"

	"golang.org/x/crypto/ssh"
)

// tcpKeepAlive finds connections whose other end has vanished while nothing else would.
var tcpKeepAlive = net.KeepAliveConfig{Enable: true, Idle: 15 * time.Second, Interval: 15 * time.Second, Count: 3}

// connect logs in to the jump hosts one after the other, each through the one before it, and to the machine.
// The first connection carries all others, so it is the only one that has to be closed. loggedIn has to be called once
// the machine has answered to something after the login, or will not.
func (t *Transport) connect(ctx context.Context, l *link, tg *target) (conn *connection, loggedIn func(error), err error) {
	var through *ssh.Client
	for i, h := range tg.hops {
		conn, loggedIn, err = t.hop(ctx, l, tg, i, through)
		if err != nil {
			f := *asFailure(err)
			if i < len(tg.hops)-1 {
				f.Message = "jump host " + h.addr() + ": " + f.Message
			}
			return nil, nil, &f
		}
		if i < len(tg.hops)-1 {
			through = conn.client()
			go confirmLogin(through, loggedIn)
		}
	}
	return conn, loggedIn, nil
}

// hop logs in to the host at i, through the one before it.
func (t *Transport) hop(ctx context.Context, l *link, tg *target, i int, through *ssh.Client) (*connection, func(error), error) {
	l.enter(phase{doing: "waiting for others to log in to " + tg.hops[i].addr()})
	leave, err := t.startups.enter(ctx, tg.path(i), tg.maxStartups, tg.connectTimeout)
	if err != nil {
		return nil, nil, err
	}
	dialled, h, err := t.dial(ctx, l, tg, tg.hops[i], through)
	var conn *connection
	if err == nil {
		conn, err = t.handshake(ctx, l, tg, h, dialled)
	}
	if err != nil {
		leave(err)
		return nil, nil, err
	}
	return conn, leave, nil
}

// confirmLogin calls loggedIn once a jump host has answered to something after the login. The login itself is known
// here a moment before sshd stops to count the connection as one that has not logged in.
func confirmLogin(client *ssh.Client, loggedIn func(error)) {
	_, _, _ = client.SendRequest("keepalive@openssh.com", true, nil)
	loggedIn(nil)
}

// dial makes a TCP connection to h, from here or from the jump host before it, and returns h as the host that
// answered. All of its addresses together have the connect timeout.
func (t *Transport) dial(ctx context.Context, l *link, tg *target, h hop, through *ssh.Client) (net.Conn, hop, error) {
	doing := phase{doing: "connecting to " + strings.Join(h.addrs(), ", ")}
	l.enter(doing)
	limited := ctx
	if tg.connectTimeout > 0 {
		var cancel func()
		limited, cancel = context.WithTimeout(ctx, tg.connectTimeout)
		defer cancel()
	}
	dial := t.dialHost
	if through != nil {
		dial = through.DialContext
	}
	addrs := h.addrs()
	conn, i, errs := race(limited, len(addrs), func(ctx context.Context, i int) (net.Conn, error) {
		return dial(ctx, "tcp", addrs[i])
	}, closeConn)
	if ctx.Err() != nil {
		if conn != nil {
			_ = conn.Close()
		}
		return nil, h, contextFailure(ctx, doing)
	}
	switch {
	case l.failure() != nil:
		return nil, h, l.failure()
	case conn == nil && through != nil:
		return nil, h, notThrough(tg, addrs, errs)
	case conn == nil:
		return nil, h, unreachable(addrs, errs)
	case through == nil && !l.add(conn):
		return nil, h, l.failure()
	}
	return conn, h.answering(i), nil
}

func closeConn(c net.Conn) { _ = c.Close() }

// maxAddresses bounds the addresses of one name that are tried.
const maxAddresses = 16

// dialHost makes a TCP connection to a host, of which a name may have several addresses.
func (t *Transport) dialHost(ctx context.Context, network, addr string) (net.Conn, error) {
	dialer := net.Dialer{KeepAliveConfig: tcpKeepAlive}
	host, port, err := net.SplitHostPort(addr)
	if err != nil {
		return nil, err
	}
	if _, err := netip.ParseAddr(host); err == nil {
		return dialer.DialContext(ctx, network, addr)
	}
	ips, err := t.lookupIP(ctx, host)
	if err != nil {
		return nil, err
	}
	ips = mixed(ips)
	conn, _, errs := race(ctx, len(ips), func(ctx context.Context, i int) (net.Conn, error) {
		return dialer.DialContext(ctx, network, net.JoinHostPort(ips[i].String(), port))
	}, closeConn)
	if conn != nil {
		return conn, nil
	}
	if len(errs) == 1 {
		return nil, errs[0]
	}
	var tried attempts
	for i, err := range errs {
		tried = append(tried, attempt{ips[i].String(), err})
	}
	return nil, tried
}

func lookupIP(ctx context.Context, host string) ([]netip.Addr, error) {
	return net.DefaultResolver.LookupNetIP(ctx, "ip", host)
}

// mixed has addresses of both families take turns, so that a family that does not work costs one attempt. The order
// within each is the resolver's.
func mixed(ips []netip.Addr) []netip.Addr {
	var turns [2][]netip.Addr
	for _, ip := range ips {
		ip = ip.Unmap()
		family := 0
		if ip.Is4() != ips[0].Unmap().Is4() {
			family = 1
		}
		turns[family] = append(turns[family], ip)
	}
	var out []netip.Addr
	for i := range ips {
		for _, family := range turns {
			if i < len(family) {
				out = append(out, family[i])
			}
		}
	}
	return out[:min(len(out), maxAddresses)]
}
