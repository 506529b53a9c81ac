package state

import (
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestPutMachineKeepsTheLaterRun(t *testing.T) {
	s := open(t, t.TempDir())
	put := func(run, kernel string) {
		t.Helper()
		require.NoError(t, s.PutMachine(t.Context(), Machine{Name: "web1.example.com", Run: run, Facts: Facts{Kernel: kernel}}))
	}
	kernel := func() string {
		t.Helper()
		m, ok := s.View().Machine("web1.example.com")
		require.True(t, ok)
		return m.Facts.Kernel
	}
	put("2026-01-29T06:00:00Z", "first")
	assert.Equal(t, "first", kernel())
	put("2026-01-29T06:00:00Z", "again")
	assert.Equal(t, "again", kernel(), "the same run may try again")
	put("2026-01-29T06:00:00.5Z", "later")
	put("2026-01-29T06:00:00Z", "late")
	assert.Equal(t, "later", kernel())
	put("2026-01-30T06:00:00Z", "next")
	assert.Equal(t, "next", kernel())
}

func TestPutMachineBoundsWhatTheMachineSays(t *testing.T) {
	s := open(t, t.TempDir())
	f := &Failure{Reason: ReasonConnect, Message: strings.Repeat("m", 10_000), Err: errors.New("cause")}
	m := Machine{Name: "m", Run: testRun, Failure: f, Facts: Facts{Hostname: strings.Repeat("h", 1<<20)}}
	require.NoError(t, s.PutMachine(t.Context(), m))
	assert.Len(t, f.Message, 10_000, "the caller's is not changed")
	shown, ok := s.View().Machine("m")
	require.True(t, ok)
	assert.LessOrEqual(t, len(shown.Failure.Message), maxMessage)
	assert.LessOrEqual(t, len(shown.Facts.Hostname), maxFact)
	require.ErrorContains(t, s.PutMachine(t.Context(), Machine{Name: "*"}), "does not match")
}

func TestDeleteMachine(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	require.NoError(t, s.PutMachine(t.Context(), Machine{Name: "m", Run: testRun}))
	require.NoError(t, s.DeleteMachine(t.Context(), "m"))
	_, ok := s.View().Machine("m")
	assert.False(t, ok, "the view shows it at once")
	require.NoError(t, s.DeleteMachine(t.Context(), "m"))
	require.Error(t, s.DeleteMachine(t.Context(), "m m"))
	require.NoError(t, s.PutMachine(t.Context(), Machine{Name: "m", Run: "2020-01-01T00:00:00Z"}), "an older run")
	require.NoError(t, s.Close())
	s = open(t, dir)
	assert.Len(t, s.View().Machines(), 1)
}

func TestCorruptMachineIsWrittenOver(t *testing.T) {
	s := open(t, t.TempDir())
	_, err := s.buckets.machines.kv.PutString(t.Context(), "m", "{")
	require.NoError(t, err)
	require.NoError(t, s.PutMachine(t.Context(), Machine{Name: "m", Run: testRun}))
	m, ok := s.View().Machine("m")
	require.True(t, ok)
	assert.Equal(t, testRun, m.Run)
}
