package ssh

import (
	"os"
	"testing"

	"github.com/skeema/knownhosts"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

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
