package run

import (
	"context"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"
	"github.com/prometheus/client_golang/prometheus/testutil"
	"github.com/prometheus/common/expfmt"
	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

const beforeTheFirstRun = `
# HELP drift_next_run_timestamp_seconds When the next scheduled run is due, in seconds since the epoch.
# TYPE drift_next_run_timestamp_seconds gauge
drift_next_run_timestamp_seconds 1.769752800e+09
# HELP drift_outstanding_run_timestamp_seconds When the first scheduled run that has not ended, or the longest waiting machine of one that is spread, was due, in seconds since the epoch; absent if there is none.
# TYPE drift_outstanding_run_timestamp_seconds gauge
drift_outstanding_run_timestamp_seconds 1.769666400e+09
# HELP drift_runs_total Runs that ended in this process, by result; skipped are those that were missed and not made up for.
# TYPE drift_runs_total counter
drift_runs_total{result="failure"} 0
drift_runs_total{result="skipped"} 0
drift_runs_total{result="success"} 0
`

const afterTheFirstRun = `
# HELP drift_check_failures_total Attempts to check a machine that failed in this process, by reason; retries count.
# TYPE drift_check_failures_total counter
drift_check_failures_total{machine="b",reason="connect"} 2
drift_check_failures_total{machine="c",reason="auth"} 1
# HELP drift_last_run_duration_seconds How long the run that ended last took.
# TYPE drift_last_run_duration_seconds gauge
drift_last_run_duration_seconds 2.5
# HELP drift_last_run_success Whether the run that ended last tried all its machines (1) or was cut short (0).
# TYPE drift_last_run_success gauge
drift_last_run_success 1
# HELP drift_last_run_timestamp_seconds When the run that ended last did so, in seconds since the epoch.
# TYPE drift_last_run_timestamp_seconds gauge
drift_last_run_timestamp_seconds 1.7696880025e+09
# HELP drift_next_run_timestamp_seconds When the next scheduled run is due, in seconds since the epoch.
# TYPE drift_next_run_timestamp_seconds gauge
drift_next_run_timestamp_seconds 1.769752800e+09
# HELP drift_runs_total Runs that ended in this process, by result; skipped are those that were missed and not made up for.
# TYPE drift_runs_total counter
drift_runs_total{result="failure"} 0
drift_runs_total{result="skipped"} 0
drift_runs_total{result="success"} 1
`

func TestMetrics(t *testing.T) {
	f := newFleet(t, func(c *config.Config) { c.Check.Retries = 1 }, machines("a", "b", "c")...)
	g := newRig(t, f)
	h := newHeld()
	g.onCheck = func(ctx context.Context, c call) checker.Outcome {
		switch c.machine {
		case "a":
			return h.wait(ctx, g, c)
		case "b":
			return g.fails(c, state.ReasonConnect, true)
		}
		return g.fails(c, state.ReasonAuth, false)
	}
	reg := prometheus.NewPedanticRegistry()
	m := NewMetrics(reg)
	g.options = func(o *Options) { o.Metrics = m }
	assert.Equal(t, 3, testutil.CollectAndCount(reg), "the results, before there is a runner")

	r, err := New(Options{Store: g.store, Queue: g.store.Queue(), Fleet: f, Check: g.check, Sink: g.sink, Metrics: m, Clock: g.clock})
	require.NoError(t, err)
	require.NotNil(t, r)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(beforeTheFirstRun)))

	g.start()
	h.next(t)
	g.eventually("the failures are stored", func() bool { return len(g.stored()) == 2 })
	g.clock.Advance(2500 * time.Millisecond)
	close(h.free)
	g.ends(today)
	require.NoError(t, testutil.GatherAndCompare(reg, strings.NewReader(afterTheFirstRun)))
	lintMetrics(t, reg)

	rest := machines("a", "b")
	rest[1].Enabled = false
	require.NoError(t, g.runner.Reload(t.Context(), newFleet(t, nil, rest...)))
	assert.Equal(t, 0, testutil.CollectAndCount(m.failures), "machines that left the fleet have no series")

	fresh := prometheus.NewPedanticRegistry()
	g.options = func(o *Options) { o.Metrics = NewMetrics(fresh) }
	g.restart(time.Hour)
	const stands = "drift_last_run_timestamp_seconds"
	require.NoError(t, testutil.GatherAndCompare(fresh, strings.NewReader(afterTheFirstRun), stands),
		"the last run is known after a restart")
}

// lintMetrics asks promtool what it thinks of the metrics.
func lintMetrics(t *testing.T, reg prometheus.Gatherer) {
	t.Helper()
	promtool, err := exec.LookPath("promtool")
	if err != nil {
		require.NotEqual(t, "true", os.Getenv("CI"), "promtool is missing")
		t.Log("promtool is missing: the metrics' names are not checked")
		return
	}
	families, err := reg.Gather()
	require.NoError(t, err)
	var text strings.Builder
	for _, f := range families {
		_, err := expfmt.MetricFamilyToText(&text, f)
		require.NoError(t, err)
	}
	cmd := exec.CommandContext(t.Context(), promtool, "check", "metrics")
	cmd.Stdin = strings.NewReader(text.String())
	out, err := cmd.CombinedOutput()
	require.NoError(t, err, string(out))
	assert.Empty(t, string(out))
}
