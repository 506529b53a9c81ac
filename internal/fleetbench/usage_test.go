package fleetbench

import (
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestAProcessIsReadWhateverItIsCalled(t *testing.T) {
	const rest = " S 1 77 77 0 -1 4194560 1 2 3 4 150 25 7 8 20 0 1 0 99 1000000 512 18446744073709551615 1 1"
	for _, name := range []string{"sh", "a b", "x) R 1 2 3", ""} {
		s, err := parseStat("4711 (" + name + ")" + rest)
		require.NoError(t, err, name)
		assert.Equal(t, stat{group: 77, cpu: 1750 * time.Millisecond, resident: 512 * int64(os.Getpagesize())}, s, name)
	}
	for _, line := range []string{"", "1 sh", "1 (sh) S 1", "1 (sh)" + strings.Replace(rest, " 150 ", " x ", 1)} {
		_, err := parseStat(line)
		assert.Error(t, err, line)
	}
}

func TestWhatAProcessAndItsChildrenUseIsMeasured(t *testing.T) {
	// A child's processor time, while something is held in memory for longer than it takes to be seen.
	const busy = `d=$(head -c 20000000 /dev/zero | tr "\0" x); head -c 200000000 /dev/zero | sha256sum >/dev/null; sleep 0.5; exit 3`
	cmd := exec.Command("/bin/sh", "-c", busy)
	u, output, err := Run(cmd)
	require.NoError(t, err)
	assert.Empty(t, output)
	assert.Equal(t, 3, status(cmd))
	assert.Greater(t, u.CPU, 20*time.Millisecond)
	assert.Greater(t, u.Memory, int64(20_000_000))
	assert.GreaterOrEqual(t, u.Wall*8, u.CPU) // no more than a few processors at once

	_, _, err = Run(exec.Command("/nonexistent"))
	require.Error(t, err)
	mine, err := ProcessUsage(os.Getpid())
	require.NoError(t, err)
	assert.Positive(t, mine.Memory)
}
