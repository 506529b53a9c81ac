package fleetbench

import (
	"fmt"
	"strings"
	"time"
)

// Stored is what a process with many stored verdicts takes beside an idle one.
type Stored struct {
	Pairs                                    int // (machine, pack)
	IdleStart, Start                         []time.Duration
	IdleReady, Ready, IdleAfterRun, AfterRun []int64 // bytes resident
}

// StartRatio is how many times as long the start takes.
func (s *Stored) StartRatio() float64 {
	return middle(s.Start) / middle(s.IdleStart)
}

// PerPair is the memory for a pair above that of the idle process, in bytes, right after a start and after a run.
func (s *Stored) PerPair() (ready, afterRun float64) {
	return (middle(s.Ready) - middle(s.IdleReady)) / float64(s.Pairs), (middle(s.AfterRun) - middle(s.IdleAfterRun)) / float64(s.Pairs)
}

func middle[T int64 | time.Duration](all []T) float64 {
	return median(all, func(n T) float64 { return float64(n) })
}

// Table is a table of it, in Markdown.
func (s *Stored) Table() string {
	var b strings.Builder
	ready, run := s.PerPair()
	fmt.Fprintf(&b, "| | one machine | %d verdicts | |\n|---|---|---|---|\n", s.Pairs)
	fmt.Fprintf(&b, "| start until ready | %s | %s | %s |\n", seconds(time.Duration(middle(s.IdleStart))), seconds(time.Duration(middle(s.Start))), times(s.StartRatio()))
	fmt.Fprintf(&b, "| resident right after a start | %s | %s | %s a pair |\n", bytesize(int64(middle(s.IdleReady))), bytesize(int64(middle(s.Ready))), bytesize(int64(ready)))
	fmt.Fprintf(&b, "| resident right after the first run | %s | %s | %s a pair |\n", bytesize(int64(middle(s.IdleAfterRun))), bytesize(int64(middle(s.AfterRun))), bytesize(int64(run)))
	return b.String()
}
