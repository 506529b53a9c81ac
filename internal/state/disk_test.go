package state

import (
	"context"
	"log/slog"
	"os"
	"path/filepath"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"
)

// quickly is a store that looks after its disk often, and its log.
func quickly(t *testing.T, dir string) (*Store, *logBuffer) {
	t.Helper()
	log := &logBuffer{}
	s := openWith(t, Options{Dir: dir, timing: quick, Logger: slog.New(slog.NewTextHandler(log, nil))})
	return s, log
}

// A server refuses every write after one that failed, for good: it has to be started anew, once there is room again.
func TestAFullDiskIsToldAndRecoveredFromInPlace(t *testing.T) {
	dir := mount(t, "size=32m")
	s, log := quickly(t, dir)
	store(t, s, drifted(pair, 1))
	require.Empty(t, s.View().Stuck())
	ballast := fill(t, dir)
	changed := s.View().Revision()
	require.Eventually(t, func() bool { return s.View().Stuck() != "" }, eventually, tick)
	assert.Contains(t, s.View().Stuck(), "storage directory "+dir+" cannot be written: ")
	assert.Contains(t, s.View().Stuck(), "no space left on device")
	assert.NotEqual(t, changed, s.View().Revision(), "pages are made anew")

	n := 1
	require.Eventually(t, func() bool {
		ctx, cancel := context.WithTimeout(t.Context(), time.Second)
		defer cancel()
		err := s.Transition(ctx, pair, func(*Record) (*Record, bool) { return drifted(pair, n+1), true })
		if err == nil {
			n++
		}
		return err != nil
	}, eventually, tick)
	require.Eventually(t, func() bool { return s.server.log.stuck.Load() != nil }, eventually, tick)
	assert.True(t, s.View().Live(), "what is shown is what is stored")

	require.NoError(t, os.Remove(ballast))
	require.Eventually(t, func() bool { return s.View().Stuck() == "" && s.View().Live() }, eventually, tick)
	r, ok := s.View().Record(pair)
	require.True(t, ok)
	assert.Equal(t, n, r.Verdict.Mismatches)
	store(t, s, compliant(pair))
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(3)))
	for _, d := range pull(t, s, 3) {
		require.NoError(t, d.Ack(t.Context()))
	}
	assert.Contains(t, log.String(), `level=ERROR msg="the state cannot be written, verdicts cannot be stored"`)
	assert.Contains(t, log.String(), `level=INFO msg="the state can be written"`)
}

func TestADirectoryThatIsGoneIsTold(t *testing.T) {
	for name, replace := range map[string]func(dir string) error{
		"removed":  os.RemoveAll,
		"replaced": func(dir string) error { return os.WriteFile(filepath.Join(dir, "new"), nil, 0o600) },
	} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "state")
			s, _ := quickly(t, dir)
			store(t, s, drifted(pair, 1))
			require.NoError(t, os.Rename(dir, dir+".old"))
			require.NoError(t, os.Mkdir(dir, 0o700))
			require.NoError(t, replace(dir))
			require.Eventually(t, func() bool { return s.View().Stuck() != "" }, eventually, tick)
			assert.Contains(t, s.View().Stuck(), errReplaced.Error())
			r, _ := s.View().Record(pair)
			assert.Equal(t, 1, r.Verdict.Mismatches)

			require.NoError(t, os.RemoveAll(dir))
			require.NoError(t, os.Rename(dir+".old", dir))
			require.Eventually(t, func() bool { return s.View().Stuck() == "" }, eventually, tick)
		})
	}
}

func TestTryingTheDiskLeavesNothing(t *testing.T) {
	dir := t.TempDir()
	require.NoError(t, preflight(dir, preflightSize, true))
	files, err := os.ReadDir(dir)
	require.NoError(t, err)
	assert.Empty(t, files)
	require.NoError(t, os.WriteFile(filepath.Join(dir, preflightName), []byte("left by kill -9"), 0o600))
	require.NoError(t, preflight(dir, preflightSize, false))
	assert.NoFileExists(t, filepath.Join(dir, preflightName))
}

// Of a damaged queue the consumer may be all that is left, with what it knows of messages that are not there any more.
func TestAQueueThatWasLostTakesJobsAgain(t *testing.T) {
	dir := t.TempDir()
	s := open(t, dir)
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(20)))
	for _, d := range pull(t, s, 20) {
		require.NoError(t, d.Ack(t.Context()))
	}
	require.NoError(t, s.Close())
	work := filepath.Join(dir, "jetstream", "$G", "streams", streamWork)
	require.NoError(t, os.Truncate(filepath.Join(work, "meta.sum"), 0))
	require.NoError(t, os.RemoveAll(filepath.Join(work, "msgs")))

	s = openWith(t, Options{Dir: dir, Logger: slog.New(slog.DiscardHandler)})
	require.NoError(t, s.Queue().Enqueue(t.Context(), jobs(3)))
	assert.Len(t, pull(t, s, 3), 3)
}
