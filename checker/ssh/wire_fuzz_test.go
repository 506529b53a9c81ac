package ssh

import (
	"context"
	"crypto/rand"
	"net"
	"testing"
	"time"
	"unicode"

	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Whatever a server says before it has proven who it is, and then hangs up: there is no connection, and the failure says so
// in words that can be shown.
func FuzzHandshake(f *testing.F) {
	for _, seed := range []string{
		"", "SSH-2.0-x\r\n", "220 mail ESMTP\r\n", "Exceeded MaxStartups\r\n", "SSH-1.5-old\r\n", "hello\r\nSSH-2.0-x\n\x00\x00\x00\x0c\x04\x14", "SSH-2.0-\x1b[2J\n",
		"SSH-2.0-x\r\n\x00\x00\x00\x2c\x06\x01\x00\x00\x00\x02\x00\x00\x00\x0cgo away \x1b[31\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00\x00", "SSH-2.0-x\r\n\xff\xff\xff\xff",
	} {
		f.Add([]byte(seed))
	}
	said := make(chan []byte, 1)
	s := startFake(f, func(s *fakeServer) {
		s.onConn = func(conn net.Conn) {
			_, _ = conn.Write(<-said)
			_ = conn.(*net.TCPConn).CloseWrite()
			_ = conn.SetReadDeadline(time.Now().Add(time.Minute)) // until we hang up: what is unread would reset the connection
			for buffer := make([]byte, 1<<10); ; {
				if _, err := conn.Read(buffer); err != nil {
					_ = conn.Close()
					return
				}
			}
		}
	})
	transport, machine := newTransport(f), s.machine()
	f.Fuzz(func(t *testing.T, sent []byte) {
		said <- sent
		_, err := transport.Start(context.Background(), machine, []string{"/bin/sh"})
		require.Error(t, err)
		var failure *state.Failure
		require.ErrorAs(t, err, &failure)
		for _, c := range failure.Message {
			require.False(t, unicode.IsControl(c), "%q", failure.Message)
		}
	})
}

// Whatever a server says of how the command ended, it ended well only if it says so.
func FuzzExit(f *testing.F) {
	f.Add("exit-status", ssh.Marshal(struct{ Status uint32 }{0}))
	f.Add("exit-status", ssh.Marshal(struct{ Status uint32 }{127}))
	f.Add("exit-signal", ssh.Marshal(struct {
		Name     string
		Core     bool
		Text, In string
	}{"\x1b[31mKILL", false, "x", "en"}))
	f.Fuzz(func(t *testing.T, kind string, payload []byte) {
		exit, ok := parseExit(&ssh.Request{Type: kind, Payload: payload})
		if !ok {
			require.NoError(t, exit)
			return
		}
		if exit == nil {
			require.Equal(t, "exit-status", kind)
			require.Equal(t, ssh.Marshal(struct{ Status uint32 }{0}), payload)
			return
		}
		var ended *checker.ExitError
		require.ErrorAs(t, exit, &ended)
		for _, c := range ended.Error() {
			require.False(t, unicode.IsControl(c), "%q", ended.Error())
		}
	})
}

// Whatever key or certificate a server shows, or a file holds: what is said of it can be shown, and the same key is said to be the same.
func FuzzKey(f *testing.F) {
	signer := newSigner(f, "ed25519")
	f.Add(signer.PublicKey().Marshal())
	cert := &ssh.Certificate{Key: signer.PublicKey(), CertType: ssh.HostCert, KeyId: "\x1b[31m\n", ValidPrincipals: []string{"a\u202e", "*"}, ValidAfter: 1 << 63, ValidBefore: 1}
	require.NoError(f, cert.SignCert(rand.Reader, newSigner(f, "ed25519")))
	f.Add(cert.Marshal())
	f.Fuzz(func(t *testing.T, wire []byte) {
		key, err := ssh.ParsePublicKey(wire)
		if err != nil {
			return
		}
		text := describe(key)
		require.Equal(t, text, printable(text, len(text)), "not fit to be shown")
		require.True(t, sameKey(key, key))
		require.NotEmpty(t, plainType(key))
	})
}
