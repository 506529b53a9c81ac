package main

import (
	"runtime/debug"
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestTheHeapGrowsFurtherWhileMachinesAreChecked(t *testing.T) {
	before := debug.SetGCPercent(77)
	t.Cleanup(func() { debug.SetGCPercent(before) })
	now := func() int {
		percent := debug.SetGCPercent(77)
		debug.SetGCPercent(percent)
		return percent
	}
	own := &cli{env: environment{ownGOGC: true}}
	own.growHeap(true)
	assert.Equal(t, 77, now(), "GOGC outranks us")
	c := &cli{}
	c.growHeap(true)
	assert.Equal(t, heapGrowthOfChecks, now())
	c.growHeap(false)
	assert.Equal(t, heapGrowth, now())
}
