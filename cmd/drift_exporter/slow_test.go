package main

import (
	"net"
	"net/http"
	"os"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// Whoever says half of what they want, and waits, is served last: the connection is closed, and others are answered meanwhile.
func TestSlowVisitorsHoldNothingUp(t *testing.T) {
	w := newWorkspace(t)
	p := startServe(t, w.path("config.yaml"), w.path("data"))
	for range 200 {
		conn, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
		require.NoError(t, err)
		defer func() { _ = conn.Close() }()
		_, err = conn.Write([]byte("GET / HTTP/1.1\r\nHost: x\r\nX-Slow"))
		require.NoError(t, err)
	}
	assert.NotEmpty(t, p.Get("/metrics"))
	slow, err := net.Dial("tcp", strings.TrimPrefix(p.URL, "http://"))
	require.NoError(t, err)
	defer func() { _ = slow.Close() }()
	_, err = slow.Write([]byte("GET / HTTP/1.1\r\n"))
	require.NoError(t, err)
	require.NoError(t, slow.SetReadDeadline(time.Now().Add(patience)))
	_, err = slow.Read(make([]byte, 1))
	require.Error(t, err)
	require.NotErrorIs(t, err, os.ErrDeadlineExceeded, "the exporter waits on")
	p.Terminate()
}

// The rest takes minutes to be seen from outside.
func TestConnectionsThatNobodyUsesAreClosed(t *testing.T) {
	server := newTestDaemon(t, newWorkspace(t)).server
	for name, bound := range map[string]time.Duration{"headers": server.ReadHeaderTimeout, "answers": server.WriteTimeout, "idle": server.IdleTimeout} {
		assert.Positive(t, bound, name)
		assert.LessOrEqual(t, bound, 5*time.Minute, name)
	}
	assert.LessOrEqual(t, server.MaxHeaderBytes, http.DefaultMaxHeaderBytes)
}
