package run

import (
	"context"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/state"
)

// pause stops a replica before it writes something, as a virtual machine that is moved or a laptop's lid does.
type pause struct {
	op     string
	once   sync.Once
	paused chan struct{} // closed when it has stopped
	wake   chan struct{} // to be closed
}

func newPause(op string) *pause {
	return &pause{op: op, paused: make(chan struct{}), wake: make(chan struct{})}
}

// isOn tells whether it has stopped.
func (p *pause) isOn() bool {
	select {
	case <-p.paused:
		return true
	default:
		return false
	}
}

// before is called before anything is written.
func (p *pause) before(op string) {
	if p == nil || p.op != op {
		return
	}
	p.once.Do(func() {
		close(p.paused)
		<-p.wake
	})
}

func (r *replica) CreateRun(ctx context.Context, run state.Run) error {
	r.pause.Load().before("create")
	return r.Store.CreateRun(ctx, run)
}

func (r *replica) UpdateRun(ctx context.Context, id string, next func(*state.Run) bool) (state.Run, error) {
	r.pause.Load().before("update")
	return r.Store.UpdateRun(ctx, id, next)
}

// pausedQueue is the queue of a replica that may be paused.
type pausedQueue struct {
	Queue
	by *replica
}

func (q pausedQueue) Enqueue(ctx context.Context, jobs []state.Job) error {
	q.by.pause.Load().before("enqueue")
	return q.Queue.Enqueue(ctx, jobs)
}

func (q pausedQueue) Purge(ctx context.Context) (int, error) {
	q.by.pause.Load().before("purge")
	return q.Queue.Purge(ctx)
}

// A coordinator stops in the middle of beginning a run, for longer than its lease. Another does all of it meanwhile. When
// the first wakes it does what it was about to do, before it learns that it coordinates no more.
func TestCoordinatorThatWasPausedBeginsNothingTwice(t *testing.T) {
	for _, op := range []string{"create", "purge", "enqueue", "update"} {
		t.Run("before it was to "+op, func(t *testing.T) {
			f := newFleet(t, nil, manyMachines(20)...)
			c := newCluster(t, f, f)
			c.start()
			c.ends(today)
			first, second := c.replicas[0], c.replicas[1]
			p := newPause(op)
			first.pause.Store(p)
			c.clock.Advance(18 * time.Hour)
			c.patiently("it is about to "+op, p.isOn)
			c.lead(1)
			run := c.ends(tomorrow)
			assert.Equal(t, []any{state.RunDone, 20, 20}, []any{run.Phase, run.Total, run.Checked})

			over, err := second.Run(t.Context(), tomorrow)
			require.NoError(t, err)
			c.clock.Advance(time.Minute)
			close(p.wake)
			c.eventually("it is done with it", func() bool {
				return first.runner.current.Load() == nil && (op != "create" || first.log.has("the scheduled run is known already"))
			})
			c.eventually("nothing is left of what it did", func() bool {
				n, err := second.Queue().Pending(t.Context())
				return err == nil && n == 0
			})
			stored, err := second.Run(t.Context(), tomorrow)
			require.NoError(t, err)
			assert.Equal(t, over, stored, "what is over stays over")
			assert.Len(t, second.View().Runs(), 2)
			c.once(tomorrow, 20, 2) // one that is being checked while the other takes over may be put on the queue again
		})
	}
}

// Two that believe to coordinate when a run is due: it is begun by one.
func TestTwoCoordinatorsBeginARunOnce(t *testing.T) {
	f := newFleet(t, nil, manyMachines(20)...)
	c := newCluster(t, f, f)
	c.start()
	c.ends(today)
	c.replicas[1].leads.Store(true)
	c.clock.Advance(18 * time.Hour)
	run := c.ends(tomorrow)
	assert.Equal(t, []any{state.RunDone, 20, 20}, []any{run.Phase, run.Total, run.Checked})
	assert.Len(t, c.replicas[0].View().Runs(), 2)
	assert.Len(t, c.times(tomorrow), 20)
	begun := 0
	for _, r := range c.replicas {
		if r.log.has("run started", "run="+tomorrow) {
			begun++
		}
	}
	assert.Equal(t, 1, begun)
}
