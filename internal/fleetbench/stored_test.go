package fleetbench

import (
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/require"
)

// storedPacks is how many packs each machine has there.
const storedPacks = 3

// storedVerdicts holds a process with many verdicts against one of the same binary with one machine, in turns: how long it
// takes until it is ready, and its memory, once it is and after a run.
func storedVerdicts(t *testing.T, s settings, p programs) *Stored {
	c := startCanned(t, p, storedPacks)
	defer c.end()
	fleets := []Fleet{c.fleet(t, 1, storedPacks), c.fleet(t, s.stored, storedPacks)}
	var storage []string
	out := &Stored{Pairs: s.stored * storedPacks}
	memories := []*[]int64{&out.IdleAfterRun, &out.AfterRun, &out.IdleReady, &out.Ready}
	for i, f := range fleets {
		storage = append(storage, filepath.Join(t.TempDir(), "data"))
		d := serve(t, p, f, storage[i])
		d.next(t, f)
		d.stands(t, f, f.Machines)
		*memories[i] = append(*memories[i], d.used(t).Memory)
		d.stop(t)
	}
	starts := []*[]time.Duration{&out.IdleStart, &out.Start}
	for range s.roundsOf(s.stored, cannedOnce) {
		for i, f := range fleets {
			d := serve(t, p, f, storage[i])
			*starts[i] = append(*starts[i], d.ready)
			*memories[2+i] = append(*memories[2+i], d.used(t).Memory)
			d.stands(t, f, f.Machines) // all of it is there again
			d.stop(t)
		}
	}
	require.NotEmpty(t, out.Start)
	return out
}
