package main

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testalertmanager"
)

// crashMachines is large enough for a run to last while a process is killed at some moment of it.
const crashMachines = 30

// TestKillDuringRunsLosesNothing breaks and repairs a fleet of local machines, kills the exporter at a random
// moment of every run, and compares what is known after the restart with the truth.
func TestKillDuringRunsLosesNothing(t *testing.T) {
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))

	am := testalertmanager.Start(t, "route: {receiver: none}\nreceivers: [{name: none}]\n")
	w := newWorkspace(t)
	var c strings.Builder
	fmt.Fprintf(&c, "check: {concurrency: 2, retries: 0}\nalerting: {alertmanagers: [{url: %q}], resend_delay: 1s}\nmachines:\n", am.URL)
	for i := range crashMachines {
		fmt.Fprintf(&c, "  - {name: m%d, transport: local, packs: [base]}\n", i)
	}
	w.write("config.yaml", c.String())
	p := startServe(t, w.path("config.yaml"), w.path("data"), "--web.enable-lifecycle")
	p.Eventually("the first run ends", func() bool { return p.Metric("drift_last_run_success") == "1" })

	for round := range 6 {
		drifted := round%2 == 0
		w.write("motd", map[bool]string{true: "drifted\n", false: "welcome\n"}[drifted])
		id := p.StartRun()
		time.Sleep(time.Duration(random.IntN(1500)) * time.Millisecond) // any moment will do: it is what is being tested
		p.Kill()
		p.Launch()
		p.WaitForRun(id)

		want := 0
		if drifted {
			want = crashMachines
		}
		p.Eventually("every drift has one alert, every repair none", func() bool { return len(am.Alerts()) == want })
		seen := map[string]bool{}
		for _, a := range am.Alerts() {
			require.NotContains(t, seen, a.Labels["machine"], "two alerts for one machine")
			seen[a.Labels["machine"]] = true
		}
		var runs struct {
			Runs []struct {
				ID                     string
				Total, Checked, Failed int
			}
		}
		p.Data("/api/v1/runs", &runs)
		require.Equal(t, id, runs.Runs[0].ID)
		assert.Equal(t, crashMachines, runs.Runs[0].Total)
		assert.Equal(t, crashMachines, runs.Runs[0].Checked, "each machine's verdict of the run is there")
	}
}

func TestSecondProcessOnOneStoragePathExits(t *testing.T) {
	w := newWorkspace(t)
	first := startServe(t, w.path("config.yaml"), w.path("data"))
	second := exec.Command(binary(t), "--config.file="+w.path("config.yaml"), "--storage.path="+w.path("data"), "--web.listen-address=127.0.0.1:0")
	out, err := second.CombinedOutput()
	require.Error(t, err)
	assert.Equal(t, 1, second.ProcessState.ExitCode())
	assert.Contains(t, string(out), "in use by another process")
	assert.Contains(t, first.Get("/-/ready"), "ready", "the first one is not disturbed")
	first.Terminate()
}

func TestReloadRefusesABrokenConfigurationWhole(t *testing.T) {
	w := newWorkspace(t)
	p := startServe(t, w.path("config.yaml"), w.path("data"), "--web.enable-lifecycle")
	p.Eventually("the first verdict", func() bool { return p.Metric(`drift_compliant{machine="here",pack="base"}`) == "1" })

	good := "machines:\n  - {name: here, transport: local, packs: [base]}\n  - {name: there, transport: local, packs: [base]}\n"
	w.write("config.yaml", good+"  - {name: bad, transport: local, packs: [nope]}\n")
	status, answer := p.Post("/-/reload", "")
	assert.Equal(t, 500, status)
	assert.Contains(t, answer, "config.yaml:4: ")
	assert.Equal(t, "0", p.Metric("drift_config_last_reload_successful"))
	assert.Contains(t, p.Get("/"), "and refused: the one before is still in use")
	assert.Equal(t, "1", p.Metric(`drift_compliant{machine="here",pack="base"}`))

	w.write("config.yaml", good)
	status, answer = p.Post("/-/reload", "")
	require.Equal(t, 200, status, answer)
	assert.Equal(t, "1", p.Metric("drift_config_last_reload_successful"))
	assert.NotContains(t, p.Get("/"), "the one before is still in use")
	p.Eventually("a machine that a reload adds is checked at once", func() bool {
		return p.Metric(`drift_compliant{machine="there",pack="base"}`) == "1"
	})
	p.Terminate()
}
