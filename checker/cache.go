package checker

import "sync"

// maxCached is how many values are kept at most.
const maxCached = 1000

// cache keeps what is the same for many machines, made once. Most fleets have a few of each; what is beyond the bound is made
// anew each time.
type cache[K comparable, V any] struct {
	mu   sync.Mutex
	kept map[K]V
}

// of returns the value of a key. Nobody may change it.
func (c *cache[K, V]) of(key K, made func() V) V {
	c.mu.Lock()
	v, ok := c.kept[key]
	c.mu.Unlock()
	if ok {
		return v
	}
	v = made()
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.kept == nil {
		c.kept = map[K]V{}
	}
	if len(c.kept) < maxCached {
		c.kept[key] = v
	}
	return v
}
