package fleetbench

import (
	"testing"
)

// TestFleets has all contestants take turns on each fleet. `make test` runs it with a few machines, `make bench` in full.
func TestFleets(t *testing.T) {
	s, p := readSettings(t), build(t)
	r := &report{}
	if len(s.sshd) > 0 {
		t.Run("sshd", func(t *testing.T) { realFleets(t, s, p, r) })
	}
	if len(s.canned) > 0 {
		t.Run("canned", func(t *testing.T) { cannedFleets(t, s, p, r) })
	}
	if s.stored > 0 && !t.Failed() {
		t.Run("stored", func(t *testing.T) { r.stored = storedVerdicts(t, s, p) })
	}
	if !t.Failed() {
		r.finish(t, s)
	}
}

// realFleets are on a real sshd. All contestants are there, Ansible with few machines and once.
func realFleets(t *testing.T, s settings, p programs, report *report) {
	r := startReal(t)
	few, one := r.fleet(t, 3), r.fleet(t, 1)
	var wanted []contestant
	for _, c := range []contestant{floor, check, xargs, clush, ansible} {
		if s.takesPart(c.name) {
			c.installed(t)
			wanted = append(wanted, c)
		}
	}
	r.drifted(t, func() {
		for _, c := range wanted {
			if c.name == ansible.name {
				c.detects(t, p, one)
				continue
			}
			c.detects(t, p, few)
		}
		if s.takesPart("serve") {
			serveDetects(t, p, few)
		}
	})
	for i, n := range s.sshd {
		f := r.fleet(t, n)
		entrants := ours(t, s, p, f)
		for _, c := range wanted {
			switch {
			case c.name == floor.name || c.name == check.name:
			case c.name != ansible.name:
				entrants = append(entrants, entrantOf(c, p, f))
			case i == 0:
				e := entrantOf(c, p, r.fleet(t, min(n, s.ansible)))
				e.once = true
				entrants = append(entrants, e)
			}
		}
		report.sshd = append(report.sshd, takeTurns(t, s.roundsOf(n, sshdOnce), entrants))
	}
}

// cannedFleets are played: what a machine costs there is only what its client costs.
func cannedFleets(t *testing.T, s settings, p programs, r *report) {
	c := startCanned(t, p, 1)
	for _, n := range s.canned {
		r.canned = append(r.canned, takeTurns(t, s.roundsOf(n, cannedOnce), ours(t, s, p, c.fleet(t, n, 1))))
	}
	r.negotiated = c.end()
}

// ours are the floor and our programs.
func ours(t *testing.T, s settings, p programs, f Fleet) []entrant {
	t.Helper()
	var entrants []entrant
	for _, c := range []contestant{floor, check} {
		if s.takesPart(c.name) {
			entrants = append(entrants, entrantOf(c, p, f))
		}
	}
	if s.takesPart("serve") {
		var d *daemon // of the first round's first run, for all later ones
		entrants = append(entrants, entrant{
			shown: "`serve`, first run", machines: f.Machines, measure: func(t testing.TB) Usage {
				u, one := firstRun(t, p, f)
				if d == nil {
					d = one
				} else {
					one.process.Kill()
				}
				return u
			},
		}, entrant{
			shown: "`serve`, later runs", machines: f.Machines, measure: func(t testing.TB) Usage { return d.laterRun(t, f) },
			end: func() { d.process.Kill() },
		})
	}
	return entrants
}

func entrantOf(c contestant, p programs, f Fleet) entrant {
	return entrant{shown: c.shown, machines: f.Machines, measure: func(t testing.TB) Usage { return c.run(t, p, f) }}
}

// entrant is a contestant on one fleet, or a way in which it can be started.
type entrant struct {
	shown    string
	machines int
	once     bool // takes part in the first round only
	measure  func(t testing.TB) Usage
	end      func() // after the last round, if it is not nil
}

// takeTurns measures all of them in each round, beginning with another one each time, so that whatever else the computer
// does hits all alike. The first round begins with the first.
func takeTurns(t testing.TB, rounds int, entrants []entrant) []Result {
	t.Helper()
	results := make([]Result, len(entrants))
	for i, e := range entrants {
		results[i] = Result{Contestant: e.shown, Machines: e.machines}
	}
	for round := range rounds {
		for k := range entrants {
			i := (k + round) % len(entrants)
			if entrants[i].once && round > 0 {
				continue
			}
			u := entrants[i].measure(t)
			results[i].Rounds = append(results[i].Rounds, u)
			t.Logf("%d machines, round %d: %s: %s wall, %s processor time", entrants[i].machines, round+1, entrants[i].shown,
				seconds(u.Wall), seconds(u.CPU))
		}
	}
	for _, e := range entrants {
		if e.end != nil {
			e.end()
		}
	}
	return results
}
