package alertmanager

import (
	"context"
	"log/slog"
	"time"

	"github.com/jonboulle/clockwork"
)

const (
	// settle is the shortest time between two looks at a view that keeps changing, as it does during a run: each look
	// walks over all alerts.
	settle = 200 * time.Millisecond
	// livePoll is how soon to look again at a view that is not live, should it not say so itself.
	livePoll = time.Second
	// firstRetry doubles with every failure in a row, up to the resend delay.
	firstRetry = time.Second
	// idle is how long to sleep if there is nothing to do but to wait for a change.
	idle = time.Hour
)

// loop serves one Alertmanager.
type loop struct {
	view    View
	target  *target
	options Options
	clock   clockwork.Clock
	log     *slog.Logger
	metrics counters

	memory    *memory
	changed   <-chan struct{} // closed once the view has changed since it was read
	unread    bool            // the view must be read even so
	failures  int             // requests in a row after which nothing else was worth trying
	notBefore time.Time       // and so nothing is tried before
	failing   bool            // what the log last said
	confirmed bool            // the view was, in the round before
	looked    time.Time       // when the round before was
	ahead     time.Duration   // the Alertmanager's clock of ours, when it last accepted something
	corrected time.Time       // when everything was last sent once more because of that
}

func newLoop(v View, t *target, o Options) *loop {
	return &loop{
		view: v, target: t, options: o, clock: o.Clock, memory: newMemory(), unread: true,
		log: o.Logger.With("alertmanager", t.name), metrics: o.Metrics.of(t.name),
	}
}

func (l *loop) run(ctx context.Context) {
	defer l.target.close()
	for ctx.Err() == nil {
		looked := l.clock.Now()
		if wait := l.round(ctx); wait > 0 {
			l.wait(ctx, looked, wait)
		}
	}
}

// wait sleeps for that long, or until the view changes, but then not less than settle.
func (l *loop) wait(ctx context.Context, looked time.Time, long time.Duration) {
	timer := l.clock.NewTimer(long)
	defer timer.Stop()
	select {
	case <-ctx.Done():
		return
	case <-timer.Chan():
		return
	case <-l.changed:
	}
	most := min(settle, l.options.ResendDelay)
	if rest := min(most-l.clock.Since(looked), most); rest > 0 {
		short := l.clock.NewTimer(rest)
		defer short.Stop()
		select {
		case <-ctx.Done():
		case <-short.Chan():
		}
	}
}

// round looks at the view and sends at most one batch. It returns how long there is nothing to do, and zero if it is
// to be called again at once: so whatever happens while a long list is being sent comes before the rest of it.
func (l *loop) round(ctx context.Context) time.Duration {
	confirmed := l.confirmed
	l.confirmed = false
	changed := l.view.Changed() // asked for before the view is read, to miss nothing
	if !l.view.Live() {
		l.changed, l.unread = changed, true
		return livePoll
	}
	now := l.clock.Now()
	l.setBack(now)
	l.read(changed, now)
	o := l.memory.look(now, l.options.ResendDelay/4)
	l.drop(o.dropped)
	l.recovered(o)
	if len(o.ready) > 0 && !now.Before(l.notBefore) {
		if !confirmed { // then look anew: there may be news
			if l.confirmed = l.view.Confirm(ctx); !l.confirmed {
				return livePoll
			}
			return 0
		}
		l.send(ctx, nextBatch(o.ready), o.refused)
		return 0
	}
	if o.next.IsZero() {
		return idle
	}
	if o.next.Before(l.notBefore) && len(o.ready) > 0 {
		o.next = l.notBefore
	}
	return max(o.next.Sub(now), time.Millisecond)
}

// maxSetBack is how far the clock may go back without being noticed.
const maxSetBack = time.Second

// setBack begins anew, as after a restart, if the clock that people set was set back: what is due at some time may not be
// due for years, and what was told of resolved alerts may have been about a future that has not come.
func (l *loop) setBack(now time.Time) {
	now = now.Round(0)
	if by := l.looked.Sub(now); by > maxSetBack {
		l.log.Warn("The clock was set back, everything is sent once more", "by", by)
		l.memory, l.unread, l.failures, l.notBefore = newMemory(), true, 0, time.Time{}
	}
	l.looked = now
}

// read brings the memory up to date, if the view has changed.
func (l *loop) read(changed <-chan struct{}, now time.Time) {
	if changed == l.changed && !l.unread {
		return
	}
	l.changed, l.unread = changed, false
	news, dropped := l.memory.sync(l.view.Alerts(), now)
	if soon := now.Add(firstRetry); news && l.notBefore.After(soon) {
		l.notBefore = soon
	}
	l.drop(dropped)
}

// send posts a batch and notes what became of it.
func (l *loop) send(ctx context.Context, batch []*entry, refusedAlready int) {
	started := l.clock.Now()
	date, err := l.target.post(ctx, postable(batch, at(started, l.ahead), l.options.validUntil))
	now := l.clock.Now()
	if ctx.Err() != nil {
		return // broken off by ourselves: that is no failure of theirs
	}
	l.metrics.latency.Observe(now.Sub(started).Seconds())
	what := consequenceOf(err)
	if what == refused && len(batch) > 1 {
		l.log.Debug("Alertmanager refused a batch: sending its alerts one by one", "alerts", len(batch), "err", err)
		for _, e := range batch {
			e.alone = true
		}
		return
	}
	if what == accepted {
		l.accepted(batch, now)
		l.compare(started, date, now)
		return
	}
	l.metrics.errors.Add(float64(len(batch)))
	if what == refused {
		l.refused(batch[0], refusedAlready, now, err)
		return
	}
	l.failed(batch, now, err)
	if what == failed {
		for _, e := range batch {
			e.due = now.Add(l.retry(e.failures, e.acceptedAt.IsZero()))
		}
	} else {
		l.failures++
		l.notBefore = now.Add(l.retry(l.failures, batch[0].acceptedAt.IsZero()))
	}
}

func (l *loop) accepted(batch []*entry, now time.Time) {
	l.metrics.sent.Add(float64(len(batch)))
	l.failures, l.notBefore = 0, time.Time{}
	for _, e := range batch {
		e.tried, e.due = now, now.Add(l.options.ResendDelay)
		e.failures, e.refusals, e.alone = 0, 0, false
		if e.acceptedAt.IsZero() {
			e.acceptedAt = now
		}
	}
}

// compare notes by how much the Alertmanager's clock is ahead of ours. What the request itself may have taken is no
// difference. If it was not known to be off, what was just sent may have been wrong by that much, and is sent once more.
func (l *loop) compare(from, date, until time.Time) {
	from, until = from.Round(0), until.Round(0)
	var ahead time.Duration
	switch {
	case date.IsZero(): // it does not say
		return
	case date.After(until):
		ahead = date.Sub(until)
	case date.Before(from):
		ahead = date.Sub(from)
	}
	before := l.ahead
	l.ahead = ahead
	if (ahead - before).Abs() <= clocksApart {
		return
	}
	if ahead.Abs() <= clocksApart {
		l.log.Info("Alertmanager's clock is ours again")
		return
	}
	l.log.Warn("Alertmanager's clock is not ours: one of them is wrong", "ahead", ahead.Round(time.Second))
	if until.Sub(l.corrected).Abs() < l.options.ResendDelay {
		return // there may be several behind one address, each with a clock of its own
	}
	l.memory, l.unread, l.corrected = newMemory(), true, until
}

// refused puts off a single alert that will hardly be accepted the next time either. However many there are of them,
// no more than a batch's worth is tried in a resend delay.
func (l *loop) refused(e *entry, already int, now time.Time, err error) {
	if e.refusals == 0 {
		l.log.Error("Alertmanager refuses an alert", "machine", e.key.Machine, "pack", e.key.Pack, "err", err)
	}
	e.tried, e.due = now, now.Add(l.options.ResendDelay*time.Duration(1+already/maxBatch))
	e.failures, e.alone = 0, true
	e.refusals++
	l.failures, l.notBefore = 0, time.Time{} // it does answer
}

// retry is when to try again: at the next resend, or sooner if it is news.
func (l *loop) retry(failures int, news bool) time.Duration {
	if !news {
		return l.options.ResendDelay
	}
	delay := firstRetry
	for i := 1; i < failures && delay < l.options.ResendDelay; i++ {
		delay *= 2
	}
	return min(delay, l.options.ResendDelay)
}

func (l *loop) drop(n int) {
	if n == 0 {
		return
	}
	l.metrics.dropped.Add(float64(n))
	l.log.Error("Alertmanager did not hear of resolved alerts in time: it ends them by itself", "alerts", n)
}

// failed notes that a batch was not taken in. The first failure of a row is logged as a warning.
func (l *loop) failed(batch []*entry, now time.Time, err error) {
	for _, e := range batch {
		e.tried = now
		e.failures++
		e.refusals = 0
	}
	level := slog.LevelDebug
	if !l.failing {
		level = slog.LevelWarn
	}
	l.failing = true
	l.log.Log(context.Background(), level, "Sending alerts failed, will be repeated", "alerts", len(batch), "err", err)
}

// recovered logs the end of a row of failures.
func (l *loop) recovered(o outlook) {
	if l.failing && l.failures == 0 && o.failing == 0 {
		l.failing = false
		l.log.Info("Alertmanager accepts alerts again")
	}
}
