package main

import (
	"net"
	"os/exec"
	"strings"
	"syscall"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestHangupDuringTheStartIsAReloadAfterIt(t *testing.T) {
	w := newWorkspace(t)
	log := &lockedBuffer{}
	cmd := exec.Command(binary(t), "--config.file="+w.path("config.yaml"), "--storage.path="+w.path("data"), "--web.listen-address=127.0.0.1:0")
	cmd.Stderr = log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	said := func(what string, times int) func() bool {
		return func() bool { return strings.Count(log.String(), what) >= times }
	}
	// The first line is logged before anything is opened; from then on a hangup must not end the process.
	eventually(t, "the start", said("starting drift_exporter", 1), log.String)
	require.NoError(t, cmd.Process.Signal(syscall.SIGHUP))
	eventually(t, "the start's and the reload's configuration", said("configuration loaded", 2), log.String)
	require.NoError(t, cmd.Process.Signal(syscall.SIGTERM))
	require.NoError(t, cmd.Wait(), log.String())
}

func TestAnIdleConnectionDoesNotFailTheShutdown(t *testing.T) {
	w := newWorkspace(t)
	p := startServe(t, w.path("config.yaml"), w.path("data"))
	idle, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	require.NoError(t, err)
	p.Terminate()
	assert.NoError(t, idle.Close())
}
