package state

import (
	"bufio"
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// acknowledged is what killed writers were told that is stored.
type acknowledged struct {
	records  map[string]int // pair: the last count
	machine  string         // the last run
	enqueued map[string]bool
	acking   map[string]bool // told to acknowledge: may be gone
	acked    map[string]bool // acknowledged: must be gone
	jobs     int
}

func (a *acknowledged) take(t *testing.T, line string) {
	t.Helper()
	f := strings.Fields(line)
	switch f[0] {
	case "opened":
	case "record":
		var n int
		_, err := fmt.Sscan(f[2], &n)
		require.NoError(t, err)
		a.records[f[1]] = n
	case "machine":
		a.machine = f[1]
	case "enqueued":
		a.enqueued[f[1]], a.enqueued[f[2]] = true, true
	case "acking":
		a.acking[f[1]] = true
	case "acked":
		a.acked[f[1]] = true
	default:
		t.Fatalf("the writer says %q", line)
	}
}

// A process that is killed at any moment loses nothing that it was told is stored, and leaves nothing half done.
func TestKilledAtAnyMoment(t *testing.T) {
	rounds := 25
	if testing.Short() {
		rounds = 5
	}
	dir := t.TempDir()
	seed := uint64(time.Now().UnixNano())
	t.Logf("seed %d", seed)
	random := rand.New(rand.NewPCG(seed, 0))
	known := acknowledged{
		records: map[string]int{}, enqueued: map[string]bool{}, acking: map[string]bool{}, acked: map[string]bool{},
	}
	for round := range rounds {
		if round%5 == 4 {
			killOpening(t, dir, time.Duration(random.Int64N(int64(150*time.Millisecond))), &known)
		} else {
			killWriting(t, dir, 1+random.IntN(250), &known)
		}
		requireIntact(t, dir, &known)
		if t.Failed() {
			t.Fatalf("after round %d", round)
		}
	}
	total := 0
	for _, n := range known.records {
		total += n
	}
	t.Logf("%d transitions, %d jobs", total, known.jobs)
}

// killWriting lets a writer say so many lines, and kills it. What it managed to say after that counts as well.
func killWriting(t *testing.T, dir string, lines int, known *acknowledged) {
	t.Helper()
	cmd := child(t, "writer", dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	var stderr bytes.Buffer
	cmd.Stderr = &stderr
	require.NoError(t, cmd.Start())
	n := 0
	for in := bufio.NewScanner(out); in.Scan(); n++ {
		known.take(t, in.Text())
		if n == lines {
			require.NoError(t, cmd.Process.Kill())
		}
	}
	_ = cmd.Wait() // killed
	require.Greater(t, n, lines, "the writer ended by itself: %s", stderr.String())
}

// killOpening kills a writer soon after its start, most likely while it opens the store. What it managed to say
// counts: a fast machine gets further than that.
func killOpening(t *testing.T, dir string, after time.Duration, known *acknowledged) {
	t.Helper()
	cmd := child(t, "writer", dir)
	out, err := cmd.StdoutPipe()
	require.NoError(t, err)
	require.NoError(t, cmd.Start())
	timer := time.AfterFunc(after, func() { _ = cmd.Process.Kill() })
	defer timer.Stop()
	for in := bufio.NewScanner(out); in.Scan(); {
		known.take(t, in.Text())
	}
	_ = cmd.Wait() // killed
}

func child(t *testing.T, role, dir string) *exec.Cmd {
	t.Helper()
	cmd := exec.Command(os.Args[0])
	cmd.Env = append(os.Environ(), childEnv+"="+role, childDirEnv+"="+dir)
	return cmd
}

// requireIntact opens the store that a killed process left, and compares it with what is known.
func requireIntact(t *testing.T, dir string, known *acknowledged) {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), eventually)
	defer cancel()
	s, err := Open(ctx, Options{Dir: dir, AckWait: time.Hour, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, err)
	defer func() { require.NoError(t, s.Close()) }()
	require.NoError(t, s.Restore(ctx, func(k Key, changes []Change) *Record { return crashRecord(k, changes[0].Verdict.Items) }))
	for i, k := range crashPairs {
		requirePairIntact(t, s, k, i == 2, known)
	}
	if known.machine != "" {
		m, ok := s.View().Machine("m")
		require.True(t, ok)
		assert.GreaterOrEqual(t, CompareRunIDs(m.Run, known.machine), 0, "%s is older than %s", m.Run, known.machine)
		assert.Equal(t, m.Run, m.Facts.Kernel)
		known.machine = m.Run
	}
	requireQueueIntact(ctx, t, s, known)
}

func requirePairIntact(t *testing.T, s *Store, k Key, forgets bool, known *acknowledged) {
	t.Helper()
	last := known.records[k.String()]
	n := 0
	full, err := s.Detail(t.Context(), k)
	if err == nil {
		n = full.Verdict.Items
	} else {
		require.ErrorIs(t, err, ErrNotFound)
	}
	next := last + 1
	if forgets && last == 10 {
		next = 0
	}
	assert.Contains(t, []int{last, next}, n, "%s: acknowledged was %d", k, last)
	known.records[k.String()] = n
	if n == 0 {
		requireNothingOf(t, s, k)
		return
	}
	want := crashRecord(k, n)
	assert.Equal(t, want.Verdict, full.Verdict)
	assert.Equal(t, want.Detail, full.Detail, "%s: the detail is not that of its state", k)
	shown, ok := s.View().Record(k)
	require.True(t, ok)
	assert.Equal(t, full.Verdict, shown.Verdict)

	changes, err := s.History(t.Context(), k)
	require.NoError(t, err)
	// Entries that were written for a commit that never was take places.
	assert.GreaterOrEqual(t, len(changes), min(n, 50), "%s: the history of %d changes is cut", k, n)
	for i, c := range changes {
		assert.Equal(t, n-i, c.Verdict.Items, "%s: the history has gaps or doubles", k)
	}
}

func requireNothingOf(t *testing.T, s *Store, k Key) {
	t.Helper()
	key, err := encodeKey(k)
	require.NoError(t, err)
	for _, b := range []*bucket{s.buckets.detail, s.buckets.history} {
		keys, err := b.keys(t.Context())
		require.NoError(t, err)
		assert.NotContains(t, keys, key, "%s: a forgotten pair left something", b.name)
	}
}

// requireQueueIntact pulls everything. What the dead process had pulled comes at once, although its AckWait is
// far from over.
func requireQueueIntact(ctx context.Context, t *testing.T, s *Store, known *acknowledged) {
	t.Helper()
	n, err := s.Queue().Pending(ctx)
	require.NoError(t, err)
	got := map[string]int{}
	for pulled := 0; pulled < n; {
		d, err := s.Queue().Pull(ctx, 100)
		require.NoError(t, err, "pulled %d of %d", pulled, n)
		pulled += len(d)
		for _, d := range d {
			got[d.Job().Machine]++
			assert.Equal(t, testRun, d.Job().Run)
		}
	}
	for m := range known.enqueued {
		switch {
		case known.acked[m]:
			assert.NotContains(t, got, m, "an acknowledged job is back")
		case !known.acking[m]:
			assert.Equal(t, 1, got[m], "job %s was lost or doubled", m)
		}
	}
	_, err = s.Queue().Purge(ctx)
	require.NoError(t, err)
	known.jobs += len(known.enqueued)
	clear(known.enqueued)
}
