package ssh

import (
	"context"
	"io"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestLocal(t *testing.T) {
	m := &config.Machine{Name: "here", Transport: config.TransportLocal}
	t.Setenv("DRIFT_SECRET", "hunter2")
	local := NewLocal("LANG=C.UTF-8", "PATH=/usr/bin:/bin")

	t.Run("input and output", func(t *testing.T) {
		s := shell(t, contextOf(t), local, m, "pwd; cat; echo oops >&2")
		assert.Equal(t, "/", readLine(t, s))
		_, err := io.WriteString(s, "data\n")
		require.NoError(t, err)
		require.NoError(t, s.CloseWrite())
		require.NoError(t, s.CloseWrite())
		out, err := io.ReadAll(s.Stdout())
		require.NoError(t, err)
		assert.Equal(t, "data\n", string(out))
		require.NoError(t, s.Wait())
		assert.Equal(t, "oops\n", s.Stderr())
	})
	t.Run("the environment is that of a login", func(t *testing.T) {
		out, err := run(t, local, m, "env")
		require.NoError(t, err)
		names := map[string]string{}
		for line := range strings.Lines(out) {
			name, value, _ := strings.Cut(strings.TrimSpace(line), "=")
			names[name] = value
		}
		assert.NotContains(t, names, "DRIFT_SECRET")
		assert.Equal(t, "/usr/bin:/bin", names["PATH"])
		assert.Equal(t, "C.UTF-8", names["LANG"])
		for _, name := range []string{"HOME", "USER", "LOGNAME", "SHELL"} {
			assert.NotEmpty(t, names[name], name)
		}
	})
	t.Run("a status", func(t *testing.T) {
		s := shell(t, contextOf(t), local, m, "exit 42")
		require.EqualError(t, s.Wait(), "exit status 42")
	})
	t.Run("a signal", func(t *testing.T) {
		s := shell(t, contextOf(t), local, m, "kill -TERM $$")
		require.EqualError(t, s.Wait(), "ended by signal TERM")
	})
	t.Run("a missing command is status 127", func(t *testing.T) {
		s, err := local.Start(contextOf(t), m, []string{"no-such-command"})
		require.NoError(t, err)
		defer func() { assert.NoError(t, s.Close()) }()
		require.EqualError(t, s.Wait(), "exit status 127")
		assert.Contains(t, s.Stderr(), "not found")
	})
	t.Run("a flood of errors neither blocks nor grows", func(t *testing.T) {
		s := shell(t, contextOf(t), local, m, "yes | head -c 20000000 >&2; echo end >&2; exit 0")
		require.NoError(t, s.Wait())
		assert.Len(t, s.Stderr(), stderrLimit)
		assert.True(t, strings.HasSuffix(s.Stderr(), "end\n"))
	})
	t.Run("what it leaves running does not hold it up", func(t *testing.T) {
		s := shell(t, contextOf(t), local, m, "sleep 1000 & echo $!; exit 3")
		pid := readLine(t, s)
		require.EqualError(t, s.Wait(), "exit status 3")
		id, err := strconv.Atoi(pid)
		require.NoError(t, err)
		require.NoError(t, syscall.Kill(id, syscall.SIGKILL), "it still runs")
	})
	t.Run("output is whole although the command has ended", func(t *testing.T) {
		s := shell(t, contextOf(t), local, m, "echo one; echo two; exit 0")
		require.NoError(t, s.Wait())
		out, err := io.ReadAll(s.Stdout())
		require.NoError(t, err)
		assert.Equal(t, "one\ntwo\n", string(out))
	})
}

func TestLocalClosing(t *testing.T) {
	m := &config.Machine{Name: "here", Transport: config.TransportLocal}
	local := NewLocal()

	t.Run("Close kills the whole group", func(t *testing.T) {
		s := shell(t, contextOf(t), local, m, "sleep 1000 & echo $!; wait")
		pid := readLine(t, s)
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		assert.Eventually(t, func() bool { return gone(pid) }, patience, time.Millisecond)
		requireClosed(t, s, state.ReasonInternal, false)
	})
	t.Run("the deadline does too", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(contextOf(t), time.Second)
		defer cancel()
		s := shell(t, ctx, local, m, "sleep 1000 & echo $!; wait")
		pid := readLine(t, s)
		_, err := io.ReadAll(s.Stdout())
		requireFailure(t, err, state.ReasonTimeout, true)
		require.ErrorIs(t, s.Wait(), context.DeadlineExceeded)
		assert.Eventually(t, func() bool { return gone(pid) }, patience, time.Millisecond)
		requireClosed(t, s, state.ReasonTimeout, true)
	})
	t.Run("a write that blocks ends", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(contextOf(t), time.Second)
		defer cancel()
		s := shell(t, ctx, local, m, "exec sleep 1000")
		_, err := s.Write(make([]byte, 1<<20))
		requireFailure(t, err, state.ReasonTimeout, true)
	})
	t.Run("a cancellation stays visible", func(t *testing.T) {
		ctx, cancel := context.WithCancel(contextOf(t))
		s := shell(t, ctx, local, m, "sleep 1000")
		cancel()
		require.ErrorIs(t, s.Wait(), context.Canceled)
	})
	t.Run("Close after the end changes nothing", func(t *testing.T) {
		s := shell(t, contextOf(t), local, m, "exit 4")
		require.EqualError(t, s.Wait(), "exit status 4")
		require.NoError(t, s.Close())
		require.EqualError(t, s.Wait(), "exit status 4")
	})
}

// requireClosed requires everything to fail for that reason.
func requireClosed(t *testing.T, s checker.Session, reason state.Reason, retry bool) {
	t.Helper()
	_, err := s.Write([]byte("x"))
	requireFailure(t, err, reason, retry)
	_, err = s.Stdout().Read(make([]byte, 1))
	requireFailure(t, err, reason, retry)
	requireFailure(t, s.CloseWrite(), reason, retry)
	requireFailure(t, s.Wait(), reason, retry)
}
