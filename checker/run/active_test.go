package run

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// Who is shown the counts can tell from them whether another run would be refused.
func TestCountsOfARunTellWhetherItGivesWay(t *testing.T) {
	a := newActive(t.Context(), state.Run{ID: today, Phase: state.RunRunning, Total: 4})
	a.opened([]string{"fine", "dead", "dropped", "slow"})
	steps := []struct {
		name string
		do   func()
		want counts
		over bool // but for retries
	}{
		{"at first", func() {}, counts{}, false},
		{"a machine is judged", func() { a.settle("fine", nil); a.acknowledged("fine") }, counts{checked: 1}, false},
		{"one left the fleet", func() { a.acknowledged("dropped") }, counts{checked: 1, notTried: 1}, false},
		{"one failed", func() { a.retry(checker.Outcome{Machine: "dead"}) }, counts{checked: 1, retrying: 1, notTried: 1}, false},
		{"the last failed for good", func() { a.settle("slow", &state.Failure{}) }, counts{1, 1, 1, 1, 0}, true},
		{"the retry begins", func() { a.enter("dead") }, counts{1, 1, 0, 1, 0}, false},
		{"and fails too", func() { a.retry(checker.Outcome{Machine: "dead"}); a.leave("dead") }, counts{1, 1, 1, 1, 0}, true},
		{"its outcome cannot be stored", func() { a.notStored("dead") }, counts{1, 1, 0, 1, 0}, false},
		{"and then can", func() { a.settle("dead", &state.Failure{}) }, counts{1, 2, 0, 1, 0}, true},
	}
	for _, s := range steps {
		s.do()
		now := a.snapshot()
		require.Equal(t, s.want, countsOf(now), s.name)
		assert.Equal(t, !s.over, now.Works(), s.name)
		assert.Equal(t, s.over, a.onlyRetries(), s.name)
	}
}

func TestMachinesThatWaitForARetryAreStored(t *testing.T) {
	g := newRig(t, longRetries(t, 4, "a-dead", "b"))
	g.deadToday("a-dead")
	g.start()
	g.waits(1)
	g.tick()
	stored, err := g.store.Run(t.Context(), today)
	require.NoError(t, err)
	assert.Equal(t, counts{checked: 1, retrying: 1}, countsOf(stored))
	assert.False(t, stored.Works())
	_, err = g.runner.StartRun(t.Context(), state.TriggerAPI, nil)
	require.NoError(t, err)
	assert.Equal(t, counts{checked: 1, failed: 1}, countsOf(g.ends(today)), "an ended run retries nothing")
}
