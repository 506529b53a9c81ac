package ssh

import (
	"bytes"
	"context"
	"crypto/rand"
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
	"golang.org/x/crypto/ssh"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

func TestRealServer(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{})
	m := machineOf(server)
	transport := newTransport(t)

	t.Run("a command runs as the user", func(t *testing.T) {
		out, err := run(t, transport, m, "id", "-un")
		require.NoError(t, err)
		assert.Equal(t, server.User+"\n", out)
	})
	t.Run("input and output are not changed", func(t *testing.T) {
		data := make([]byte, 5<<20)
		_, _ = rand.Read(data)
		s, err := transport.Start(contextOf(t), m, []string{"cat"})
		require.NoError(t, err)
		defer func() { assert.NoError(t, s.Close()) }()
		go func() {
			_, err := s.Write(data)
			assert.NoError(t, err)
			assert.NoError(t, s.CloseWrite())
		}()
		out, err := io.ReadAll(s.Stdout())
		require.NoError(t, err)
		assert.True(t, bytes.Equal(data, out))
		require.NoError(t, s.Wait())
	})
	t.Run("a status is an ExitError", func(t *testing.T) {
		s := shell(t, contextOf(t), transport, m, "echo oops >&2; exit 42")
		var exit *checker.ExitError
		require.ErrorAs(t, s.Wait(), &exit)
		assert.Equal(t, &checker.ExitError{Status: 42}, exit)
		assert.Equal(t, "oops\n", s.Stderr())
		require.ErrorAs(t, s.Wait(), &exit, "it can be asked again")
	})
	t.Run("a signal is an ExitError", func(t *testing.T) {
		s := shell(t, contextOf(t), transport, m, "kill -TERM $PPID") // the login shell
		var exit *checker.ExitError
		require.ErrorAs(t, s.Wait(), &exit)
		assert.Equal(t, &checker.ExitError{Status: -1, Signal: "TERM"}, exit)
	})
	t.Run("a missing command is status 127", func(t *testing.T) {
		_, err := run(t, transport, m, "no-such-command")
		var exit *checker.ExitError
		require.ErrorAs(t, err, &exit)
		assert.Equal(t, 127, exit.Status)
	})
	t.Run("a flood of errors neither blocks nor grows", func(t *testing.T) {
		s := shell(t, contextOf(t), transport, m, "yes | head -c 20000000 >&2; echo end >&2; echo done; exit 0")
		out, err := io.ReadAll(s.Stdout())
		require.NoError(t, err)
		assert.Equal(t, "done\n", string(out))
		require.NoError(t, s.Wait())
		assert.Len(t, s.Stderr(), stderrLimit)
		assert.True(t, strings.HasSuffix(s.Stderr(), "y\nend\n"), "the last ones are kept")
	})
	t.Run("a background process does not hold up the end", func(t *testing.T) {
		s := shell(t, contextOf(t), transport, m, "sleep 1000 & exit 3")
		var exit *checker.ExitError
		require.ErrorAs(t, s.Wait(), &exit)
		assert.Equal(t, 3, exit.Status)
	})
	t.Run("input after the end is an error", func(t *testing.T) {
		s := shell(t, contextOf(t), transport, m, "exit 0")
		require.NoError(t, s.Wait())
		require.NoError(t, s.CloseWrite())
		require.Eventually(t, func() bool { _, err := s.Write([]byte("x")); return err != nil }, patience, time.Millisecond)
	})
}

func TestClosing(t *testing.T) {
	server := testsshd.Start(t, testsshd.Options{})
	m := machineOf(server)
	transport := newTransport(t)

	t.Run("Close ends the command", func(t *testing.T) {
		s := shell(t, contextOf(t), transport, m, "echo $$; exec sleep 1000")
		pid := readLine(t, s)
		require.False(t, gone(pid))
		require.NoError(t, s.Close())
		require.NoError(t, s.Close())
		assert.Eventually(t, func() bool { return gone(pid) }, patience, time.Millisecond)
		requireFailure(t, s.Wait(), state.ReasonInternal, false, "closed")
		_, err := s.Write([]byte("x"))
		requireFailure(t, err, state.ReasonInternal, false, "closed")
		_, err = s.Stdout().Read(make([]byte, 1))
		requireFailure(t, err, state.ReasonInternal, false, "closed")
		requireFailure(t, s.CloseWrite(), state.ReasonInternal, false, "closed")
	})
	t.Run("Close during everything", func(t *testing.T) {
		for range 20 {
			s := shell(t, contextOf(t), transport, m, "yes; yes >&2")
			done := make(chan struct{}, 6)
			for _, f := range []func(){
				func() { _, _ = io.Copy(io.Discard, s.Stdout()) },
				func() {
					for {
						if _, err := s.Write(make([]byte, 1<<16)); err != nil {
							return
						}
					}
				},
				func() { assert.Error(t, s.Wait()) },
				func() { _ = s.Close() },
				func() { _ = s.Close() },
				func() { _ = s.Stderr() },
			} {
				go func() { f(); done <- struct{}{} }()
			}
			for range 6 {
				<-done
			}
		}
	})
	t.Run("the deadline ends reading, writing and waiting", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(contextOf(t), 2*time.Second)
		defer cancel()
		s := shell(t, ctx, transport, m, "sleep 1000")
		_, err := s.Stdout().Read(make([]byte, 1))
		requireFailure(t, err, state.ReasonTimeout, true, "waiting for the command")
		require.ErrorIs(t, err, context.DeadlineExceeded)
		requireFailure(t, s.Wait(), state.ReasonTimeout, true)
		_, err = s.Write([]byte("x"))
		requireFailure(t, err, state.ReasonTimeout, true)
		requireFailure(t, s.CloseWrite(), state.ReasonTimeout, true)
	})
	t.Run("a write that blocks ends too", func(t *testing.T) {
		ctx, cancel := context.WithTimeout(contextOf(t), 2*time.Second)
		defer cancel()
		s := shell(t, ctx, transport, m, "sleep 1000")
		_, err := s.Write(make([]byte, 16<<20))
		requireFailure(t, err, state.ReasonTimeout, true)
	})
	t.Run("a cancellation stays visible", func(t *testing.T) {
		ctx, cancel := context.WithCancel(contextOf(t))
		s := shell(t, ctx, transport, m, "sleep 1000")
		cancel()
		err := s.Wait()
		requireFailure(t, err, state.ReasonInternal, true, "canceled")
		require.ErrorIs(t, err, context.Canceled)
	})
	t.Run("a server that goes down is a lost connection", func(t *testing.T) {
		s := shell(t, contextOf(t), transport, m, "echo on; sleep 1000")
		_, err := io.ReadFull(s.Stdout(), make([]byte, 3))
		require.NoError(t, err)
		server.Stop()
		defer server.Restart()
		_, err = io.ReadAll(s.Stdout())
		requireFailure(t, err, state.ReasonProtocol, true, "connection ended")
		requireFailure(t, s.Wait(), state.ReasonProtocol, true, "connection ended")
	})
}

// readLine reads a line from the command, byte by byte.
func readLine(t *testing.T, s checker.Session) string {
	t.Helper()
	var line []byte
	for b := make([]byte, 1); ; line = append(line, b[0]) {
		_, err := s.Stdout().Read(b)
		require.NoError(t, err)
		if b[0] == '\n' {
			return string(line)
		}
	}
}

// gone reports whether a process of this machine has ended.
func gone(pid string) bool {
	status, err := os.ReadFile(filepath.Join("/proc", pid, "status"))
	return err != nil || strings.Contains(string(status), "State:\tZ")
}

func TestHostileSession(t *testing.T) {
	tests := []struct {
		name  string
		set   func(*fakeServer)
		check func(t *testing.T, s checker.Session, err error)
	}{
		{"no session", func(f *fakeServer) {
			f.onSession = func(c ssh.NewChannel) { _ = c.Reject(ssh.ResourceShortage, "full\x1b[2J"+strings.Repeat("!", 5000)) }
		}, func(t *testing.T, _ checker.Session, err error) {
			requireFailure(t, err, state.ReasonProtocol, true, "refused a session", `full\x1b[2J!`)
		}},
		{"no exec", func(f *fakeServer) {
			f.onExec = func(_ ssh.Channel, r *ssh.Request) { _ = r.Reply(false, nil) }
		}, func(t *testing.T, _ checker.Session, err error) {
			requireFailure(t, err, state.ReasonProtocol, false, "refused to run a command")
		}},
		{"the channel ends without a status", func(f *fakeServer) {
			f.onExec = answer(func(c ssh.Channel) { _, _ = c.Write([]byte("hi")); _ = c.Close() })
		}, func(t *testing.T, s checker.Session, err error) {
			require.NoError(t, err)
			out, err := io.ReadAll(s.Stdout())
			assert.Equal(t, "hi", string(out))
			requireFailure(t, err, state.ReasonProtocol, true)
			requireFailure(t, s.Wait(), state.ReasonProtocol, true, "before the command did")
		}},
		{"output that is closed is not the end", func(f *fakeServer) {
			f.onExec = answer(func(c ssh.Channel) {
				_ = c.CloseWrite()
				_, _ = io.ReadFull(c, make([]byte, 1))
				exitWith(c, 5)
			})
		}, func(t *testing.T, s checker.Session, err error) {
			require.NoError(t, err)
			_, err = io.ReadAll(s.Stdout())
			require.NoError(t, err)
			_, err = s.Write([]byte("x"))
			require.NoError(t, err)
			require.EqualError(t, s.Wait(), "exit status 5")
		}},
		{"a signal with a strange name", func(f *fakeServer) {
			f.onExec = answer(func(c ssh.Channel) {
				_, _ = c.SendRequest("exit-signal", false, ssh.Marshal(struct {
					Name  string
					Core  bool
					E, Le string
				}{"\x1b]0;x\a", false, "", ""}))
				_ = c.Close()
			})
		}, func(t *testing.T, s checker.Session, err error) {
			require.NoError(t, err)
			require.EqualError(t, s.Wait(), `ended by signal with the name "\x1b]0;x\x07"`)
		}},
		{"the first status counts", func(f *fakeServer) {
			f.onExec = answer(func(c ssh.Channel) {
				_, _ = c.SendRequest("exit-status", false, []byte{1})
				_, _ = c.SendRequest("exit-status", false, ssh.Marshal(struct{ S uint32 }{7}))
				exitWith(c, 0)
			})
		}, func(t *testing.T, s checker.Session, err error) {
			require.NoError(t, err)
			require.EqualError(t, s.Wait(), "exit status 7")
		}},
		{"requests without end", func(f *fakeServer) {
			f.onExec = answer(func(c ssh.Channel) {
				for i := range 1000 {
					_, _ = c.SendRequest(fmt.Sprint("nonsense", i), false, nil)
				}
				exitWith(c, 0)
			})
		}, func(t *testing.T, s checker.Session, err error) {
			require.NoError(t, err)
			require.NoError(t, s.Wait())
		}},
		{"channels that it opens are refused", func(f *fakeServer) {
			f.onLogin = func(c *ssh.ServerConn) {
				for _, kind := range []string{"auth-agent@openssh.com", "x11", "forwarded-tcpip"} {
					_, _, err := c.OpenChannel(kind, nil)
					assert.Error(f.t, err)
				}
			}
			f.onExec = answer(func(c ssh.Channel) { exitWith(c, 0) })
		}, func(t *testing.T, s checker.Session, err error) {
			require.NoError(t, err)
			require.NoError(t, s.Wait())
		}},
	}
	for _, tt := range tests {
		t.Run(tt.name, func(t *testing.T) {
			f := startFake(t, tt.set)
			s, err := newTransport(t).Start(contextOf(t), f.machine(), []string{"true"})
			if err == nil {
				defer func() { assert.NoError(t, s.Close()) }()
			}
			tt.check(t, s, err)
		})
	}
}
