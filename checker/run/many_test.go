package run

import (
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// narrow is a store whose runs name two machines at most.
type narrow struct{ Store }

func (narrow) RunFits(machines []string) int { return min(len(machines), 2) }

func TestMoreMachinesThanARunCanName(t *testing.T) {
	g := newRig(t, newFleet(t, nil, machines("a", "b", "c", "d", "e", "f")...))
	g.options = func(o *Options) { o.Store = narrow{o.Store} }
	g.start()
	assert.Equal(t, 6, g.ends(today).Checked, "all of them need no names")
	_, err := g.runner.StartRun(t.Context(), state.TriggerAPI, []string{"a", "b", "c"})
	require.ErrorIs(t, err, ErrTooMany)
	require.EqualError(t, err, "3 machines are too many to be named: ask for fewer, or for all")
	g.forgetCalls()

	more := newFleet(t, nil, machines("a", "b", "c", "d", "e", "f", "g", "h", "i", "j", "k")...)
	require.NoError(t, g.runner.Reload(t.Context(), more))
	g.eventually("all that are new", func() bool { return len(g.stored()) == 5 })
	assert.ElementsMatch(t, []string{"g", "h", "i", "j", "k"}, g.checked(), "in several runs")
	for _, run := range g.store.View().Runs() {
		assert.LessOrEqual(t, len(run.Machines), 2)
	}
}
