package state

import "sync"

// lostPairs names pairs of which this process knows that something of them is not stored that their state entry points to: lost
// with the power, or corrupt.
type lostPairs struct {
	mu    sync.Mutex
	pairs map[Key]struct{}
}

func (l *lostPairs) add(k Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.pairs == nil {
		l.pairs = map[Key]struct{}{}
	}
	l.pairs[k] = struct{}{}
}

func (l *lostPairs) remove(k Key) {
	l.mu.Lock()
	defer l.mu.Unlock()
	delete(l.pairs, k)
}

func (l *lostPairs) has(k Key) bool {
	l.mu.Lock()
	defer l.mu.Unlock()
	_, ok := l.pairs[k]
	return ok
}
