package cluster_test

import (
	"net/http"
	"slices"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// aRollingChange brings a new configuration to one replica after the other. While they differ nobody decides by his own: no
// alert is resolved, gets other labels, or is there twice; once they agree, all of it happens, once.
func aRollingChange(t *testing.T) {
	w := newRollingWorld(t)
	kept, removed, relabelled, added := w.machines[0], w.machines[1], w.machines[2], w.machines[len(w.machines)-1]
	drift([]*machine{kept, removed, relabelled})
	w.check(w.replicas[0], w.machines[:len(w.machines)-1]...)
	w.fires(kept, removed, relabelled)
	since := w.firing()

	next := slices.DeleteFunc(entries(w.machines), func(e entry) bool { return e.name == removed.name })
	for i := range next {
		if next[i].name == relabelled.name {
			next[i].team = "ops"
		}
	}
	for i, r := range w.replicas {
		r.configure(next)
		w.takes(r, i == 1)
		if i == len(w.replicas)-1 {
			break
		}
		for _, other := range w.alive() {
			w.eventually(other.name+" sees that they differ", func() bool { return !other.agrees() })
		}
		w.checkStanding()
		assert.Equal(t, since, w.firing())
		for _, m := range []*machine{kept, removed, relabelled} {
			assert.Equal(t, []string{"firing"}, statuses(notices(w.inbox, m)), m.name)
			w.onlyOneAlert(m)
		}
	}

	w.agreeOnFleet()
	w.heard(removed, "firing", "resolved")
	w.fires(kept, relabelled)
	w.eventually(added.name+" is checked", func() bool { return w.replicas[0].pair(added).Verdict == "compliant" })
	w.eventually("the alert has its new label", func() bool { return len(notices(w.inbox, relabelled)) >= 3 })
	told := map[string][]string{}
	for _, n := range notices(w.inbox, relabelled) {
		told[n.Labels["team"]] = append(told[n.Labels["team"]], n.Status)
		assert.WithinDuration(t, since[relabelled.name], n.StartsAt, 0, "the new labels begin when the drift did")
	}
	assert.Equal(t, map[string][]string{"": {"firing", "resolved"}, "ops": {"firing"}}, told)
	assert.Equal(t, []string{"firing"}, statuses(notices(w.inbox, kept)))
	assert.Equal(t, since[kept.name], w.firing()[kept.name])
	w.agree()
}

// newRollingWorld has one machine more than its replicas know of.
func newRollingWorld(t *testing.T) *world {
	t.Helper()
	w := newWorld(t, 30, natsOfThree)
	for range 3 {
		w.add(entries(w.machines[:29])).start()
	}
	w.checkedFirst()
	return w
}

// takes has a replica take its new configuration, in one of both ways.
func (w *world) takes(r *replica, restart bool) {
	w.t.Helper()
	if restart {
		r.Terminate()
		r.launch()
		return
	}
	status, answer := r.Post("/-/reload", "")
	require.Equal(w.t, http.StatusOK, status, answer)
}

// checkStanding has every machine judged again that all replicas know, by whoever takes it.
func (w *world) checkStanding() {
	w.t.Helper()
	for _, asked := range w.alive() {
		run := w.ends(w.startRun(asked, w.machines[0], w.machines[2], w.machines[3]))
		assert.Equal(w.t, 3, run.Checked, "%+v", run)
	}
}
