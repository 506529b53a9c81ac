// Package pausable has timeouts that stand still while one waits for something that is not the fault of whom the
// timeout is for: a turn that others have before it.
package pausable

import (
	"context"
	"sync"
	"time"
)

// key finds the innermost timeout of a context.
type key struct{}

// timeout is a context whose timeout can be paused. Its Deadline is its parent's, as its own may be put off.
type timeout struct {
	context.Context // the parent
	done            chan struct{}
	unwatch         func() bool

	mu     sync.Mutex
	err    error
	timer  *time.Timer
	left   time.Duration // when the timer was started last
	since  time.Time     // when that was
	pauses int
}

// WithTimeout is as context.WithTimeout, but for the time in which it is paused. cancel frees what it holds.
func WithTimeout(parent context.Context, d time.Duration) (ctx context.Context, cancel context.CancelFunc) {
	p := &timeout{Context: parent, done: make(chan struct{}), left: d, since: time.Now()}
	p.mu.Lock()
	defer p.mu.Unlock()
	p.timer = time.AfterFunc(d, p.expire)
	p.unwatch = context.AfterFunc(parent, func() { p.end(parent.Err()) })
	return p, func() {
		p.unwatch()
		p.end(context.Canceled)
	}
}

// Pause stops the innermost timeout of ctx until resume is called, which does something once only. Pauses may overlap.
// A context without a timeout of this package is left alone.
func Pause(ctx context.Context) (resume func()) {
	p, ok := ctx.Value(key{}).(*timeout)
	if !ok {
		return func() {}
	}
	p.pause()
	return sync.OnceFunc(p.resume)
}

// Done implements context.Context.
func (p *timeout) Done() <-chan struct{} { return p.done }

// Err implements context.Context.
func (p *timeout) Err() error {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.err
}

// Value implements context.Context.
func (p *timeout) Value(k any) any {
	if k == (key{}) {
		return p
	}
	return p.Context.Value(k)
}

func (p *timeout) pause() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pauses++
	if p.pauses == 1 && p.timer.Stop() {
		p.left -= time.Since(p.since)
	}
}

func (p *timeout) resume() {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.pauses--
	if p.pauses == 0 && p.err == nil {
		p.since = time.Now()
		p.timer.Reset(max(0, p.left))
	}
}

// expire is what the timer calls. It may have been on its way when a pause began, which then starts it anew.
func (p *timeout) expire() {
	p.mu.Lock()
	paused := p.pauses > 0
	if paused {
		p.left = 0
	}
	p.mu.Unlock()
	if !paused {
		p.end(context.DeadlineExceeded)
	}
}

func (p *timeout) end(err error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.err == nil {
		p.err = err
		p.timer.Stop()
		close(p.done)
	}
}
