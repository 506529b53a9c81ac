package testprocess

import (
	"bytes"
	"sync"
)

// Output collects what a process writes while the test reads it.
type Output struct {
	mu     sync.Mutex
	buffer bytes.Buffer
}

// Write is io.Writer's.
func (o *Output) Write(p []byte) (int, error) {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.Write(p)
}

func (o *Output) String() string {
	o.mu.Lock()
	defer o.mu.Unlock()
	return o.buffer.String()
}
