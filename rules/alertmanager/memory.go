package alertmanager

import (
	"maps"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// resolveWindow is for how long after its first acceptance a resolved alert is sent again, so that an Alertmanager that
// restarts in between hears of it too. (Alertmanager itself forgets a resolved alert sooner than that.)
const resolveWindow = 15 * time.Minute

// memory is what a loop knows of each alert's way to its Alertmanager, kept in step with the view.
type memory struct {
	pairs map[state.Key]*pair
	scan  uint64 // counts the calls of sync
}

type pair struct {
	record  *state.Record // that entries were made from
	entries []*entry      // one for each label set
	scan    uint64        // the last one that found it
}

// entry is one alert, that is one label set, in its newest state.
type entry struct {
	key       state.Key
	alert     state.Alert // shares its maps with the view
	checkedAt time.Time   // the last attempt at the pair
	endsAt    time.Time   // what is sent of a resolved one, once it was

	due        time.Time // when it is to be sent
	tried      time.Time // when it was last sent, in vain or not
	acceptedAt time.Time // when this state of it was first accepted; zero: not yet
	failures   int       // in a row, refusals apart
	refusals   int       // in a row
	alone      bool      // may have been refused, so it is kept from spoiling a batch
	done       bool      // resolved, and there is nothing more to tell
}

func newMemory() *memory { return &memory{pairs: make(map[state.Key]*pair)} }

// sync takes over what the view shows. It tells whether that holds something that has not been sent yet, and how many
// resolved alerts have vanished from the view before they were accepted.
func (m *memory) sync(records []*state.Record, now time.Time) (news bool, dropped int) {
	m.scan++
	for _, record := range records {
		p := m.pairs[record.Key]
		if p == nil {
			p = &pair{}
			m.pairs[record.Key] = p
		}
		p.scan = m.scan
		if p.record == record {
			continue
		}
		n, d := p.update(record, now)
		news, dropped = news || n, dropped+d
	}
	for key, p := range m.pairs {
		if p.scan != m.scan {
			_, d := p.update(&state.Record{Key: key}, now)
			dropped += d
			delete(m.pairs, key)
		}
	}
	return news, dropped
}

func (p *pair) update(record *state.Record, now time.Time) (news bool, dropped int) {
	before := p.entries
	p.record, p.entries = record, nil
	for _, a := range alertsOf(record) {
		if find(p.entries, a.Labels) != nil {
			continue // an older state of a label set
		}
		e := find(before, a.Labels)
		switch {
		case e == nil || !sameState(e.alert, a):
			e = &entry{key: record.Key, alert: a, due: now}
			e.done = !a.Firing() && !now.Before(a.ValidUntil) // it is too late, and was when we came
			news = news || !e.done
		case !sameContent(e.alert, a):
			e.alert, e.due, e.failures, e.refusals = a, now, 0, 0
			if a.Firing() {
				e.acceptedAt, news = time.Time{}, true
			}
		default:
			e.alert = a
		}
		e.checkedAt = record.Attempt.At
		p.entries = append(p.entries, e)
	}
	for _, e := range before {
		if e.pending() && find(p.entries, e.alert.Labels) == nil {
			dropped++
		}
	}
	return news, dropped
}

// alertsOf are a record's alerts, the newest first.
func alertsOf(r *state.Record) []state.Alert {
	var alerts []state.Alert
	if r.Alert != nil {
		alerts = append(alerts, *r.Alert)
	}
	return append(alerts, r.Resolving...)
}

func find(entries []*entry, labels map[string]string) *entry {
	for _, e := range entries {
		if maps.Equal(e.alert.Labels, labels) {
			return e
		}
	}
	return nil
}

// sameState tells whether both are one life of an alert, in the same state.
func sameState(a, b state.Alert) bool {
	return a.StartsAt.Equal(b.StartsAt) && a.ResolvedAt.Equal(b.ResolvedAt)
}

func sameContent(a, b state.Alert) bool {
	return maps.Equal(a.Annotations, b.Annotations) && a.GeneratorURL == b.GeneratorURL
}

// pending tells whether it is a resolve that has not been accepted, and still could be.
func (e *entry) pending() bool { return !e.alert.Firing() && !e.done && e.acceptedAt.IsZero() }

// ends is when there is nothing more to tell of a resolved alert.
func (e *entry) ends() time.Time {
	if window := e.acceptedAt.Add(resolveWindow); !e.acceptedAt.IsZero() && window.Before(e.alert.ValidUntil) {
		return window
	}
	return e.alert.ValidUntil
}

// outlook is what a loop needs to know at one moment.
type outlook struct {
	ready   []*entry  // to be sent, in no order
	next    time.Time // the next moment at which something is to be done; zero: none
	dropped int       // resolves whose time has just ended without acceptance
	failing int       // alerts that could not be sent the last time
	refused int       // alerts that were refused the last time
}

// look ends what is over and finds what is to be sent. If anything is due again, so is what would be within slack: alerts
// that started at different times then share their later requests. News brings nothing forward: the moment in which some
// alerts change is that in which others may be about to, and what another replica resolves must not be repeated just then. What
// is put off because it failed stays put off.
func (m *memory) look(now time.Time, slack time.Duration) outlook {
	var o outlook
	var early []*entry
	again := false
	for _, p := range m.pairs {
		for _, e := range p.entries {
			if e.done {
				continue
			}
			if !e.alert.Firing() {
				if e.expire(now, &o) {
					continue
				}
				o.soonest(e.ends())
			}
			if e.failures > 0 {
				o.failing++
			}
			if e.refusals > 0 {
				o.refused++
			}
			switch {
			case !e.due.After(now):
				o.ready = append(o.ready, e)
				again = again || !e.acceptedAt.IsZero()
			case e.failures+e.refusals == 0 && !e.due.After(now.Add(slack)):
				early = append(early, e)
			}
			o.soonest(e.due)
		}
	}
	if again {
		o.ready = append(o.ready, early...)
	}
	return o
}

// expire ends a resolved alert whose time is over.
func (e *entry) expire(now time.Time, o *outlook) bool {
	if now.Before(e.ends()) {
		return false
	}
	if e.pending() {
		o.dropped++
	}
	e.done = true
	return true
}

func (o *outlook) soonest(t time.Time) {
	if o.next.IsZero() || t.Before(o.next) {
		o.next = t
	}
}
