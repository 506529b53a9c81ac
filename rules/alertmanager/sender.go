package alertmanager

import (
	"context"
	"errors"
	"log/slog"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"
	promconfig "github.com/prometheus/common/config"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/rules"
)

// View is what a Sender reads of the state. The records that it gives are shared and are not changed.
type View interface {
	// Alerts are the records with an alert that fires or that ended lately.
	Alerts() []*state.Record
	// Changed is closed at the next change of anything.
	Changed() <-chan struct{}
	// Live tells whether what Alerts says is up to date, or was some seconds ago. While it is not, nothing is sent.
	Live() bool
	// Confirm makes sure that what Alerts says from then on is not older than the call. It is asked before each request:
	// else what another replica has just resolved would fire again.
	Confirm(ctx context.Context) bool
}

// Options are what a Sender needs besides the view and the Alertmanagers.
type Options struct {
	ResendDelay time.Duration
	// NextRun is when the last machine of the fleet is to be checked in the first run after that time, zero if that is not
	// known: an alert is valid beyond it, see rules.ValidUntil.
	NextRun func(after time.Time) time.Time
	Clock   clockwork.Clock // nil: the real one
	Logger  *slog.Logger    // nil: none
	Metrics *Metrics        // nil: none that anyone sees

	dial promconfig.DialContextFunc // tests set it
}

// Sender sends alerts to Alertmanagers. For another configuration make another one: New, then end the old one's Run,
// then Run. The new one sends everything once more, which does no harm, and goes on counting in the same Metrics.
type Sender struct {
	loops   []*loop
	metrics *Metrics
}

// New makes a Sender for those Alertmanagers. The error names the one whose configuration cannot be used, such as a
// certificate that cannot be read.
func New(v View, targets []config.Alertmanager, o Options) (*Sender, error) {
	if o.ResendDelay <= 0 {
		return nil, errors.New("the resend delay must be positive")
	}
	if o.Clock == nil {
		o.Clock = clockwork.NewRealClock()
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Metrics == nil {
		o.Metrics = NewMetrics(nil)
	}
	s := &Sender{metrics: o.Metrics}
	for _, c := range targets {
		t, err := newTarget(c, o.dial)
		if err != nil {
			return nil, err
		}
		s.loops = append(s.loops, newLoop(v, t, o))
	}
	return s, nil
}

// validUntil is the endsAt of what fires now.
func (o Options) validUntil(now time.Time) time.Time {
	var next time.Time
	if o.NextRun != nil {
		next = o.NextRun(now)
	}
	return rules.ValidUntil(now, next, o.ResendDelay)
}

// Run sends until ctx ends, and returns nil once every loop has ended. Requests under way are broken off: whoever
// runs next sends again. It must be called once.
func (s *Sender) Run(ctx context.Context) error {
	names := make(map[string]bool, len(s.loops))
	for _, l := range s.loops {
		names[l.target.name] = true
	}
	s.metrics.keep(names)
	var all sync.WaitGroup
	for _, l := range s.loops {
		all.Go(func() { l.run(ctx) })
	}
	<-ctx.Done()
	all.Wait()
	return nil
}
