package fleetbench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// fleetOf is a table in which what a contestant's machine costs is given in milliseconds.
func fleetOf(machines int, costs map[string]int) []Result {
	var results []Result
	for _, name := range []string{"the floor", "`check`", "clush"} {
		cost := time.Duration(costs[name]*machines) * time.Millisecond
		results = append(results, result(name, machines, Usage{Wall: cost, CPU: cost}))
	}
	return results
}

func TestTargetsAreForOurProgramsOnly(t *testing.T) {
	fleet := fleetOf(1000, map[string]int{"the floor": 100, "`check`": 105, "clush": 300})
	targets := RealTargets(fleet)
	require.Len(t, targets, 1)
	assert.InDelta(t, 1.05, targets[0].Got, 1e-9)
	assert.True(t, targets[0].Met())
	assert.Len(t, CannedTargets(fleet), 2)
	missed := RealTargets(fleetOf(1000, map[string]int{"the floor": 100, "`check`": 106, "clush": 300}))
	assert.False(t, missed[0].Met())
	assert.Contains(t, Targets(append(targets, missed...)), "| 1.05 × | 1.05 × | met |\n")
	assert.Contains(t, Targets(missed), "| 1.05 × | 1.06 × | **missed** |\n")
}

func TestAMachineMustNotCostMoreAmongMany(t *testing.T) {
	small := fleetOf(1000, map[string]int{"the floor": 100, "`check`": 100, "clush": 100})
	same := fleetOf(10_000, map[string]int{"the floor": 100, "`check`": 110, "clush": 900})
	dearer := fleetOf(50_000, map[string]int{"the floor": 100, "`check`": 120, "clush": 900})
	targets := FlatTargets([][]Result{small, same, dearer})
	require.Len(t, targets, 2)
	assert.True(t, targets[0].Met())
	assert.False(t, targets[1].Met())
	assert.Empty(t, FlatTargets([][]Result{small}))
}

func TestMemoryIsCountedAboveAnIdleProcess(t *testing.T) {
	s := &Stored{
		Pairs: 100, IdleStart: []time.Duration{time.Second}, Start: []time.Duration{3 * time.Second, 2 * time.Second, 9 * time.Second},
		IdleReady: []int64{1000 << 10}, Ready: []int64{1500 << 10}, IdleAfterRun: []int64{1000 << 10}, AfterRun: []int64{1700 << 10},
	}
	targets := StoredTargets(s)
	require.Len(t, targets, 3)
	assert.Equal(t, []float64{7, 5, 3}, []float64{targets[0].Got, targets[1].Got, targets[2].Got})
	assert.Equal(t, []bool{false, true, true}, []bool{targets[0].Met(), targets[1].Met(), targets[2].Met()})
	assert.Contains(t, s.Table(), "| resident right after a start | 1000 KiB | 1.46 MiB | 5.00 KiB a pair |\n")
}

func TestFiguresReplaceThoseThatAreInTheDocument(t *testing.T) {
	text, err := Document("before\n"+Begin+"old\n"+End+"after\n", "\nnew\n\n")
	require.NoError(t, err)
	assert.Equal(t, "before\n"+Begin+"\nnew\n\n"+End+"after\n", text)
	again, err := Document(text, "new")
	require.NoError(t, err)
	assert.Equal(t, text, again)
	for _, text := range []string{"", Begin, End, "text"} {
		_, err := Document(text, "new")
		assert.Error(t, err, text)
	}
}

func TestTheProcessorAndOpenSSHAreNamed(t *testing.T) {
	assert.Equal(t, "AMD EPYC 7B13", cpuModel("processor\t: 0\nmodel name\t: AMD EPYC  7B13\nmodel name\t: other\n"))
	assert.Equal(t, "unknown processor", cpuModel("processor\t: 0\n"))
	assert.Equal(t, "OpenSSH_9.2p1", opensshVersion("OpenSSH_9.2p1 Debian-2+deb12u10, OpenSSL 3.0.20"))
	assert.Equal(t, "no OpenSSH", opensshVersion(""))
	assert.Contains(t, Hardware(time.Unix(0, 0)), "1970-01-01.")
}
