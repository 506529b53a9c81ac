package ssh

import (
	"os"
	"sync"
	"time"
)

// stamp tells versions of a file apart.
type stamp struct{ info os.FileInfo }

func stampOf(path string) (stamp, error) {
	info, err := os.Stat(path)
	return stamp{info}, err
}

func (s stamp) same(o stamp) bool {
	return s.info != nil && o.info != nil && os.SameFile(s.info, o.info) &&
		s.info.Size() == o.info.Size() && s.info.ModTime().Equal(o.info.ModTime())
}

// fileCache holds what was parsed from files, since ten thousand machines share a few keys and known_hosts files.
// A file is parsed again when it has changed; a file that is missing is not remembered.
type fileCache[T any] struct {
	parse  func(path string) (T, error)
	maxAge time.Duration // for files that include others; zero is no limit

	mu    sync.Mutex
	files map[string]*cachedFile[T]
}

type cachedFile[T any] struct {
	mu     sync.Mutex // held while parsing, so that a file is parsed once
	stamp  stamp
	parsed time.Time
	value  T
	err    error
}

func newFileCache[T any](parse func(path string) (T, error)) *fileCache[T] {
	return &fileCache[T]{parse: parse, files: map[string]*cachedFile[T]{}}
}

// get returns what is in the file now. A missing file is os.ErrNotExist.
func (c *fileCache[T]) get(path string) (T, error) {
	c.mu.Lock()
	f := c.files[path]
	if f == nil {
		f = &cachedFile[T]{}
		c.files[path] = f
	}
	c.mu.Unlock()

	f.mu.Lock()
	defer f.mu.Unlock()
	now, err := stampOf(path) // before parsing: a change meanwhile is then seen the next time
	if err != nil {
		f.stamp = stamp{}
		var none T
		return none, err
	}
	if !f.stamp.same(now) || c.maxAge > 0 && time.Since(f.parsed) >= c.maxAge {
		f.value, f.err = c.parse(path)
		f.stamp, f.parsed = now, time.Now()
	}
	return f.value, f.err
}
