package main

import (
	"fmt"
	"net"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// A machine that accepts the connection and then says nothing is too slow, not offline, and the run goes on.
func TestASilentMachineIsAnErrorAndNeverJudged(t *testing.T) {
	silent, err := net.Listen("tcp", "127.0.0.1:0")
	require.NoError(t, err)
	t.Cleanup(func() { require.NoError(t, silent.Close()) })
	w := newWorkspace(t)
	w.write("config.yaml", fmt.Sprintf(`
check: {timeout: 1s, retries: 1, retry_delay: 100ms}
machines:
  - {name: here, transport: local, packs: [base]}
  - {name: silent, address: 127.0.0.1, packs: [base], ssh: {user: nobody, port: %d}}
`, silent.Addr().(*net.TCPAddr).Port))
	p := startServe(t, w.path("config.yaml"), w.path("data"))
	p.Eventually("the run ends", func() bool { return p.Metric("drift_last_run_success") == "1" })

	assert.Equal(t, "1", p.Metric(`drift_compliant{machine="here",pack="base"}`))
	assert.Empty(t, p.Metric(`drift_compliant{machine="silent",pack="base"}`))
	assert.Equal(t, "0", p.Metric(`drift_check_success{machine="silent",pack="base"}`))
	assert.Equal(t, "2", p.Metric(`drift_check_failures_total{machine="silent",reason="timeout"}`), "the attempt and its retry")
	assert.Regexp(t, `level=ERROR .*msg="machine could not be checked" machine=silent .*timeout`, p.Log())
	var report struct {
		Verdict string
		Attempt struct{ Status, Reason string }
	}
	p.Data("/api/v1/machines/silent/packs/base", &report)
	assert.Empty(t, report.Verdict)
	assert.Equal(t, "unknown", report.Attempt.Status)
	assert.Equal(t, "timeout", report.Attempt.Reason)
	p.Terminate()
}
