package fleetbench

import (
	"fmt"
	"strings"
	"time"
)

// Table is a table of results on one fleet, in Markdown. The first is what the others are held against.
func Table(results []Result) string {
	var b strings.Builder
	b.WriteString("| | machines | wall | | processor time a machine | | memory |\n|---|---|---|---|---|---|---|\n")
	for _, r := range results {
		fmt.Fprintf(&b, "| %s | %d | %s | %s | %s | %s | %s |\n", r.Contestant, r.Machines,
			seconds(r.Wall()), times(r.Ratio(results[0], WallOf)),
			seconds(r.CPU()/time.Duration(r.Machines)), times(r.Ratio(results[0], CPUOf)), bytesize(r.Memory()))
	}
	return b.String()
}

// times is a ratio.
func times(ratio float64) string { return figure(ratio) + " ×" }

// seconds is a time with three digits, in the unit that fits.
func seconds(d time.Duration) string {
	switch {
	case d >= time.Second:
		return figure(d.Seconds()) + " s"
	case d >= time.Millisecond:
		return figure(float64(d)/float64(time.Millisecond)) + " ms"
	}
	return figure(float64(d)/float64(time.Microsecond)) + " µs"
}

// figure is a number with three digits, or with all that are before the point.
func figure(n float64) string {
	switch {
	case n >= 100:
		return fmt.Sprintf("%.0f", n)
	case n >= 10:
		return fmt.Sprintf("%.1f", n)
	}
	return fmt.Sprintf("%.2f", n)
}

func bytesize(n int64) string {
	if n < 1<<20 {
		return figure(float64(n)/(1<<10)) + " KiB"
	}
	return figure(float64(n)/(1<<20)) + " MiB"
}
