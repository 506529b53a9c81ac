package state

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"time"
)

// confirmation is what is known of whether a mirror shows what its bucket holds.
type confirmation struct {
	created time.Time // the bucket; zero: not replayed yet
	at      time.Time // when its leader was asked for a revision that the mirror has reached
	due     []head    // what was asked and is not reached yet, in its order
	failed  bool      // the last question had no answer
}

// maxDue bounds the questions of a mirror that is far behind.
const maxDue = 8

// elapsed is the time since then: by the monotonic clock, which a change of the wall clock does not move, or by the
// wall clock, which goes on while a virtual machine is suspended, whichever says more.
func elapsed(now, then time.Time) time.Duration {
	return max(now.Sub(then), now.Round(0).Sub(then.Round(0)))
}

// confirm notes that a mirror has reached what its bucket had when it was asked. The caller holds mu.
func (v *View) confirm(c *confirmation, asked time.Time) {
	if !v.confirmed(v.clock.Now()) {
		v.lapsed() // nobody may have looked in between
	}
	if asked.After(c.at) {
		c.at = asked
	}
}

// confirmed tells whether everything in the view was what the servers had, not long ago. The caller holds mu.
func (v *View) confirmed(now time.Time) bool {
	for _, m := range v.mirrors {
		if !m.upToDate(now) {
			return false
		}
	}
	return v.acked == nil || elapsed(now, *v.acked) < v.timing.confirmed
}

// upToDate tells whether the mirror is replayed and confirmed. The caller holds mu.
func (m *mirror[K, V]) upToDate(now time.Time) bool {
	return m.live && elapsed(now, m.checked.at) < m.view.timing.confirmed
}

// cut notes that everything has to be replayed. The caller holds mu.
func (m *mirror[K, V]) cut() { m.live = false }

// known is how far the mirror knows the bucket to have come.
func (m *mirror[K, V]) known() head {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	return head{revision: m.table.watched, created: m.checked.created}
}

// rebase prepares for a replay of a bucket that is not the one that was replayed before.
func (m *mirror[K, V]) rebase() {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	m.table.rebase()
	m.checked.due = nil
}

// caughtUp notes what the watcher has delivered.
func (m *mirror[K, V]) caughtUp(revision uint64) {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	m.table.watched = max(m.table.watched, revision)
	due := m.checked.due
	if len(due) == 0 {
		return
	}
	for len(due) > 0 && due[0].revision <= revision {
		m.view.confirm(&m.checked, due[0].asked)
		due = due[1:]
	}
	if m.checked.due = slices.Clip(due); len(due) == 0 {
		m.checked.due = nil
	}
}

// probe asks the bucket's leader how far it is. Once the mirror is as far, it was up to date at this moment.
func (m *mirror[K, V]) probe(ctx context.Context, log *slog.Logger) {
	known := m.known()
	now, err := m.bucket.head(ctx, m.view.clock)
	m.view.mu.Lock()
	failed := m.checked.failed
	m.checked.failed = err != nil
	m.view.mu.Unlock()
	switch {
	case err != nil:
		if !failed && !errors.Is(ctx.Err(), context.Canceled) {
			log.Warn("the state does not answer", "bucket", m.bucket.name, "err", err)
		}
		return
	case failed:
		log.Info("the state answers again", "bucket", m.bucket.name)
	}
	if known.created.IsZero() {
		return // the replay will tell
	}
	if now.replaces(known) {
		m.setLive(false)
		signal(m.redo)
		return
	}
	m.expect(now)
}

// confirmPoll is how often Confirm looks whether the view has caught up.
const confirmPoll = 10 * time.Millisecond

// Confirm tells whether the records in the view are what was stored at some moment during the call: it asks, and waits a
// few seconds for what is still under way. Live may be true of a view that is seconds behind, as when the server that sends
// it the changes has just died: enough for a page, and too little to tell others. Where nobody shares the state it is Live.
func (v *View) Confirm(ctx context.Context) bool {
	if v.replicas == nil {
		return v.Live()
	}
	ctx, cancel := context.WithTimeout(ctx, v.timing.request)
	defer cancel()
	known := v.records.known()
	now, err := v.records.bucket.head(ctx, v.clock)
	if err != nil || now.replaces(known) {
		return false // the next beat finds out, too
	}
	v.records.expect(now)
	for !v.records.reached(now.asked) {
		if sleep(ctx, confirmPoll) != nil {
			return false
		}
	}
	return v.Live()
}

// reached tells whether the mirror has all that its bucket had at that moment.
func (m *mirror[K, V]) reached(asked time.Time) bool {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	return !m.checked.at.Before(asked)
}

// expect waits for the watcher to deliver what the bucket has.
func (m *mirror[K, V]) expect(h head) {
	m.view.mu.Lock()
	defer m.view.mu.Unlock()
	switch {
	case m.table.watched >= h.revision:
		m.view.confirm(&m.checked, h.asked)
	case len(m.checked.due) < maxDue:
		m.checked.due = append(m.checked.due, h)
	}
}
