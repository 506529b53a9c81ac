package state

import (
	"context"
	"errors"
	"strings"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// putMachine makes m what is stored of the machine.
func putMachine(ctx context.Context, s *Store, m Machine) error {
	_, err := s.UpdateMachine(ctx, m.Name, func(stored *Machine) bool {
		*stored = m
		return true
	})
	return err
}

func TestUpdateMachineGetsWhatIsStored(t *testing.T) {
	s := open(t, t.TempDir())
	update := func(want string, next func(*Machine) bool) {
		t.Helper()
		m, err := s.UpdateMachine(t.Context(), "web1.example.com", next)
		require.NoError(t, err)
		assert.Equal(t, Machine{Name: "web1.example.com", Facts: Facts{Kernel: want}}, m)
		shown, ok := s.View().Machine("web1.example.com")
		assert.Equal(t, want != "", ok)
		if ok {
			assert.Equal(t, &m, shown)
		}
	}
	update("", func(m *Machine) bool {
		assert.Equal(t, &Machine{Name: "web1.example.com"}, m, "there is nothing yet")
		m.Facts.Kernel = "not wanted"
		return false
	})
	update("first", func(m *Machine) bool { m.Facts.Kernel = "first"; return true })
	update("first", func(m *Machine) bool { m.Facts.Kernel = "not wanted"; return false })
	update("first, again", func(m *Machine) bool { m.Facts.Kernel += ", again"; return true })
}

func TestUpdateMachineBoundsWhatTheMachineSays(t *testing.T) {
	s := open(t, t.TempDir())
	f := &Failure{Reason: ReasonConnect, Message: strings.Repeat("m", 10_000), Err: errors.New("cause")}
	m := Machine{Name: "m", Run: testRun, Failure: f, Facts: Facts{Hostname: strings.Repeat("h", 1<<20)}}
	require.NoError(t, putMachine(t.Context(), s, m))
	assert.Len(t, f.Message, 10_000, "the caller's is not changed")
	shown, ok := s.View().Machine("m")
	require.True(t, ok)
	assert.LessOrEqual(t, len(shown.Failure.Message), maxMessage)
	assert.LessOrEqual(t, len(shown.Facts.Hostname), maxFact)
	require.ErrorContains(t, putMachine(t.Context(), s, Machine{Name: "*"}), "does not match")
}

func TestDeleteMachine(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	require.NoError(t, putMachine(t.Context(), s, Machine{Name: "m", Run: testRun}))
	require.NoError(t, s.DeleteMachine(t.Context(), "m"))
	_, ok := s.View().Machine("m")
	assert.False(t, ok, "the view shows it at once")
	require.NoError(t, s.DeleteMachine(t.Context(), "m"))
	require.Error(t, s.DeleteMachine(t.Context(), "m m"))
	require.NoError(t, putMachine(t.Context(), s, Machine{Name: "m", Run: "2020-01-01T00:00:00Z"}), "an older run")
	require.NoError(t, s.Close())
	s = open(t, dir)
	assert.Len(t, s.View().Machines(), 1)
}

func TestCorruptMachineIsWrittenOver(t *testing.T) {
	s := open(t, t.TempDir())
	_, err := s.buckets.machines.kv.PutString(t.Context(), "m", "{")
	require.NoError(t, err)
	require.NoError(t, putMachine(t.Context(), s, Machine{Name: "m", Run: testRun}))
	m, ok := s.View().Machine("m")
	require.True(t, ok)
	assert.Equal(t, testRun, m.Run)
}
