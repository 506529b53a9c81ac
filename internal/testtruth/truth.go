package testtruth

import (
	"fmt"
	"slices"
	"strings"
	"time"
)

// Truth is what must be known of a pair: a model of its own, that is told how the machine is and what happens to the
// configuration, never what the exporter says.
type Truth struct {
	Verdict string // compliant, drifted, or none
	Attempt string // compliant, drifted, unknown
	Run     string // of the last attempt
	Count   int    // of mismatches, of the verdict
	Reason  string // of an attempt without a verdict; "any": some other than connect
	Changes []Change
	// Episodes are the pair's alerts, oldest first.
	Episodes []Episode

	gone     bool   // out of the fleet
	returned bool   // was out of the fleet, so that part of its history may have been forgotten
	items    string // that differ, by the verdict
	excused  string // that differ and are waived, by the verdict
	webThen  int    // the version of the pack web that the verdict is by
	alertNow bool
}

// Change is an entry of a pair's history.
type Change struct {
	Verdict string
	Count   int
	Run     string
}

// Episode is an alert from its start to its end.
type Episode struct {
	Cause    string
	StartsAt time.Time // learned from the exporter the first time it is seen; it must stand from then on
	// Told is the start that Alertmanager knows: an earlier one, if what was stored of it was lost with the power.
	Told time.Time
	// Lost is set if the check that found the drift was found in vain before: what was stored of that went with the power, and
	// what was told of it did not.
	Lost   bool
	Reason string // of its end; empty while it fires
	// Relapses is how often it may fire and end once more after its end was lost with the power.
	Relapses int
	// Repeats is how often more than once Alertmanager may tell of its start, since it has lost what it told.
	Repeats int
	// Unheard is set if Alertmanager may never tell of its end: it was down or empty when it came to it.
	Unheard bool
}

// Fires tells whether the pair's alert fires.
func (p *Truth) Fires() bool { return p.alertNow }

// episode is the last one.
func (p *Truth) episode() *Episode { return &p.Episodes[len(p.Episodes)-1] }

// seen is what a check of a machine sees of a pack.
type seen struct {
	items   []string // that differ and are not waived
	excused []string // that differ and are waived
	reason  string   // not empty: there is no verdict
}

func (m *Machine) sees(pack string, web int) seen {
	switch {
	case m.Reach == Refuses:
		return seen{reason: "connect"}
	case m.Reach != Up:
		return seen{reason: "any"}
	}
	var s seen
	switch pack {
	case "base":
		for n := 1; n <= m.Files.Base; n++ {
			if n == 1 && m.Waived {
				s.excused = append(s.excused, basePath(n))
			} else {
				s.items = append(s.items, basePath(n))
			}
		}
	case "app":
		if m.Files.Blind {
			return seen{reason: "unreadable"}
		}
		for n := 1; n <= m.Files.App; n++ {
			s.items = append(s.items, appPath(n))
		}
	case "web":
		if m.Files.Web%2 != web%2 {
			s.items = []string{fmt.Sprintf("%s %d", webPath, web%2)}
		}
	}
	return s
}

// judge is what a check must make of the pair.
func (p *Truth) judge(s seen, run string, web int) {
	if p.gone {
		*p = Truth{Episodes: p.Episodes, Changes: p.Changes, returned: true}
	}
	p.Run, p.Reason = run, s.reason
	if s.reason != "" {
		p.Attempt = "unknown"
		return
	}
	status, items := "compliant", strings.Join(s.items, " ")
	if len(s.items) > 0 {
		status = "drifted"
	}
	if status != p.Verdict || items != p.items {
		p.Changes = append(p.Changes, Change{status, len(s.items), run})
	}
	switch {
	case p.Verdict == "compliant" && status == "drifted":
		p.alertNow = true
		p.Episodes = append(p.Episodes, Episode{Cause: p.cause(s, web)})
	case p.alertNow && status == "compliant":
		p.alertNow = false
		p.episode().Reason = "compliant"
		for _, item := range s.excused {
			if slices.Contains(strings.Fields(p.items), item) {
				p.episode().Reason = "waived"
			}
		}
	}
	p.Attempt, p.Verdict, p.Count, p.items = status, status, len(s.items), items
	p.excused, p.webThen = strings.Join(s.excused, " "), web
}

func (p *Truth) cause(s seen, web int) string {
	switch {
	case strings.HasPrefix(s.items[0], webPath) && web%2 != p.webThen%2:
		return "pack_changed"
	case strings.Join(s.items, " ") == p.excused:
		return "waiver_expired"
	}
	return "machine_changed"
}

// leave is what must become of a pair that leaves the fleet.
func (p *Truth) leave(why string) {
	if p.gone {
		return
	}
	p.gone = true
	if p.alertNow {
		p.alertNow = false
		p.episode().Reason = why
	}
}
