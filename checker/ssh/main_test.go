package ssh

import (
	"context"
	"errors"
	"io"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"go.uber.org/goleak"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// patience is for what must happen, but at no particular time.
const patience = 30 * time.Second

// machineOf is a machine that s is, with everything right to log in.
func machineOf(s *testsshd.Server) *config.Machine {
	return &config.Machine{
		Name:    "web1",
		Address: s.Host,
		SSH: config.SSH{
			User: s.User, Port: s.Port, IdentityFiles: []string{s.KeyFile},
			KnownHostsFiles: []string{s.KnownHostsFile}, HostKeyPolicy: config.HostKeyStrict,
			ConnectTimeout: patience,
		},
	}
}

func newTransport(t testing.TB) *Transport {
	return New(Options{
		User:             "nobody",
		Home:             t.TempDir(),
		AcceptedKeysFile: filepath.Join(t.TempDir(), "state", "known_hosts"),
		Logger:           slog.New(slog.NewTextHandler(t.Output(), &slog.HandlerOptions{Level: slog.LevelDebug})),
	})
}

// context bounds a test that would hang.
func contextOf(t testing.TB) context.Context {
	ctx, cancel := context.WithTimeout(context.Background(), 2*patience)
	t.Cleanup(cancel)
	return ctx
}

// run runs a command to its end and returns its output.
func run(t testing.TB, transport checker.Transport, m *config.Machine, argv ...string) (string, error) {
	t.Helper()
	s, err := transport.Start(contextOf(t), m, argv)
	if err != nil {
		return "", err
	}
	defer func() { assert.NoError(t, s.Close()) }()
	require.NoError(t, s.CloseWrite())
	out, err := io.ReadAll(s.Stdout())
	return string(out), errors.Join(err, s.Wait())
}

// shell starts /bin/sh with a script as its input, which stays open.
func shell(t testing.TB, ctx context.Context, transport checker.Transport, m *config.Machine, script string) checker.Session { //nolint:revive // t comes first in tests
	t.Helper()
	s, err := transport.Start(ctx, m, []string{"/bin/sh"})
	require.NoError(t, err)
	t.Cleanup(func() { assert.NoError(t, s.Close()) })
	_, err = io.WriteString(s, script+"\n")
	require.NoError(t, err)
	return s
}

// requireFailure requires err to be a failure with that reason and that advice about retrying, whose message has
// each of the texts.
func requireFailure(t testing.TB, err error, reason state.Reason, retry bool, texts ...string) {
	t.Helper()
	var f *state.Failure
	require.ErrorAs(t, err, &f)
	require.Equal(t, string(reason), string(f.Reason), err)
	require.Equal(t, retry, f.Retry, err)
	for _, text := range texts {
		require.Contains(t, f.Message, text)
	}
	require.Less(t, len(f.Message), maxMessage+10)
}

func writeFile(t testing.TB, path, content string) string {
	t.Helper()
	require.NoError(t, os.WriteFile(path, []byte(content), 0o600))
	return path
}
