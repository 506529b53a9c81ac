package run

import (
	"testing"

	"github.com/stretchr/testify/assert"
)

func TestOnlyTheFirstAndTheLastCheckUnderWayAreTold(t *testing.T) {
	var told []bool
	s := newSlots(3, func(busy bool) { told = append(told, busy) })
	s.take()
	s.take()
	s.release()
	s.take()
	assert.Equal(t, []bool{true}, told)
	s.release()
	s.release()
	assert.Equal(t, []bool{true, false}, told)
	s.take()
	assert.Equal(t, []bool{true, false, true}, told)
}
