package ssh

import (
	"fmt"
	"log/slog"
	"net"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/skeema/knownhosts"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"
	xknownhosts "golang.org/x/crypto/ssh/knownhosts"

	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// BenchmarkKnownHosts is what deciding about a host costs where ten thousand are known and each is met once.
func BenchmarkKnownHosts(b *testing.B) {
	key := newSigner(b, "ed25519").PublicKey()
	var plain, hashed strings.Builder
	for i := range 10_000 {
		host := fmt.Sprintf("web%d.example.org", i)
		plain.WriteString(knownhosts.Line([]string{host}, key) + "\n")
		hashed.WriteString(xknownhosts.HashHostname(host) + " " + string(ssh.MarshalAuthorizedKey(key)))
	}
	for name, text := range map[string]string{"plain": plain.String(), "hashed": hashed.String()} {
		b.Run(name, func(b *testing.B) {
			tg := &target{knownHosts: []string{writeFile(b, filepath.Join(b.TempDir(), "known_hosts"), text)}}
			k := newHostKeys(newAccepted(Options{}), slog.New(slog.DiscardHandler))
			_, err := k.keysOf(tg.knownHosts, "web0.example.org:22")
			require.NoError(b, err)
			b.ReportAllocs()
			for i := 0; b.Loop(); i++ {
				addr := fmt.Sprintf("web%d.example.org:22", i%10_000) // each is asked for once in a run
				keys, err := k.keysOf(tg.knownHosts, addr)
				require.NoError(b, err)
				require.Len(b, keys, 1)
				require.Nil(b, k.verify(tg, []string{addr}, &net.TCPAddr{}, key))
			}
		})
	}
}

// BenchmarkStart is what a command costs, beside the least that the library can do it with.
func BenchmarkStart(b *testing.B) {
	server := testsshd.Start(b, testsshd.Options{})
	b.Run("transport", func(b *testing.B) {
		transport := New(Options{})
		m := machineOf(server)
		for b.Loop() {
			s, err := transport.Start(b.Context(), m, []string{"true"})
			require.NoError(b, err)
			require.NoError(b, s.Wait())
			require.NoError(b, s.Close())
		}
	})
	b.Run("bare", func(b *testing.B) {
		data, err := os.ReadFile(server.KeyFile)
		require.NoError(b, err)
		signer, err := ssh.ParsePrivateKey(data)
		require.NoError(b, err)
		db, err := knownhosts.NewDB(server.KnownHostsFile)
		require.NoError(b, err)
		for b.Loop() {
			client, err := ssh.Dial("tcp", server.Addr, &ssh.ClientConfig{
				User: server.User, Auth: []ssh.AuthMethod{ssh.PublicKeys(signer)},
				HostKeyCallback: db.HostKeyCallback(), HostKeyAlgorithms: db.HostKeyAlgorithms(server.Addr),
			})
			require.NoError(b, err)
			session, err := client.NewSession()
			require.NoError(b, err)
			require.NoError(b, session.Run("true"))
			require.NoError(b, client.Close())
		}
	})
}
