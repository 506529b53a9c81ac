package ssh

import (
	"context"
	"io"
	"sync"
	"time"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// phase is how far a connection has got.
type phase struct {
	doing     string // completes "out of time while …"
	connected bool   // there is a TCP connection to the host that this phase is about
}

// link is everything that has to be closed for a connection to end, and why it ended. The first failure counts:
// it is set before anything is closed, so that whoever sees a closed connection can learn the reason.
type link struct {
	mu      sync.Mutex
	now     phase
	closers []io.Closer
	cause   *state.Failure
	hook    func()        // runs before things are closed
	failed  chan struct{} // closed when there is a cause and everything has been closed
	stop    func() bool
	stopped chan struct{} // closed when what watches the context has run
	unwatch sync.Once
}

// newLink returns a link that fails when ctx ends.
func newLink(ctx context.Context) *link {
	l := &link{now: phase{doing: "starting"}, failed: make(chan struct{}), stopped: make(chan struct{})}
	l.stop = context.AfterFunc(ctx, func() {
		defer close(l.stopped)
		l.mu.Lock()
		f := contextFailure(ctx, l.now)
		l.mu.Unlock()
		l.fail(f)
	})
	return l
}

// add puts c under the link's control. It is false, and c is closed, if the link has failed already.
func (l *link) add(c io.Closer) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause != nil {
		_ = c.Close()
		return false
	}
	l.closers = append(l.closers, c)
	return true
}

func (l *link) enter(p phase) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.now = p
}

// beforeClose sets what is to be done once before the link's connections are closed. It must not block for long.
func (l *link) beforeClose(hook func()) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.cause == nil {
		l.hook = hook
	}
}

// fail closes everything because of f, unless that has happened already.
func (l *link) fail(f *state.Failure) {
	l.mu.Lock()
	if l.cause != nil {
		l.mu.Unlock()
		return
	}
	l.cause = f
	hook, closers := l.hook, l.closers
	l.hook, l.closers = nil, nil
	l.mu.Unlock()
	if hook != nil {
		hook()
	}
	for i := len(closers) - 1; i >= 0; i-- {
		_ = closers[i].Close()
	}
	close(l.failed)
}

// failure is why the link has failed, or nil.
func (l *link) failure() *state.Failure {
	l.mu.Lock()
	defer l.mu.Unlock()
	return l.cause
}

// expire fails the link with f after d, unless the function that it returns is called before. Zero is no limit.
func (l *link) expire(d time.Duration, f *state.Failure) (cancel func()) {
	if d <= 0 {
		return func() {}
	}
	timer := time.AfterFunc(d, func() { l.fail(f) })
	return func() { timer.Stop() }
}

// close ends the link and what watches its context.
func (l *link) close() {
	l.unwatch.Do(func() {
		if !l.stop() {
			<-l.stopped // it is running, or has run
		}
	})
	l.fail(&state.Failure{Reason: state.ReasonInternal, Message: "the session was closed", Err: io.ErrClosedPipe})
}
