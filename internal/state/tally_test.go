package state

import (
	"fmt"
	"math/rand/v2"
	"testing"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

func TestTallyFollowsMachines(t *testing.T) {
	s := open(t, t.TempDir())
	const first, second = "2026-01-29T06:00:00Z", "2026-01-30T06:00:00Z"
	put := func(m Machine) { t.Helper(); require.NoError(t, putMachine(t.Context(), s, m)) }
	is := func(run string, want Tally) { t.Helper(); assert.Equal(t, want, s.View().Tally(run, nil)) }
	retry := func(name, run string, trying bool) {
		t.Helper()
		_, err := s.UpdateMachine(t.Context(), name, func(m *Machine) bool {
			m.Retrying = &Retrying{Run: run, Attempts: 1, Trying: trying}
			return true
		})
		require.NoError(t, err)
	}
	put(Machine{Name: "a", Run: first})
	put(Machine{Name: "b", Run: first, Failure: &Failure{Reason: ReasonConnect}})
	retry("c", first, false)
	is(first, Tally{1, 1, 1})
	retry("c", first, true)
	is(first, Tally{1, 1, 0})
	retry("a", second, false)
	is(first, Tally{1, 1, 0})
	is(second, Tally{0, 0, 1})
	put(Machine{Name: "a", Run: second})
	is(first, Tally{0, 1, 0})
	is(second, Tally{1, 0, 0})
	assert.Equal(t, Tally{1, 1, 0}, s.View().Tally(first, func(run string) bool { return run == second }))
	require.NoError(t, s.DeleteMachine(t.Context(), "b"))
	is(first, Tally{})
	is("2026-01-31T06:00:00Z", Tally{})
}

// However entries come and go, in this process and by the watcher, the tallies are those of what is there.
func TestTallyEqualsACount(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	run := func() string { return fmt.Sprintf("2026-01-%02dT06:00:00Z", 20+rand.IntN(3)) }
	for range 400 {
		name := fmt.Sprintf("m%d", rand.IntN(10))
		if rand.IntN(8) == 0 {
			require.NoError(t, s.DeleteMachine(t.Context(), name))
			continue
		}
		_, err := s.UpdateMachine(t.Context(), name, func(m *Machine) bool {
			switch rand.IntN(3) {
			case 0:
				*m = Machine{Name: name, Run: run()}
			case 1:
				*m = Machine{Name: name, Run: run(), Failure: &Failure{}}
			default:
				m.Retrying = &Retrying{Run: run(), Trying: rand.IntN(2) == 0}
			}
			return true
		})
		require.NoError(t, err)
	}
	want := counted(s.View())
	assert.Equal(t, want, s.View().tallies)
	require.NoError(t, s.Close())
	assert.Equal(t, want, open(t, dir).View().tallies, "and after a replay")
}

func counted(v *View) map[string]Tally {
	count := map[string]Tally{}
	add := func(run string, o Tally) { count[run] = count[run].plus(o, 1) }
	for _, m := range v.Machines() {
		switch {
		case !m.HasOutcome():
		case m.Failure == nil:
			add(m.Run, Tally{Checked: 1})
		default:
			add(m.Run, Tally{Failed: 1})
		}
		if m.Retrying != nil && !m.Retrying.Trying {
			add(m.Retrying.Run, Tally{Retrying: 1})
		}
	}
	return count
}

func TestUpdateMachineThatChangesNothingMakesNone(t *testing.T) {
	s := open(t, t.TempDir())
	m, err := s.UpdateMachine(t.Context(), "m", func(*Machine) bool { return false })
	require.NoError(t, err)
	assert.Equal(t, Machine{Name: "m"}, m)
	assert.Empty(t, s.View().Machines())
}
