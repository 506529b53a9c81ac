package main

import (
	"fmt"
	"io"
	"strings"
	"sync"
	"time"

	"github.com/jonboulle/clockwork"

	"github.com/drift-exporter/drift_exporter/checker"
	"github.com/drift-exporter/drift_exporter/internal/plaintext"
	"github.com/drift-exporter/drift_exporter/internal/state"
)

// refresh is how often the progress is drawn anew: often enough to look alive, seldom enough to be calm. A check
// that takes less draws none.
const refresh = 250 * time.Millisecond

// clearLine goes to the beginning of the line and erases it (ECMA-48: EL).
const clearLine = "\r\x1b[K"

// progress is one line on a terminal that says how far something has come. It is a writer for whatever else goes to
// the same terminal: what is written through it never ends up within the line.
type progress struct {
	out     io.Writer
	width   func() int
	clock   clockwork.Clock
	started time.Time
	say     func(counts map[state.Status]int) string
	stop    chan struct{}
	stopped chan struct{}

	mu     sync.Mutex
	counts map[state.Status]int
	drawn  string // our line, where it is the terminal's last
}

// startProgress draws what is said, and how long it has taken, until end is called.
func startProgress(out io.Writer, width func() int, clock clockwork.Clock, say func(map[state.Status]int) string) *progress {
	p := &progress{
		out: out, width: width, clock: clock, started: clock.Now(), say: say,
		stop: make(chan struct{}), stopped: make(chan struct{}), counts: map[state.Status]int{},
	}
	ticker := clock.NewTicker(refresh)
	go func() {
		defer close(p.stopped)
		defer ticker.Stop()
		for {
			select {
			case <-p.stop:
				return
			case <-ticker.Chan():
				p.draw()
			}
		}
	}()
	return p
}

// add counts a machine that was checked.
func (p *progress) add(o checker.Outcome) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.counts[machineStatus(o)]++
}

// end takes the line away, for good.
func (p *progress) end() {
	close(p.stop)
	<-p.stopped
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
}

// Write writes to the terminal what is not progress: whole lines, such as a log's.
func (p *progress) Write(b []byte) (int, error) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.clear()
	return p.out.Write(b)
}

// clear takes the line away. The next tick draws it again.
func (p *progress) clear() {
	if p.drawn != "" {
		_, _ = io.WriteString(p.out, clearLine) // a terminal that is gone needs no progress
		p.drawn = ""
	}
}

func (p *progress) draw() {
	p.mu.Lock()
	defer p.mu.Unlock()
	line := p.line()
	if width := p.width() - 1; len(line) > width { // all of it is ASCII; the last column would wrap
		line = line[:max(0, width)]
	}
	if line != p.drawn {
		_, _ = io.WriteString(p.out, clearLine+line)
		p.drawn = line
	}
}

// line is "143/1000 machines, 3 drifted, 1 unknown, 0:42".
func (p *progress) line() string {
	return p.say(p.counts) + ", " + stopwatch(p.clock.Since(p.started))
}

// lineOfCheck is what is said of a check of so many machines.
func lineOfCheck(total int) func(map[state.Status]int) string {
	return func(counts map[state.Status]int) string {
		done := 0
		for _, n := range counts {
			done += n
		}
		var line strings.Builder
		fmt.Fprintf(&line, "%d/%s", done, plaintext.Count(total, "machine"))
		for _, status := range []state.Status{state.Drifted, state.Unknown} {
			if n := counts[status]; n > 0 {
				fmt.Fprintf(&line, ", %d %s", n, status)
			}
		}
		return line.String()
	}
}

// lineOfWaiting is said of what is done in one piece; it is ASCII.
func lineOfWaiting(what string) func(map[state.Status]int) string {
	return func(map[state.Status]int) string { return what }
}

// stopwatch is a duration as 0:42 or 1:02:03.
func stopwatch(d time.Duration) string {
	seconds := int(d / time.Second)
	if seconds < 3600 {
		return fmt.Sprintf("%d:%02d", seconds/60, seconds%60)
	}
	return fmt.Sprintf("%d:%02d:%02d", seconds/3600, seconds/60%60, seconds%60)
}
