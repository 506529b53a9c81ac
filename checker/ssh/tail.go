package ssh

import (
	"errors"
	"io"
	"strings"
	"sync"
)

// stderrLimit is how much is kept of what a command writes to standard error.
const stderrLimit = 8 << 10

// tail is a writer that keeps the last bytes written to it.
type tail struct {
	mu  sync.Mutex
	buf []byte
}

// Write never fails.
func (t *tail) Write(p []byte) (int, error) {
	t.mu.Lock()
	defer t.mu.Unlock()
	n := len(p)
	if len(p) > stderrLimit {
		p = p[len(p)-stderrLimit:]
	}
	if over := len(t.buf) + len(p) - stderrLimit; over > 0 {
		t.buf = t.buf[:copy(t.buf, t.buf[over:])]
	}
	t.buf = append(t.buf, p...)
	return n, nil
}

// ReadFrom keeps the last of what is read. It has a small buffer of its own, as most commands write nothing.
func (t *tail) ReadFrom(r io.Reader) (int64, error) {
	var read int64
	for buffer := make([]byte, 1<<10); ; {
		n, err := r.Read(buffer)
		read += int64(n)
		_, _ = t.Write(buffer[:n])
		switch {
		case errors.Is(err, io.EOF):
			return read, nil
		case err != nil:
			return read, err
		}
	}
}

// String is what is kept.
func (t *tail) String() string {
	t.mu.Lock()
	defer t.mu.Unlock()
	return strings.ToValidUTF8(string(t.buf), "\uFFFD")
}
