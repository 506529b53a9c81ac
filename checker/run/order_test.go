package run

import (
	"context"
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestMachinesThatDidNotAnswerComeAfterAllOthers(t *testing.T) {
	reasons := map[string]state.Reason{"a": state.ReasonConnect, "b": state.ReasonAuth, "c": state.ReasonTimeout}
	g := newRig(t, newFleet(t, func(c *config.Config) {
		c.Check.Concurrency, c.Check.Retries = 1, 0
	}, machines("a", "b", "c", "d", "e")...))
	g.onCheck = func(_ context.Context, c call) checker.Outcome {
		if reason, broken := reasons[c.machine]; broken && c.nth == 1 {
			return g.fails(c, reason, true)
		}
		return g.complies(c)
	}
	order := func() (names []string) {
		g.mu.Lock()
		defer g.mu.Unlock()
		for _, c := range g.calls {
			names = append(names, c.machine)
		}
		return names
	}
	g.start()
	g.ends(today)
	assert.Equal(t, []string{"a", "b", "c", "d", "e"}, order(), "nothing is known of them")

	g.until(0)
	g.ends(tomorrow)
	assert.Equal(t, []string{"b", "d", "e", "a", "c"}, order()[5:], "who answered, if only to refuse us, costs no timeout")

	g.clock.Advance(24 * time.Hour)
	g.ends("2026-01-31T06:00:00Z")
	assert.True(t, slices.IsSorted(order()[10:]), "all answered: %v", order()[10:])
}
