package state

import "sync"

// lostDetails names the pairs of which this process knows that their stored detail is not what their state entry says:
// lost with the power, or corrupt. So the digest of it must not keep the next one from being stored.
type lostDetails struct {
	mu    sync.Mutex
	pairs map[Key]struct{}
}

func (l *lostDetails) add(k Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pairs == nil {
		l.pairs = map[Key]struct{}{}
	}
	l.pairs[k] = struct{}{}
}

func (l *lostDetails) remove(k Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pairs, k)
}

func (l *lostDetails) has(k Key) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.pairs[k]
	return ok
}
