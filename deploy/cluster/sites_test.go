package cluster_test

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// rolesAndSites has a worker inside a closed network: it takes that network's machines and no other, and nobody else takes
// these. Who has the role web checks nothing, who has the role worker decides and tells nothing. The machines' host keys are
// known only to those who are to check them: anybody else would fail.
func rolesAndSites(t *testing.T) {
	w := newWorld(t, 12, natsOfThree)
	inside, outside := w.machines[:4], w.machines[4:]
	all := entries(w.machines)
	for i := range inside {
		all[i].site = "dmz"
	}
	web, worker, dmz := w.add(all), w.add(all), w.add(all)
	web.knows()
	worker.knows(outside...)
	dmz.knows(inside...)
	web.start("--cluster.role=web")
	worker.start("--cluster.role=worker")
	dmz.start("--cluster.role=worker", "--worker.sites=dmz")
	w.checkedFirst()
	assert.Equal(t, runCounts{12, 12, 0}, countsOf(web.lastRun()))
	assert.True(t, web.coordinates())
	assert.False(t, worker.coordinates())
	assert.False(t, dmz.coordinates())
	for _, r := range w.replicas {
		assert.Equal(t, "1", r.Metric(`drift_cluster_replicas{role="web"}`))
		assert.Equal(t, "2", r.Metric(`drift_cluster_replicas{role="worker"}`))
	}

	dmz.kill()
	drift([]*machine{inside[0], outside[0]})
	id := w.startRun(web)
	w.eventually("all others are checked", func() bool {
		run, _ := web.run(id)
		return run.Checked == len(outside)
	})
	run, _ := web.run(id)
	assert.Equal(t, "running", run.Phase, "the site's machines wait for its worker")
	for _, m := range inside {
		assert.Equal(t, 1, m.checks(), "%s was checked only in the first run", m.name)
	}
	dmz.launch()
	assert.Equal(t, runCounts{12, 12, 0}, countsOf(w.ends(id)))
	w.heard(inside[0], "firing")
	w.heard(outside[0], "firing")
	assert.NotZero(t, web.recorder.count())
	assert.Zero(t, worker.recorder.count(), "a worker sends no alerts")
	assert.Zero(t, dmz.recorder.count(), "a worker sends no alerts")
	require.Contains(t, dmz.Get("/"), outside[0].name, "a worker shows the whole fleet, too")
	status, _ := worker.Post("/api/v1/runs", "")
	assert.NotEqual(t, 202, status, "a worker starts no runs")
	w.agree()
}

// runCounts are total, checked and failed.
type runCounts [3]int

func countsOf(run runOf) runCounts { return runCounts{run.Total, run.Checked, run.Failed} }
