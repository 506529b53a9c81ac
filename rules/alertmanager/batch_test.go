package alertmanager

import (
	"slices"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

func TestNextBatch(t *testing.T) {
	noon := time.Date(2026, 1, 29, 12, 0, 0, 0, time.UTC)
	entryOf := func(machine string, tried, acceptedAt time.Time) *entry {
		return &entry{key: state.Key{Machine: machine}, tried: tried, acceptedAt: acceptedAt}
	}
	fresh := entryOf("fresh", time.Time{}, time.Time{})
	fresh2 := entryOf("fresh2", time.Time{}, time.Time{})
	retried := entryOf("retried", noon, time.Time{})
	waited := entryOf("waited", noon.Add(-time.Hour), noon.Add(-2*time.Hour))
	recent := entryOf("recent", noon.Add(-time.Minute), noon.Add(-2*time.Hour))
	refused := entryOf("refused", noon.Add(-time.Minute), time.Time{})
	refused.alone = true
	for name, test := range map[string]struct {
		ready, want []*entry
	}{
		"nothing is ready":                            {nil, nil},
		"news first, then what has waited longest":    {[]*entry{recent, retried, waited, fresh2, fresh}, []*entry{fresh, fresh2, retried, waited, recent}},
		"what was refused waits while there is news":  {[]*entry{waited, refused, fresh}, []*entry{fresh, waited}},
		"what was refused goes alone":                 {[]*entry{waited, refused, recent}, []*entry{refused}},
		"what was refused goes alone if it is newest": {[]*entry{retried, refused}, []*entry{refused}},
	} {
		t.Run(name, func(t *testing.T) {
			assert.Equal(t, machines(test.want), machines(nextBatch(slices.Clone(test.ready))))
		})
	}
}

func machines(entries []*entry) []string {
	var names []string
	for _, e := range entries {
		names = append(names, e.key.Machine)
	}
	return names
}
