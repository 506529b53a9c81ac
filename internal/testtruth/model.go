package testtruth

import "slices"

// Model is what must be true of the whole fleet.
type Model struct {
	Pairs map[string]*Truth // by machine/pack
	Runs  []Counts          // that have taken place, oldest first
	Web   int               // the version of the pack web that is in use
}

// Counts are what must be known of a run.
type Counts struct {
	ID                     string
	Total, Checked, Failed int
}

// pair is the truth of a pair, which begins when it is asked for first.
func (m *Model) pair(machine, pack string) *Truth {
	key := machine + "/" + pack
	if m.Pairs[key] == nil {
		m.Pairs[key] = &Truth{}
	}
	return m.Pairs[key]
}

// ran is what a run of these machines must have made true.
func (m *Model) ran(id string, machines []*Machine) {
	c := Counts{ID: id}
	for _, machine := range machines {
		if machine.Disabled || machine.Removed {
			continue
		}
		c.Total++
		failed := false
		for _, pack := range machine.Packs {
			s := machine.sees(pack, m.Web)
			failed = failed || s.reason != ""
			m.pair(machine.Name, pack).judge(s, id, m.Web)
		}
		if failed {
			c.Failed++
		} else {
			c.Checked++
		}
	}
	if c.Total > 0 {
		m.Runs = append(m.Runs, c)
	}
}

// configured is what a changed configuration must have made true. It returns the machines with a pair that must be checked
// at once, as it is new.
func (m *Model) configured(machines []*Machine) (fresh []*Machine) {
	for _, machine := range machines {
		for _, pack := range AllPacks {
			switch {
			case machine.Removed:
				m.pair(machine.Name, pack).leave("removed")
			case !slices.Contains(machine.Packs, pack):
				m.pair(machine.Name, pack).leave("removed")
			case machine.Disabled:
				m.pair(machine.Name, pack).leave("disabled")
			}
		}
		if machine.Disabled || machine.Removed {
			continue
		}
		for _, pack := range machine.Packs {
			if p := m.pair(machine.Name, pack); p.gone || p.Run == "" {
				fresh = append(fresh, machine)
				break
			}
		}
	}
	return fresh
}

// kept are the runs that must still be known: the last ones, and the first, which is the only one of the schedule.
func (m *Model) kept() []Counts {
	if over := len(m.Runs) - runsKept; over > 0 {
		return append([]Counts{m.Runs[0]}, m.Runs[over+1:]...)
	}
	return m.Runs
}

// Episodes is how many alerts there were, and how many of them have ended.
func (m *Model) Episodes() (began, ended int) {
	for _, p := range m.Pairs {
		for _, e := range p.Episodes {
			began++
			if e.Reason != "" {
				ended++
			}
		}
	}
	return began, ended
}

// Changes is how many entries all histories hold.
func (m *Model) Changes() (held int) {
	for _, p := range m.Pairs {
		held += min(len(p.Changes), historyKept)
	}
	return held
}

// AllPacks are the packs that there are.
var AllPacks = []string{"base", "app", "web"}

const (
	historyKept = 64  // entries of a pair
	runsKept    = 100 // of the list
)
