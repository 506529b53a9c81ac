package fleetbench

import (
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
)

func result(name string, machines int, rounds ...Usage) Result { return Result{name, machines, rounds} }

func TestARatioIsThatOfTheRoundsInTheMiddle(t *testing.T) {
	// The third round was hit by something that the computer did, and both with it.
	floor := result("floor", 100, Usage{Wall: 10, CPU: 100}, Usage{Wall: 10, CPU: 100}, Usage{Wall: 90, CPU: 100})
	ours := result("check", 100, Usage{Wall: 12, CPU: 150}, Usage{Wall: 11, CPU: 150}, Usage{Wall: 108, CPU: 150})
	assert.InDelta(t, 1.2, ours.Ratio(floor, WallOf), 1e-9)
	assert.InDelta(t, 1.5, ours.Ratio(floor, CPUOf), 1e-9)
	assert.InDelta(t, 1.0, floor.Ratio(floor, WallOf), 1e-9)
	// Of contestants with fewer machines the cost of one counts, and the rounds that both were in.
	few := result("ansible", 20, Usage{Wall: 20})
	assert.InDelta(t, 10, few.Ratio(floor, WallOf), 1e-9)
}

func TestATableHoldsAllAgainstItsFirstRow(t *testing.T) {
	table := Table([]Result{
		result("floor", 10, Usage{Wall: time.Second, CPU: 5 * time.Millisecond, Memory: 12 << 20}),
		result("check", 10, Usage{Wall: 1500 * time.Millisecond, CPU: 20 * time.Millisecond, Memory: 100 << 10}),
	})
	assert.Equal(t, `| | machines | wall | | processor time a machine | | memory |
|---|---|---|---|---|---|---|
| floor | 10 | 1.00 s | 1.00 × | 500 µs | 1.00 × | 12.0 MiB |
| check | 10 | 1.50 s | 1.50 × | 2.00 ms | 4.00 × | 100 KiB |
`, table)
}
