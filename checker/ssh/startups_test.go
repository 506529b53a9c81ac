package ssh

import (
	"context"
	"fmt"
	"io"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"testing/synctest"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
	"github.com/drift-exporter/drift_exporter/internal/pausable"
	"github.com/drift-exporter/drift_exporter/internal/state"
	"github.com/drift-exporter/drift_exporter/internal/testsshd"
)

// checkAll has machines say something, so many at a time, and returns what failed.
func checkAll(t *testing.T, transport *Transport, concurrency int, machines []*config.Machine) (failed []error) {
	t.Helper()
	slots := make(chan bool, concurrency)
	var (
		mu   sync.Mutex
		work sync.WaitGroup
	)
	for _, m := range machines {
		slots <- true
		work.Go(func() {
			defer func() { <-slots }()
			s, err := transport.Start(contextOf(t), m, []string{"echo", "here"})
			if err == nil {
				var out []byte
				out, err = io.ReadAll(s.Stdout())
				if err == nil && string(out) != "here\n" {
					err = fmt.Errorf("it said %q", out)
				}
				_ = s.Close()
			}
			if err != nil {
				mu.Lock()
				defer mu.Unlock()
				failed = append(failed, err)
			}
		})
	}
	work.Wait()
	return failed
}

// dropping is a server that drops every connection beyond ten that have not logged in.
func dropping(t *testing.T) *testsshd.Server {
	t.Helper()
	return testsshd.Start(t, testsshd.Options{Config: []string{"MaxStartups 10:100:10"}})
}

// behind are machines that are reached through a jump host, with this max_startups.
func behind(t *testing.T, target, jump *testsshd.Server, n, limit int) []*config.Machine {
	t.Helper()
	known := target.KnownHosts() + jump.KnownHosts()
	file := writeFile(t, filepath.Join(t.TempDir(), "known_hosts"), known)
	var all []*config.Machine
	for i := range n {
		m := through(t, target, jump)
		m.Name, m.Address = fmt.Sprintf("m%d", i), fmt.Sprintf("127.1.%d.%d", i/250, 1+i%250)
		m.SSH.KnownHostsFiles, m.SSH.MaxStartups = []string{file}, limit
		all = append(all, m)
	}
	return all
}

func TestJumpHostIsNotRushed(t *testing.T) {
	target := testsshd.Start(t, testsshd.Options{AllLoopbacks: true})
	jump := dropping(t)
	t.Run("200 machines are reached through it", func(t *testing.T) {
		require.Empty(t, checkAll(t, newTransport(t), 64, behind(t, target, jump, 200, 8)))
	})
	t.Run("without a limit it drops some", func(t *testing.T) {
		failed := checkAll(t, newTransport(t), 64, behind(t, target, jump, 64, 0))
		require.NotEmpty(t, failed)
		assert.ErrorContains(t, failed[0], "jump host "+jump.Addr)
	})
}

func TestMachinesAtOneAddressAreNotRushed(t *testing.T) {
	server := dropping(t)
	for name, limit := range map[string]int{"with a limit all are reached": 8, "without a limit it drops some": 0} {
		t.Run(name, func(t *testing.T) {
			var all []*config.Machine
			for range 100 {
				m := machineOf(server)
				m.SSH.MaxStartups = limit
				all = append(all, m)
			}
			assert.Equal(t, limit == 0, len(checkAll(t, newTransport(t), 64, all)) > 0)
		})
	}
}

func TestStartupsLetInAsManyAsThereIsRoomFor(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStartups()
		var inside, most atomic.Int64
		var work sync.WaitGroup
		for range 100 {
			work.Go(func() {
				leave, err := s.enter(t.Context(), "a:22", 8, time.Second)
				require.NoError(t, err)
				most.Store(max(most.Load(), inside.Add(1)))
				time.Sleep(time.Second)
				inside.Add(-1)
				leave(nil)
				leave(nil)
			})
		}
		other, err := s.enter(t.Context(), "b:22", 8, time.Second)
		require.NoError(t, err, "another host has places of its own")
		other(nil)
		begun := time.Now()
		work.Wait()
		assert.Equal(t, int64(8), most.Load())
		assert.Equal(t, 13*time.Second, time.Since(begun), "100 in eights")
		assert.Empty(t, s.gates, "nothing is left behind")
	})
}

// waitingFor is somebody who waits for the one place at a host.
func waitingFor(t *testing.T, s *startups, ctx context.Context, timeout time.Duration) (leave func(error), got chan error) { //nolint:revive // t comes first in tests
	t.Helper()
	leave, err := s.enter(t.Context(), "a:22", 1, 10*time.Second)
	require.NoError(t, err)
	got = make(chan error, 1)
	go func() {
		next, err := s.enter(ctx, "a:22", 1, timeout)
		if err == nil {
			next(nil)
		}
		got <- err
	}()
	synctest.Wait()
	return leave, got
}

func TestWaitingForOthersDoesNotCountAgainstTheCheck(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStartups()
		ctx, cancel := pausable.WithTimeout(t.Context(), time.Minute)
		defer cancel()
		leave, got := waitingFor(t, s, ctx, 10*time.Second)
		time.Sleep(time.Hour)
		leave(nil)
		require.NoError(t, <-got)
		begun := time.Now()
		<-ctx.Done()
		assert.Equal(t, time.Minute, time.Since(begun))
	})
}

func TestWaitingForOthersEndsWithTheRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		s := newStartups()
		ctx, cancel := context.WithCancel(t.Context())
		leave, got := waitingFor(t, s, ctx, 10*time.Second)
		cancel()
		requireFailure(t, <-got, state.ReasonInternal, true, "canceled while waiting for others to log in to a:22")
		leave(nil)
		assert.Empty(t, s.gates)
	})
}

func TestWhoGetsInWhenTheRunEndsTakesUpNoRoom(t *testing.T) {
	s := newStartups()
	over, end := context.WithCancel(t.Context())
	end()
	_, err := s.enter(over, "gate:22", 1, time.Second)
	require.Error(t, err)
	assert.Empty(t, s.gates)
}

func TestWhoWaitsForAHostThatDoesNotAnswerFailsWithIt(t *testing.T) {
	dead := failure(state.ReasonConnect, true, context.DeadlineExceeded, "no connection to a:22")
	for name, c := range map[string]struct {
		how     error
		timeout time.Duration
		fails   bool
	}{
		"it did not answer":                    {dead, 10 * time.Second, true},
		"it did not answer a less patient one": {dead, 11 * time.Second, false},
		"there was no handshake in time":       {failure(state.ReasonTimeout, true, nil, "no handshake"), 10 * time.Second, true},
		"it refused the connection":            {failure(state.ReasonConnect, true, nil, "refused"), 10 * time.Second, false},
		"it refused the login":                 {failure(state.ReasonAuth, false, nil, "no"), 10 * time.Second, false},
		"the other was cancelled":              {failure(state.ReasonInternal, true, context.Canceled, "canceled"), 10 * time.Second, false},
		"all went well":                        {nil, 10 * time.Second, false},
	} {
		t.Run(name, func(t *testing.T) {
			synctest.Test(t, func(t *testing.T) {
				s := newStartups()
				leave, got := waitingFor(t, s, t.Context(), c.timeout)
				leave(c.how)
				err := <-got
				if c.fails {
					requireFailure(t, err, asFailure(c.how).Reason, true, "while others were connected first: ")
				} else {
					require.NoError(t, err)
				}
				assert.Empty(t, s.gates)
			})
		})
	}
}
