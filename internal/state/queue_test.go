package state

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

const testRun = "2026-01-29T06:00:00Z"

func jobs(n int) []Job {
	all := make([]Job, n)
	for i := range all {
		all[i] = Job{Run: testRun, Machine: fmt.Sprintf("m%d.example.com", i)}
	}
	return all
}

// pull pulls until it has n jobs.
func pull(t *testing.T, s *Store, n int) []*Delivery {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventually)
	defer cancel()
	var got []*Delivery
	for len(got) < n {
		more, err := s.Queue().Pull(ctx, n-len(got))
		require.NoError(t, err, "after %d jobs", len(got))
		got = append(got, more...)
	}
	return got
}

func requirePending(t *testing.T, s *Store, want int) {
	t.Helper()
	n, err := s.Queue().Pending(t.Context())
	require.NoError(t, err)
	require.Equal(t, want, n)
}

func TestQueueDeliversEachJobOnce(t *testing.T) {
	s := open(t, t.TempDir())
	want := jobs(250)
	want[7].Site = "closed.net"
	require.NoError(t, s.Queue().Enqueue(t.Context(), want))
	requirePending(t, s, 250)

	seen := map[Job]int{}
	for i, d := range pull(t, s, 250) {
		assert.Equal(t, 1, d.Attempt())
		seen[d.Job()]++
		requirePending(t, s, 250-i) // in flight counts
		require.NoError(t, d.Ack(t.Context()))
	}
	for _, j := range want {
		assert.Equal(t, 1, seen[j], "%+v", j)
	}
	assert.Len(t, seen, 250)
	requirePending(t, s, 0)
}

func TestEnqueueIsIdempotentPerMachine(t *testing.T) {
	s := open(t, t.TempDir())
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(10)))
	d := pull(t, s, 1)[0]
	again := jobs(12)
	for i := range again {
		again[i].Run = "2026-01-30T06:00:00Z"
	}
	require.NoError(t, s.Queue().Enqueue(t.Context(), again), "one of them in flight")
	requirePending(t, s, 12)

	require.NoError(t, d.Ack(t.Context()))
	require.NoError(t, s.Queue().Enqueue(t.Context(), []Job{d.Job()}), "acknowledged, so it is new")
	requirePending(t, s, 12)
	runs := map[string]int{}
	for _, d := range pull(t, s, 12) {
		runs[d.Job().Run]++
	}
	assert.Equal(t, map[string]int{testRun: 10, "2026-01-30T06:00:00Z": 2}, runs, "the first message stays")
}

func TestEnqueueReportsWhatItCannotQueue(t *testing.T) {
	s := open(t, t.TempDir())
	all := append(jobs(3), Job{Run: testRun, Machine: "no good"}, Job{Run: testRun, Machine: "m", Site: "*"})
	err := s.Queue().Enqueue(t.Context(), all)
	require.EqualError(t, err, `enqueue 5 jobs: 2 failed, the first: `+
		`machine id "no good" does not match [A-Za-z0-9][A-Za-z0-9._-]*`)
	requirePending(t, s, 3)

	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	require.ErrorIs(t, s.Queue().Enqueue(ctx, jobs(3)), context.Canceled)
	require.NoError(t, s.Close())
	require.Error(t, s.Queue().Enqueue(t.Context(), jobs(1)))
}

func TestQueueSubjectsDoNotCollide(t *testing.T) {
	seen := map[string]Job{}
	for _, j := range []Job{
		{Machine: "a.b"}, {Machine: "a", Site: "b"}, {Machine: "b", Site: "a"}, {Machine: "a-b"}, {Machine: "a_b"},
		{Machine: "b", Site: "a.b"}, {Machine: "a.b", Site: "b"},
	} {
		subject, err := j.subject()
		require.NoError(t, err)
		assert.NotContains(t, seen, subject, "%+v and %+v", j, seen[subject])
		seen[subject] = j
		assert.Equal(t, j.Site, siteOf(subject))
	}
}

func TestPullWaitsForAJob(t *testing.T) {
	s := open(t, t.TempDir())
	got := make(chan []*Delivery)
	go func() {
		d, err := s.Queue().Pull(t.Context(), 5)
		assert.NoError(t, err)
		got <- d
	}()
	require.Eventually(t, func() bool { return waiting(t, s) == 1 }, eventually, tick)
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(1)))
	select {
	case d := <-got:
		require.Len(t, d, 1)
		assert.Equal(t, "m0.example.com", d[0].Job().Machine)
	case <-time.After(eventually):
		t.Fatal("nothing was pulled")
	}
	_, err := s.Queue().Pull(t.Context(), 0)
	require.Error(t, err)
}

// waiting is how many pulls wait at the server.
func waiting(t *testing.T, s *Store) int {
	t.Helper()
	info, err := s.queue.consumers[consumerName].Info(t.Context())
	require.NoError(t, err)
	return info.NumWaiting
}

// A pull whose context ends may have a job sent to it in that moment. It must not be lost until AckWait.
func TestPullThatEndsLosesNoJob(t *testing.T) {
	s := openWith(t, Options{Dir: t.TempDir(), AckWait: time.Hour})
	for range 30 {
		ctx, cancel := context.WithCancel(t.Context())
		ended := make(chan []*Delivery)
		go func() {
			d, _ := s.Queue().Pull(ctx, 1)
			ended <- d
		}()
		require.Eventually(t, func() bool { return waiting(t, s) > 0 }, eventually, time.Millisecond)
		go cancel()
		require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(1)))
		d := <-ended
		if len(d) == 0 {
			d = pull(t, s, 1)
		}
		require.NoError(t, d[0].Ack(t.Context()))
		requirePending(t, s, 0)
	}
}

// What was asked for and not taken goes back to the queue when its worker stops to pull, and to whoever pulls then.
func TestJobsThatNobodyTakesAreGivenBack(t *testing.T) {
	s := openWith(t, Options{Dir: t.TempDir(), AckWait: time.Hour})
	ctx, cancel := context.WithCancel(t.Context())
	first := make(chan []*Delivery)
	go func() {
		d, _ := s.Queue().Pull(ctx, 20)
		first <- d
	}()
	require.Eventually(t, func() bool { return waiting(t, s) > 0 }, eventually, tick)
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(20)))
	taken := len(<-first)
	require.Positive(t, taken)
	cancel()
	for more, err := s.Queue().Pull(ctx, 20); err == nil; more, err = s.Queue().Pull(ctx, 20) {
		taken += len(more) // it may still be given what had come
	}
	assert.Len(t, pull(t, s, 20-taken), 20-taken, "not after AckWait")
}

func TestPullEndsWithTheStore(t *testing.T) {
	s := open(t, t.TempDir())
	ended := make(chan error)
	go func() {
		_, err := s.Queue().Pull(context.Background(), 1)
		ended <- err
	}()
	require.Eventually(t, func() bool { return waiting(t, s) == 1 }, eventually, tick)
	require.NoError(t, s.Close())
	select {
	case err := <-ended:
		require.ErrorContains(t, err, "closed")
	case <-time.After(eventually):
		t.Fatal("it still waits")
	}
}

func TestRetryComesBackAfterItsDelay(t *testing.T) {
	s := openWith(t, Options{Dir: t.TempDir(), AckWait: time.Hour})
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(2)))
	const delay = 700 * time.Millisecond
	start := time.Now()
	for _, d := range pull(t, s, 2) {
		require.NoError(t, d.Retry(delay))
	}
	requirePending(t, s, 2)
	d := pull(t, s, 2)
	assert.GreaterOrEqual(t, time.Since(start), delay)
	assert.Equal(t, 2, d[0].Attempt())

	require.NoError(t, d[0].Retry(0))
	d = append(pull(t, s, 1), d[1])
	assert.Equal(t, 3, d[0].Attempt())
	require.NoError(t, d[0].Ack(t.Context()))
	require.NoError(t, d[1].Ack(t.Context()))
	requirePending(t, s, 0)
}

func TestSilentWorkerLosesItsJob(t *testing.T) {
	s := openWith(t, Options{Dir: t.TempDir(), AckWait: time.Second})
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(2)))
	first := pull(t, s, 2)
	alive, silent := first[0], first[1]
	ctx, cancel := context.WithCancel(t.Context())
	beats := make(chan struct{})
	go func() {
		defer close(beats)
		for sleep(ctx, 100*time.Millisecond) == nil {
			assert.NoError(t, alive.InProgress())
		}
	}()
	for n := 2; n < 4; n++ { // the silent one's job comes back, again and again
		d := pull(t, s, 1)[0]
		assert.Equal(t, silent.Job(), d.Job(), "the other one gives signs of life")
		assert.Equal(t, n, d.Attempt())
	}
	cancel()
	<-beats
	require.NoError(t, alive.Ack(t.Context()))
}

func TestInFlightJobsAreFreeAtOnceAfterReopening(t *testing.T) {
	dir := t.TempDir()
	s := openWith(t, Options{Dir: dir, AckWait: time.Hour})
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(5)))
	d := pull(t, s, 3)
	require.NoError(t, d[0].Ack(t.Context()))
	require.NoError(t, d[1].Retry(time.Hour))
	require.NoError(t, s.Close())

	s = openWith(t, Options{Dir: dir, AckWait: time.Hour})
	requirePending(t, s, 4)
	seen := map[string]bool{}
	for _, d := range pull(t, s, 4) {
		seen[d.Job().Machine] = true
		assert.Equal(t, 1, d.Attempt(), "counts start anew")
	}
	assert.Len(t, seen, 4)
	assert.NotContains(t, seen, d[0].Job().Machine)
}

func TestPurgeRemovesEverything(t *testing.T) {
	s := open(t, t.TempDir())
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(5)))
	held := pull(t, s, 3)
	n, err := s.Queue().Purge(t.Context())
	require.NoError(t, err)
	assert.Equal(t, 5, n)
	requirePending(t, s, 0)
	require.NoError(t, held[0].Ack(t.Context()))
	require.NoError(t, held[1].Retry(0))
	n, err = s.Queue().Purge(t.Context())
	require.NoError(t, err)
	assert.Zero(t, n)

	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(1)))
	d := pull(t, s, 1)
	require.NoError(t, held[2].Ack(t.Context()), "of the purged one")
	requirePending(t, s, 1)
	require.NoError(t, d[0].Ack(t.Context()))
}

func TestCorruptJobIsDropped(t *testing.T) {
	var log logBuffer
	s := openWith(t, Options{Dir: t.TempDir(), Logger: log.logger()})
	for i, payload := range []string{"{", `{"run":"x"}`, `{"run":"x","machine":"a b"}`} {
		_, err := s.js.Publish(t.Context(), fmt.Sprintf("work._.bad%d", i), []byte(payload))
		require.NoError(t, err)
	}
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(1)))
	d := pull(t, s, 1)
	assert.Equal(t, "m0.example.com", d[0].Job().Machine)
	require.Eventually(t, func() bool {
		n, err := s.Queue().Pending(t.Context())
		return err == nil && n == 1
	}, eventually, tick)
	assert.Contains(t, log.String(), "dropping a corrupt job")
}
