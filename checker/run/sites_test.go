package run

import (
	"context"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// sited is a fleet of the machines a and b, of which b has that site.
func sited(t *testing.T, site string) *checker.Fleet {
	t.Helper()
	ms := machines("a", "b")
	ms[1].Site = site
	return newFleet(t, func(c *config.Config) { c.Check.Concurrency = 1 }, ms...)
}

// unattended is a cluster whose only replica has checked a, and does not take b.
func unattended(t *testing.T) *cluster {
	t.Helper()
	c := newCluster(t, sited(t, "x")).start()
	c.eventually("a is done", func() bool { _, ok := c.replicas[0].View().Machine("a"); return ok })
	c.eventually("it is said", func() bool {
		return c.replicas[0].log.has("no replica takes the machines of a site", "site=x", "machines=1")
	})
	assert.False(t, c.replicas[0].log.has("no replica takes the machines of a site", `site=""`))
	_, err := c.replicas[0].runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.ErrorContains(t, err, "run "+today+" is on: 1 of 2 machines done")
	return c
}

func TestRunDoesNotWaitForAMachineThatLeftASiteWithoutWorker(t *testing.T) {
	c := unattended(t)
	runner := c.replicas[0].runner
	c.replicas[0].differs.Store(true)
	require.NoError(t, runner.Reload(t.Context(), newFleet(t, nil, machines("a")...)))
	assert.False(t, runner.nothingLeft(runner.current.Load()), "another replica may know the machine")

	c.replicas[0].differs.Store(false)
	run := c.ends(today)
	assert.Equal(t, []any{state.RunDone, 1, 1}, []any{run.Phase, run.Checked, run.NotTried})
	n, err := c.replicas[0].Queue().Pending(t.Context())
	require.NoError(t, err)
	assert.Zero(t, n)
}

func TestMachineThatGetsAnotherSiteIsCheckedThere(t *testing.T) {
	c := unattended(t)
	require.NoError(t, c.replicas[0].runner.Reload(t.Context(), sited(t, "")))
	run := c.ends(today)
	assert.Equal(t, []any{state.RunDone, 2, 0}, []any{run.Phase, run.Checked, run.NotTried})
}

// A worker of the site that a machine had may not even reach it.
func TestMachineThatGetsAnotherSiteIsNotCheckedWhereItWas(t *testing.T) {
	c := newCluster(t, sited(t, ""))
	runner := c.replicas[0].runner
	free := make(chan struct{})
	c.onCheck = holding(c, "a", free)
	c.start()
	c.eventually("a is being checked", func() bool { return c.times(today)["a"] == 1 })
	require.NoError(t, runner.Reload(t.Context(), sited(t, "x")))
	close(free)
	c.eventually("it is void", func() bool { return c.replicas[0].log.has("not checked", "of another site", "machine=b") })
	assert.Zero(t, c.times(today)["b"])

	require.NoError(t, runner.Reload(t.Context(), sited(t, "")))
	run := c.ends(today)
	assert.Equal(t, []any{state.RunDone, 2, 0}, []any{run.Phase, run.Checked, run.NotTried})
}

// holding keeps the checks of a machine until free is closed.
func holding(c *cluster, machine string, free <-chan struct{}) func(context.Context, *replica, call) checker.Outcome {
	return func(_ context.Context, _ *replica, now call) checker.Outcome {
		if now.machine == machine {
			<-free
		}
		return c.complies(now)
	}
}
