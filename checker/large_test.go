package checker

import (
	"context"
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"sync/atomic"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/config"
)

// The large pack: 500 items over 100 files of 1 MiB. Of each file all attributes and the hash are compared, and four
// keys, for which its content has to come over.
const (
	largeFiles = 100
	largeKeys  = 4
)

// largePack is a fleet whose machine carries the large pack, and the files that it is about.
func largePack(t testing.TB) (f *Fleet, files []string) {
	dir := t.TempDir()
	files, settings := nil, "  settings:\n"
	items := "  files:\n"
	for i := range largeFiles {
		var content strings.Builder
		for key := range largeKeys {
			fmt.Fprintf(&content, "key%d = value of %d\n", key, i)
		}
		for content.Len() < maxContent-1200 {
			content.WriteString("# " + strings.Repeat("a long comment ", 70) + "\n")
		}
		path := filepath.Join(dir, fmt.Sprintf("file-%03d", i))
		require.NoError(t, os.WriteFile(path, []byte(content.String()), 0o644))
		require.NoError(t, os.Chmod(path, 0o644))
		files = append(files, path)
		items += fmt.Sprintf("    - {path: %s, type: file, mode: 644, owner: root, content_hash: %s}\n", path, hashOf([]byte(content.String())))
		for key := range largeKeys {
			settings += fmt.Sprintf("    - {type: config, path: %s, format: ini, key: key%d, expected: value of %d}\n", path, key, i)
		}
	}
	f = onePack(t, items+settings, nil)
	f.Config.Check.Timeout = 10 * time.Minute // whatever else the computer does, and with the race detector
	return f, files
}

// heapPeak samples how much of the heap is in use until it is told to stop, and returns the most.
func heapPeak() (stop func() uint64) {
	runtime.GC()
	done, ended := make(chan struct{}), make(chan struct{})
	var peak atomic.Uint64
	go func() {
		defer close(ended)
		for {
			var stats runtime.MemStats
			runtime.ReadMemStats(&stats)
			peak.Store(max(peak.Load(), stats.HeapAlloc))
			select {
			case <-done:
				return
			case <-time.After(5 * time.Millisecond):
			}
		}
	}()
	return func() uint64 {
		close(done)
		<-ended
		return peak.Load()
	}
}

func TestLargePackTakesOneExecAndBoundedMemory(t *testing.T) {
	f, _ := largePack(t)
	c := &counting{Transport: shells(t)[0]}
	peak := heapPeak()
	out := check(t, c, f)
	most := peak()
	require.Nil(t, out.Failure, "%v", out.Failure)
	assert.Equal(t, largeFiles*(1+largeKeys), out.Results[0].Items)
	assert.Empty(t, out.Results[0].Mismatches)
	assert.Equal(t, 1, c.sessions)
	assert.Less(t, most, uint64(largeFiles*maxContent*3/4), "less than all contents together, garbage included")
}

// counted is a transport whose shell is alone in a namespace of processes, which says on standard error how many of
// them there were.
type counted struct{ session *Session }

func (c counted) Start(ctx context.Context, _ *config.Machine, _ []string) (Session, error) {
	count := "/bin/sh; cat /proc/sys/kernel/ns_last_pid >&2"
	session, err := startProcess(ctx, []string{"/usr/bin/unshare", "--pid", "--fork", "/bin/sh", "-c", count}, []string{"PATH=" + os.Getenv("PATH"), "HOME=/nonexistent"})
	*c.session = patient{session}
	return *c.session, err
}

// patient is a session that ends by itself before it is closed.
type patient struct{ Session }

func (p patient) Close() error {
	_ = p.CloseWrite()
	_ = p.Wait()
	return p.Session.Close()
}

// used is the processor time of the children of this process that have ended.
func used() time.Duration {
	var usage syscall.Rusage
	_ = syscall.Getrusage(syscall.RUSAGE_CHILDREN, &usage) // cannot fail with these arguments
	return time.Duration(usage.Utime.Nano() + usage.Stime.Nano())
}

// BenchmarkLargePack says what a check of the large pack costs the machine, and how much more that is than the least
// that would do: one stat, one sha256sum and one cat over the same files.
func BenchmarkLargePack(b *testing.B) {
	if os.Getuid() != 0 {
		b.Skip("only root may make a namespace of processes")
	}
	f, files := largePack(b)
	var ours, least time.Duration
	var processes int
	var most uint64
	for b.Loop() {
		var session Session
		before, peak := used(), heapPeak()
		out := check(b, counted{&session}, f)
		most = max(most, peak())
		require.Nil(b, out.Failure)
		require.Empty(b, out.Results[0].Mismatches)
		last, err := strconv.Atoi(strings.TrimSpace(session.Stderr()))
		require.NoError(b, err)
		processes = last - 3 // the shell that counts, the script's, and cat
		ours += used() - before

		before = used()
		script := "stat -L -c '%f:%u:%g:%s:%U:%G' -- \"$@\"; sha256sum -- \"$@\"; cat -- \"$@\""
		_, err = exec.CommandContext(b.Context(), "/bin/sh", append([]string{"-c", script, "sh"}, files...)...).Output()
		require.NoError(b, err)
		least += used() - before
	}
	b.ReportMetric(float64(processes), "processes/check")
	b.ReportMetric(ours.Seconds()*1000/float64(b.N), "machine-cpu-ms/check")
	b.ReportMetric(float64(ours)/float64(least), "machine-cpu-ratio")
	b.ReportMetric(float64(most)/(1<<20), "heap-peak-MiB")
}
