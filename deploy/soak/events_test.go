package soak_test

import (
	"slices"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/testtruth"
)

// chance is true that often, in a hundred.
func (s *soak) chance(percent float64) bool { return s.random.Float64()*100 < percent }

// live lets machines drift, heal, go and come back.
func (s *soak) live() {
	for _, m := range s.Machines {
		switch {
		case s.chance(2):
			m.Files.Base = s.random.IntN(4)
		case s.chance(1):
			m.Files.App = s.random.IntN(4)
		case s.chance(6):
			m.Files.Base, m.Files.App, m.Files.Blind = 0, 0, false
		case s.chance(0.5):
			m.Files.Blind = true
		case m.Reach == testtruth.Up && s.chance(1):
			m.Reach = testtruth.Down(s.random.IntN(3))
		case m.Reach != testtruth.Up && s.chance(30):
			m.Reach = testtruth.Up
		}
		if m.Files.Web%2 != s.Model.Web%2 && s.chance(20) {
			m.Files.Web = s.Model.Web
		}
	}
}

// disturb has a run, and may have something happen before or in it. What restarts the exporter happens in the first quarter. Of a
// short soak each run has its event.
func (s *soak) disturb(i, runs int) {
	short := runs < 20
	switch at := s.random.Float64() * 100; {
	case short && i == 0, !short && at < 10:
		s.reload()
	case short && i == 1, !short && at < 11:
		s.forgetfulAlertmanager()
		return
	case short && i == 2, !short && at < 12:
		s.happened("Alertmanager restarted between runs, with its data")
		s.LoseAlertmanager(true)()
	case short && i == 3, !short && at < 13:
		s.alertmanagerIsAway()
		return
	case short && i == 4, i < runs/4 && at < 15:
		s.happened("exporter restarted between runs")
		s.Terminate()
		s.Launch()
	case short && i == 5, i < runs/4 && at < 17:
		s.happened("exporter killed in a run")
		id := s.Begin()
		time.Sleep(time.Duration(s.random.IntN(1000)) * time.Millisecond) // any moment
		s.Kill()
		s.Launch()
		s.WaitForRun(id)
		return
	}
	s.Check()
}

func (s *soak) happened(what string) { s.did[what]++ }

// forgetfulAlertmanager loses all that it knows between runs, and is told of what fires again.
func (s *soak) forgetfulAlertmanager() {
	s.happened("Alertmanager restarted between runs, empty")
	s.LoseAlertmanager(false)()
	s.CompareAlerts()
	s.Check()
}

// alertmanagerIsAway is during a run; it comes back with its data or without.
func (s *soak) alertmanagerIsAway() {
	kept := s.chance(50)
	what := "Alertmanager down in a run, empty when it was back"
	if kept {
		what = "Alertmanager down in a run, with its data when it was back"
	}
	s.happened(what)
	back := s.LoseAlertmanager(kept)
	s.Check()
	back()
}

// reload changes a few things of the configuration at once.
func (s *soak) reload() {
	for _, m := range s.Machines { // or most would be out in the end
		if (m.Removed || m.Disabled) && s.chance(10) {
			m.Removed, m.Disabled = false, false
		}
	}
	for range 1 + s.random.IntN(4) {
		m := s.Machines[s.random.IntN(len(s.Machines))]
		switch s.random.IntN(6) {
		case 0:
			s.happened("machine added or removed")
			m.Removed = !m.Removed
		case 1:
			s.happened("machine disabled or enabled")
			m.Disabled = !m.Disabled
		case 2:
			s.happened("waiver given or taken")
			m.Waived = !m.Waived
		case 3:
			s.happened("machine renamed")
			m.DisplayName = m.Name + " as of run " + time.Now().Format("15:04:05")
		case 4:
			s.happened("pack given or taken")
			if i := slices.Index(m.Packs, "app"); i < 0 {
				m.Packs = append(slices.Clone(m.Packs), "app")
			} else {
				m.Packs = slices.Delete(slices.Clone(m.Packs), i, i+1)
			}
		case 5:
			if s.chance(30) {
				s.happened("pack changed")
				s.Model.Web++
			}
		}
	}
	bySignal := s.chance(50)
	if bySignal {
		s.happened("reload by SIGHUP")
	} else {
		s.happened("reload by request")
	}
	s.Reload(bySignal)
}
