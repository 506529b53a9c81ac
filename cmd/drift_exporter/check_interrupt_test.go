package main

import (
	"encoding/json"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// interruptedCheck runs a check that is interrupted while it waits for the second of three machines.
func interruptedCheck(t *testing.T, args ...string) (status int, stdout string) {
	t.Helper()
	w, reached := withSilentMachine(t, patience)
	config, err := os.ReadFile(w.path("config.yaml"))
	require.NoError(t, err)
	w.write("config.yaml", string(config)+"  - {name: waiting, address: 127.0.0.1, packs: [base]}\n")
	var out, log strings.Builder
	cmd := exec.Command(binary(t), append([]string{"check", "--config.file=" + w.path("config.yaml"), "--storage.path=" + w.path("data")}, args...)...)
	cmd.Stdout, cmd.Stderr = &out, &log
	require.NoError(t, cmd.Start())
	t.Cleanup(func() { _ = cmd.Process.Kill() })
	select {
	case <-reached:
	case <-time.After(patience):
		require.Fail(t, "the machine was not reached")
	}
	started := time.Now()
	require.NoError(t, cmd.Process.Signal(os.Interrupt))
	_ = cmd.Wait() // the status says it all
	assert.Less(t, time.Since(started), patience/2, "it waits no longer")
	assert.Empty(t, log.String())
	return cmd.ProcessState.ExitCode(), out.String()
}

func TestAnInterruptedCheckPrintsWhatItHas(t *testing.T) {
	status, stdout := interruptedCheck(t)
	assert.Equal(t, 2, status)
	assert.Equal(t, `here  compliant  1 item in base

1 machine: 1 compliant, 0 drifted, 0 unknown
1 pack:    1 compliant, 0 drifted, 0 unknown
interrupted: 2 machines not checked
`, stdout)
}

func TestAnInterruptedCheckIsWholeInJSON(t *testing.T) {
	status, stdout := interruptedCheck(t, "--format=json")
	assert.Equal(t, 2, status)
	var printed struct {
		Results []state.Report `json:"results"`
	}
	require.NoError(t, json.Unmarshal([]byte(stdout), &printed))
	require.Len(t, printed.Results, 3)
	assert.Equal(t, state.Compliant, printed.Results[0].Verdict)
	for _, r := range printed.Results[1:] {
		assert.Equal(t, state.Unknown, r.Attempt.Status)
		assert.Equal(t, "the check was cancelled", r.Attempt.Message)
	}
}
