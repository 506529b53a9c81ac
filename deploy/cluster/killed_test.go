package cluster_test

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testnats"
)

const (
	fleetSize = 300
	driftSize = 20
)

// aRunOutlivesLosses kills a replica and a NATS node in the middle of a run. The run goes on: every machine is checked, no
// change is stored or told of twice, and those who are left agree on all of it.
func aRunOutlivesLosses(t *testing.T) {
	w := newWorld(t, fleetSize, natsOfThree)
	// A replica that repeats an alert in the very moment in which another resolves it can still be the later of both, and this
	// Alertmanager would tell of that at once: they are to repeat seldom.
	w.resend = "5m"
	w.startReplicas()
	for _, m := range w.machines {
		require.Equal(t, 1, m.checks(), "%s in the first run", m.name)
	}
	require.Empty(t, w.firing())

	begun, further := w.machines[:driftSize], w.machines[driftSize:2*driftSize]
	drift(begun)
	lost := w.coordinator()
	run := w.loses(lost, w.nats.Leader("KV_state"), w.others(lost)[0])
	w.shows(run, begun, nil)
	w.recover(lost)

	repair(begun)
	drift(further)
	coordinator := w.coordinator()
	run = w.loses(w.others(coordinator)[0], w.nats.Leader("WORK"), coordinator)
	w.shows(run, further, begun)
}

func drift(machines []*machine) {
	for _, m := range machines {
		m.drift()
	}
}

func repair(machines []*machine) {
	for _, m := range machines {
		m.repair()
	}
}

// loses kills a replica and a NATS node in the middle of a run of all machines, and waits for its end.
func (w *world) loses(lost *replica, node *testnats.Node, asked *replica) runOf {
	w.t.Helper()
	before := map[*machine]int{}
	for _, m := range w.machines {
		before[m] = m.checks()
	}
	w.gate.shutAfter(fleetSize / 3)
	id := w.startRun(asked)
	workers := 3 * lost.config.concurrency
	w.eventually("a third is checked, and every worker of each replica is in the middle of a check", func() bool {
		return w.gate.waiting() == workers
	})
	lost.kill()
	node.Kill()
	w.gate.release()
	run := w.ends(id)
	checked := 0
	for _, m := range w.machines {
		assert.Greater(w.t, m.checks(), before[m], "%s was not checked", m.name)
		checked += m.checks() - before[m]
	}
	assert.Less(w.t, checked, 2*fleetSize, "only what was under way, or could not be stored, is checked again")
	return run
}

// shows holds what all replicas and Alertmanager know after a run in which some machines drifted and others ended to.
func (w *world) shows(run runOf, begun, ended []*machine) {
	w.t.Helper()
	assert.Equal(w.t, "done", run.Phase)
	assert.Equal(w.t, []int{fleetSize, fleetSize, 0, 0}, []int{run.Total, run.Checked, run.Failed, run.NotChecked}, "%+v", run)
	w.fires(begun...)
	since := w.firing()
	for _, m := range begun {
		w.heard(m, "firing")
		w.onlyOneAlert(m)
	}
	for _, m := range ended {
		w.heard(m, "firing", "resolved")
		w.onlyOneAlert(m)
	}
	expected := map[*machine][]string{}
	for _, m := range w.machines {
		expected[m] = []string{"compliant"}
	}
	for _, m := range begun {
		expected[m] = []string{"compliant", "drifted"}
	}
	for _, m := range ended {
		expected[m] = []string{"compliant", "drifted", "compliant"}
	}
	first := w.alive()[0]
	for m, want := range expected {
		// A view of pairs may be behind the view of runs for as long as the node that sends it the pairs is being missed.
		w.eventually(first.name+" shows the run's outcome of "+m.name, func() bool {
			shown := first.pair(m).Attempt
			return shown != nil && shown.Run == run.ID
		})
		assert.Equal(w.t, want, first.verdicts(m), m.name)
	}
	for _, m := range begun {
		assert.WithinDuration(w.t, *first.pair(m).Alert.Since, since[m.name], time.Millisecond, m.name)
	}
	w.agree()
}

// agree holds that every replica shows the same.
func (w *world) agree() {
	w.t.Helper()
	alive := w.alive()
	for _, r := range alive[1:] {
		w.eventually(r.name+" shows the same as "+alive[0].name, func() bool {
			return r.gauges() == alive[0].gauges() && r.machineList() == alive[0].machineList()
		})
	}
}

// recover starts again what was killed, and waits until the cluster is whole.
func (w *world) recover(lost *replica) {
	w.t.Helper()
	w.nats.Restart()
	lost.launch()
	w.agreeOnFleet()
}

// agreeOnFleet waits until every replica sees that all have the same machines.
func (w *world) agreeOnFleet() {
	w.t.Helper()
	for _, r := range w.alive() {
		w.eventually(r.name+" sees that all agree on the fleet", r.agrees)
	}
}
