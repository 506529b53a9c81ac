package simfleet

import (
	"fmt"
	"io"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTheScriptSeesTheMachineInPlaceOfThisOne(t *testing.T) {
	root := t.TempDir()
	for _, dir := range []string{"etc", "usr/bin", "home/drift"} {
		require.NoError(t, os.MkdirAll(filepath.Join(root, dir), 0o755))
	}
	require.NoError(t, os.WriteFile(filepath.Join(root, "etc/motd"), []byte("of the machine\n"), 0o644))
	require.NoError(t, os.Symlink(filepath.Join(root, "etc/motd"), filepath.Join(root, "etc/link")))
	require.NoError(t, os.WriteFile(filepath.Join(root, "usr/bin/id"), []byte("#!/bin/sh\necho 'uid=1000(drift)'\n"), 0o755))
	script := `{
cat /etc/motd
id
put() { IFS= read -r line && printf '%s\n' "$line"; }
put; put; put; put
IFS= read -r question
readlink "${question#=}"
echo "$HOME of $ROOT"
cat /etc/none
(exit 3)
exit
}
`
	exec, err := Shell(root, only(script))
	require.NoError(t, err)
	t.Setenv("ROOT", "not for machines")
	_, client := oneMachine(t, exec)
	c := start(t, client)
	assert.Equal(t, "of the machine\n", c.runScript(t, script))
	_, err = io.WriteString(c, introduced+"link\n=/etc/link\n")
	require.NoError(t, err)
	got, err := io.ReadAll(c.stdout)
	require.NoError(t, err)
	assert.Equal(t, "uid=1000(drift)\n"+introduced+"link\n/etc/motd\n/home/drift of \n", string(got))
	assert.Equal(t, 3, c.status(t))
	assert.Equal(t, "cat: /etc/none: No such file or directory\n", c.stderr.String())
}

func TestNothingButTheScriptReachesAShell(t *testing.T) {
	exec, script := shellOf(t, `while IFS= read -r line; do echo "$line"; done`)
	_, client := oneMachine(t, exec)
	for name, c := range map[string]struct {
		sent, stderr string
	}{
		"another script":           {"{\ntouch /tmp/owned\nexit\n}\n" + strings.Repeat("#", len(script)), errOtherScript.Error()},
		"a script that is cut":     {script[:len(script)-3], errOtherScript.Error()},
		"nothing":                  {"", errOtherScript.Error()},
		"a question for a command": {script + introduced + "command\n=/bin/id\x1f\n", errCommand.Error()},
		"a line without an end":    {script + introduced + strings.Repeat("x", 2*maxLine), errLongLine.Error()},
	} {
		t.Run(name, func(t *testing.T) {
			c2 := start(t, client)
			_, _ = io.WriteString(c2, c.sent) // it may be refused before its end
			_ = c2.WriteCloser.Close()
			_, _ = io.Copy(io.Discard, c2.stdout)
			assert.Equal(t, statusRefused, c2.status(t))
			assert.Equal(t, c.stderr+"\n", c2.stderr.String())
		})
	}
}

func TestAMachineNeedsAPlainDirectory(t *testing.T) {
	for _, name := range []string{"with blank", "with'quote", "with$dollar", "ümlaut"} {
		_, err := Shell(filepath.Join(t.TempDir(), name), only(""))
		require.ErrorContains(t, err, "plain name")
	}
}

func TestMuchInputAndOutput(t *testing.T) {
	exec, script := shellOf(t, "echo ready\ncat")
	_, client := oneMachine(t, exec)
	c := start(t, client)
	assert.Equal(t, "ready\n", c.runScript(t, script))
	var lines strings.Builder
	for i := range 200_000 {
		fmt.Fprintf(&lines, "=/etc/file%d\n", i)
	}
	written := make(chan error, 1)
	go func() {
		_, err := io.WriteString(c, introduced+"file\n"+lines.String())
		_ = c.WriteCloser.Close()
		written <- err
	}()
	got, err := io.ReadAll(c.stdout)
	require.NoError(t, err)
	require.NoError(t, <-written)
	require.Equal(t, 0, c.status(t))
	back := string(got) == introduced+"file\n"+lines.String() // too long to be shown
	assert.True(t, back, "placed, read by the shell, and placed back")
}

// A client that is gone, or that asks for an end, leaves nothing running: neither the shell nor what it has started,
// which here would go on for good.
func TestNothingIsLeftRunning(t *testing.T) {
	for name, end := range map[string]func(*command, *Machine){
		"when the client closes the session": func(c *command, _ *Machine) { _ = c.Session.Close() },
		"when the client sends a signal":     func(c *command, _ *Machine) { _ = c.Signal("TERM") },
		"when the machine stops":             func(_ *command, m *Machine) { m.Stop() },
	} {
		t.Run(name, func(t *testing.T) {
			exec, script := shellOf(t, "sleep 100000 &\necho $! $$\nwait")
			m, client := oneMachine(t, exec)
			c := start(t, client)
			said := c.runScript(t, script)
			end(c, m)
			for _, text := range strings.Fields(said) {
				assertGone(t, text)
			}
		})
	}
}

// What the shell leaves behind when it ends is ended too.
func TestChildrenDoNotOutliveTheShell(t *testing.T) {
	exec, script := shellOf(t, "sleep 100000 &\necho $!")
	_, client := oneMachine(t, exec)
	c := start(t, client)
	_, err := io.WriteString(c, script)
	require.NoError(t, err)
	said, err := io.ReadAll(c.stdout)
	require.NoError(t, err)
	assert.Equal(t, 0, c.status(t))
	assertGone(t, strings.TrimSpace(string(said)))
}

func assertGone(t *testing.T, pid string) {
	t.Helper()
	id, err := strconv.Atoi(pid)
	require.NoError(t, err)
	require.Eventually(t, func() bool { return !alive(id) }, patience, 10*time.Millisecond)
}

// alive is false of a zombie: whoever adopted it may not have looked at it yet.
func alive(pid int) bool {
	if syscall.Kill(pid, 0) != nil {
		return false
	}
	stat, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", pid))
	return err == nil && !strings.Contains(string(stat), ") Z ")
}
