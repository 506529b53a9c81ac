package exporter

import (
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// apiScript is a script and what it prints in docs/api.md.
var apiScript = regexp.MustCompile("(?s)```sh\n(.*?)```\n```text\n(.*?)```")

// The scripts of docs/api.md do what is said, with the real curl and jq.
func TestDocumentedScriptsWork(t *testing.T) {
	testenv.Program(t, "curl", "curl")
	testenv.Program(t, "jq", "jq")
	doc, err := os.ReadFile(apiDoc)
	require.NoError(t, err)
	r := newRig(t, lifecycle)
	r.fakeState.runs = append([]state.Run{{ID: "2026-01-29T10:30:00.25Z", Trigger: state.TriggerAPI, Phase: state.RunDone,
		StartedAt: at(10, 30, 0, 250), EndedAt: at(10, 30, 1, 0)}}, r.fakeState.runs...)
	server := httptest.NewServer(r.handler)
	defer server.Close()

	scripts := apiScript.FindAllStringSubmatch(string(doc), -1)
	require.Len(t, scripts, 4)
	for _, script := range scripts {
		sh := exec.CommandContext(t.Context(), "/bin/sh", "-u", "-c", script[1])
		sh.Env = append(os.Environ(), "DRIFT="+server.URL, "no_proxy=*")
		sh.Stderr = os.Stderr
		printed, _ := sh.Output() // the last one's exit code is its answer
		assert.Equal(t, script[2], string(printed), script[1])
	}
	assert.Equal(t, [][]string{{"web1"}}, r.runs.started)
}
