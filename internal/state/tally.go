package state

// Tally is how far a run has come, counted in machines.
type Tally struct {
	Checked  int // those with a verdict for every pack
	Failed   int // those that were tried in vain
	Retrying int // those that failed and wait to be tried again
}

// Done is how many machines have an outcome.
func (t Tally) Done() int { return t.Checked + t.Failed }

func (t Tally) plus(o Tally, times int) Tally {
	return Tally{t.Checked + times*o.Checked, t.Failed + times*o.Failed, t.Retrying + times*o.Retrying}
}

// Tally counts a run's machines by what is stored of them. The outcome of another run counts as well if covers, which
// may be nil, says that it does. What it costs follows the number of runs that are some machine's last.
func (v *View) Tally(run string, covers func(other string) bool) Tally {
	v.mu.Lock()
	defer v.mu.Unlock()
	t := v.tallies[run]
	if covers == nil {
		return t
	}
	for other, o := range v.tallies {
		if other != run && o.Done() > 0 && covers(other) {
			t.Checked += o.Checked
			t.Failed += o.Failed
		}
	}
	return t
}

// indexTally keeps the tallies in step with machines. The caller holds mu.
func (v *View) indexTally(_ string, old, m *Machine) {
	v.count(old, -1)
	v.count(m, 1)
}

func (v *View) count(m *Machine, times int) {
	if m == nil {
		return
	}
	switch {
	case !m.HasOutcome():
	case m.Failure == nil:
		v.tally(m.Run, Tally{Checked: 1}, times)
	default:
		v.tally(m.Run, Tally{Failed: 1}, times)
	}
	if r := m.Retrying; r != nil && !r.Trying {
		v.tally(r.Run, Tally{Retrying: 1}, times)
	}
}

func (v *View) tally(run string, o Tally, times int) {
	t := v.tallies[run].plus(o, times)
	if t == (Tally{}) {
		delete(v.tallies, run)
	} else {
		v.tallies[run] = t
	}
}
