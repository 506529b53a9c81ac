package state

import (
	"log/slog"
	"os"
	"path/filepath"
	"testing"

	"github.com/nats-io/nats-server/v2/server"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testsecret"
)

// The permissions that docs/configuration.md names are enough for everything.
func TestLockedDownAccount(t *testing.T) {
	password := filepath.Join(t.TempDir(), "password")
	require.NoError(t, os.WriteFile(password, []byte(testsecret.Mark), 0o600))
	srv := natsServer(t, func(o *server.Options) {
		o.Users = []*server.User{{Username: "drift", Password: testsecret.Mark, Permissions: &server.Permissions{
			Publish:   &server.SubjectPermission{Allow: []string{"$JS.API.>", "$JS.ACK.>", "$JS.FC.>", "$KV.>", "work.>"}},
			Subscribe: &server.SubjectPermission{Allow: []string{"_INBOX.>"}},
		}}}
	})
	var log logBuffer
	o := clustered(srv, "r1")
	o.Logger, o.timing = slog.New(slog.NewTextHandler(&log, &slog.HandlerOptions{Level: slog.LevelWarn})), quick
	o.Cluster.Username, o.Cluster.PasswordFile = "drift", password
	s := openWith(t, o)
	s.Announce("d1")
	store(t, s, drifted(pair, 3))
	store(t, s, compliant(pair))
	_, err := s.History(t.Context(), pair)
	require.NoError(t, err)
	require.NoError(t, s.CreateRun(t.Context(), Run{ID: testRun, Phase: RunRunning}))
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(3)))
	for _, d := range pull(t, s, 2) {
		require.NoError(t, d.InProgress())
		require.NoError(t, d.Ack(t.Context()))
	}
	_, err = s.Queue().Purge(t.Context())
	require.NoError(t, err)
	_, err = s.HostKeys().Learn("a", []byte("key"))
	require.NoError(t, err)
	require.Eventually(t, s.Agreed, eventually, tick)
	forget(t, s, pair)
	assert.True(t, s.View().Live())
	assert.Empty(t, log.String())
}
