package ssh

import (
	"bufio"
	"encoding/binary"
	"io"
	"net"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Whoever is between us and a machine may make it seem to know nothing better.
func TestBrokenAlgorithmsAreNotAgreedTo(t *testing.T) {
	broken := ssh.InsecureAlgorithms()
	require.Contains(t, broken.Ciphers, "aes128-cbc")
	require.Contains(t, broken.KeyExchanges, "diffie-hellman-group1-sha1")
	require.Contains(t, broken.HostKeys, "ssh-rsa")
	servers := map[string]func(*fakeServer){}
	for _, cipher := range broken.Ciphers {
		servers[cipher] = func(f *fakeServer) { f.config.Ciphers = []string{cipher} }
	}
	for _, exchange := range broken.KeyExchanges {
		servers[exchange] = func(f *fakeServer) { f.config.KeyExchanges = []string{exchange} }
	}
	for _, mac := range broken.MACs {
		servers[mac] = func(f *fakeServer) { f.config.MACs, f.config.Ciphers = []string{mac}, []string{"aes128-ctr"} }
	}
	rsa, err := ssh.NewSignerWithAlgorithms(newSigner(t, "rsa").(ssh.AlgorithmSigner), []string{ssh.KeyAlgoRSA})
	require.NoError(t, err)
	servers["ssh-rsa with SHA-1"] = func(f *fakeServer) { f.keys = []ssh.Signer{rsa} }
	for name, set := range servers {
		t.Run(name, func(t *testing.T) {
			f := startFake(t, set)
			requireFailure(t, start(t, contextOf(t), f.machine()), state.ReasonProtocol, false, "no algorithm in common")
			f.stop()
			assert.Zero(t, f.attempts.Load(), "no attempt to log in")
		})
	}
}

// What we offer has nothing that is broken, and asks for strict key exchange, without which somebody on the way could drop the
// first packets unnoticed (Terrapin).
func TestStrictKeyExchangeIsAskedFor(t *testing.T) {
	offered := make(chan string, 1)
	f := startFake(t, func(f *fakeServer) {
		f.onConn = func(c net.Conn) {
			defer func() { _ = c.Close() }()
			_, _ = io.WriteString(c, "SSH-2.0-test\r\n")
			in := bufio.NewReader(c)
			_, _ = in.ReadString('\n')
			var length uint32
			_ = binary.Read(in, binary.BigEndian, &length)
			packet := make([]byte, min(length, 1<<16))
			_, _ = io.ReadFull(in, packet)
			offered <- string(packet)
		}
	})
	requireFailure(t, start(t, contextOf(t), f.machine()), state.ReasonProtocol, true)
	packet := <-offered
	require.Contains(t, packet, "kex-strict-c-v00@openssh.com")
	require.Contains(t, packet, "curve25519-sha256")
	broken := ssh.InsecureAlgorithms()
	names := strings.FieldsFunc(packet, func(r rune) bool { return r < ' ' || r == ',' || r > '~' })
	for _, list := range [][]string{broken.Ciphers, broken.KeyExchanges, broken.HostKeys, broken.MACs, {"3des-cbc", "arcfour"}} {
		for _, name := range list {
			assert.NotContains(t, names, name)
		}
	}
}
