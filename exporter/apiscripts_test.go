package exporter

import (
	"fmt"
	"net/http"
	"net/http/httptest"
	"os"
	"os/exec"
	"regexp"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testenv"
)

// apiScript is a script and what it prints in docs/api.md.
var apiScript = regexp.MustCompile("(?s)```sh\n(.*?)```\n```text\n(.*?)```")

func documentedScripts(t *testing.T) [][]string {
	t.Helper()
	testenv.Program(t, "curl", "curl")
	testenv.Program(t, "jq", "jq")
	doc, err := os.ReadFile(apiDoc)
	require.NoError(t, err)
	scripts := apiScript.FindAllStringSubmatch(string(doc), -1)
	require.Len(t, scripts, 4)
	return scripts
}

func scriptCommand(t *testing.T, script, address string) *exec.Cmd {
	t.Helper()
	sh := exec.CommandContext(t.Context(), "/bin/sh", "-u", "-c", script)
	sh.Env = append(os.Environ(), "DRIFT="+address, "no_proxy=*")
	return sh
}

// The scripts of docs/api.md do what is said, with the real curl and jq.
func TestDocumentedScriptsWork(t *testing.T) {
	scripts := documentedScripts(t)
	r := newRig(t, lifecycle)
	r.fakeState.runs = append([]state.Run{{ID: "2026-01-29T10:30:00.25Z", Trigger: state.TriggerAPI, Phase: state.RunDone,
		StartedAt: at(10, 30, 0, 250), EndedAt: at(10, 30, 1, 0)}}, r.fakeState.runs...)
	server := httptest.NewServer(r.handler)
	defer server.Close()

	for _, script := range scripts {
		sh := scriptCommand(t, script[1], server.URL)
		sh.Stderr = os.Stderr
		printed, _ := sh.Output() // the last one's exit code is its answer
		assert.Equal(t, script[2], string(printed), script[1])
	}
	assert.Equal(t, [][]string{{"web1"}}, r.runs.started)
}

func TestDocumentedScriptsSayWhyTheyAreRefused(t *testing.T) {
	const why = "the store is being repaired"
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.WriteHeader(http.StatusServiceUnavailable)
		fmt.Fprintf(w, `{"status":"error","errorType":"unavailable","error":%q}`, why)
	}))
	defer server.Close()
	for _, script := range documentedScripts(t) {
		sh := scriptCommand(t, script[1], server.URL)
		var said strings.Builder
		sh.Stderr = &said
		printed, err := sh.Output()
		assert.Empty(t, string(printed), script[1])
		require.Error(t, err, script[1])
		assert.Contains(t, said.String(), why, script[1])
	}
}
