package state

import (
	"cmp"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTableNeverGoesBackwards(t *testing.T) {
	tab := newTable[string, int](cmp.Compare[string])
	one, two, three := 1, 2, 3
	assert.True(t, tab.put("a", 10, &one))
	assert.True(t, tab.put("a", 12, &two))
	assert.False(t, tab.put("a", 11, &three), "an older revision")
	assert.False(t, tab.marker("a", 11), "the marker of a removal before the last put")
	assert.False(t, tab.removed("a", 11), "our own removal of a revision before the last put")
	got, _ := tab.get("a")
	assert.Same(t, &two, got)

	assert.True(t, tab.removed("a", 12))
	assert.False(t, tab.put("a", 12, &two), "the watcher delivers late what we removed")
	_, ok := tab.get("a")
	assert.False(t, ok)
	assert.False(t, tab.marker("a", 13), "it was gone already")
	assert.Empty(t, tab.rows, "the marker takes the tombstone with it")
}

func TestTableForgetsTombstonesThatTheWatcherHasPassed(t *testing.T) {
	tab := newTable[string, int](cmp.Compare[string])
	one := 1
	tab.put("a", 10, &one)
	tab.watched = 11
	tab.marker("a", 11)
	assert.False(t, tab.removed("a", 10), "the watcher was faster than we")
	assert.Empty(t, tab.rows)
}

func TestTableSweepsWhatAReplayDidNotDeliver(t *testing.T) {
	tab := newTable[string, int](cmp.Compare[string])
	values := []int{1, 2, 3}
	tab.put("gone", 1, &values[0])
	tab.put("kept", 2, &values[1])
	tab.put("written after the replay began", 9, &values[2])
	assert.Equal(t, map[string]*int{"gone": &values[0]}, tab.sweep(map[string]struct{}{"kept": {}}, 8))
	assert.Len(t, tab.all(), 2)
}

// A history of a key is a series of puts and removals with rising revisions. A writer sees each as it happens,
// the watcher later, in order. However the two interleave, the table shows the newest that either has seen, and
// once the watcher is through, what is stored.
func TestTableUnderAllInterleavings(t *testing.T) {
	type event struct {
		revision uint64
		value    *int // nil: removed
		replaces uint64
	}
	for seed := range uint64(2000) {
		random := rand.New(rand.NewPCG(seed, 0))
		var events []event
		for i := range 2 + random.IntN(6) {
			e := event{revision: uint64(10 + i)}
			if i > 0 && events[i-1].value != nil && random.IntN(3) == 0 {
				e.replaces = events[i-1].revision
			} else {
				v := i
				e.value = &v
			}
			events = append(events, e)
		}
		tab := newTable[string, int](cmp.Compare[string])
		watch := func(e event) {
			tab.watched = e.revision
			if e.value != nil {
				tab.put("k", e.revision, e.value)
			} else {
				tab.marker("k", e.revision)
			}
		}
		watched := 0
		for i, e := range events { // the writer, and between its writes the watcher, up to what is written
			if e.value != nil {
				tab.put("k", e.revision, e.value)
			} else {
				if random.IntN(2) == 0 { // the watcher may be faster than the writer's return
					for ; watched <= i; watched++ {
						watch(events[watched])
					}
				}
				tab.removed("k", e.replaces)
			}
			for n := random.IntN(3); n > 0 && watched <= i; n-- {
				watch(events[watched])
				watched++
			}
			got, _ := tab.get("k")
			require.Equal(t, e.value, got, "seed %d, after event %d", seed, i)
		}
		for ; watched < len(events); watched++ {
			watch(events[watched])
		}
		last := events[len(events)-1]
		got, _ := tab.get("k")
		require.Equal(t, last.value, got, "seed %d", seed)
		if last.value == nil {
			require.Empty(t, tab.rows, "seed %d: a tombstone is left", seed)
		}
	}
}
