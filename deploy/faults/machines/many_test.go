package machines_test

import (
	"fmt"
	"io"
	"net"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/stretchr/testify/assert"
	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testexporter"
	"github.com/drift-exporter/drift_exporter/internal/testfaults"
	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// Thousands of machines that take connections and say nothing cost what their timeouts are, divided by how many are checked at a time, and
// nobody who answers has to wait for them.
func TestFaultManyMachinesAreSilentAtOnce(t *testing.T) {
	const atATime, timeout = 128, 3 * time.Second
	dead := testfaults.Pick(400, 4000)
	w := start(t, 20, checkTimeout)
	w.exporter.Terminate()

	var entries strings.Builder
	port := silentPort(t)
	for i := range dead {
		fmt.Fprintf(&entries, "  - {name: dead%d, address: 127.1.%d.%d, packs: [app, calm], ssh: {port: %d, connect_timeout: %s}}\n", i, i/250, i%250+1, port, timeout)
	}
	config := strings.Replace(w.read("config.yaml"), "concurrency: 64", fmt.Sprintf("concurrency: %d", atATime), 1)
	w.write("config.yaml", strings.Replace(config, "machines:\n", "machines:\n"+entries.String(), 1))
	w.exporter = testexporter.Start(t, w.dir+"/config.yaml", w.dir+"/data", "--web.enable-lifecycle")

	w.turns()
	w.finished(w.newMachinesRun()) // now it is known who does not answer
	id := w.exporter.StartRun()
	run := w.finished(id)
	assert.Equal(t, dead, run.Failed)
	assert.Equal(t, len(w.all()), run.Checked)

	given := w.failures(id)
	slices.SortFunc(given, time.Time.Compare)
	ratio := float64(given[len(given)-1].Sub(run.StartedAt)) / (float64(timeout) * float64(dead) / atATime)
	t.Logf("%d silent machines, %d at a time: %.2f times timeout × machines / concurrency", dead, atATime, ratio)
	assert.Greater(t, ratio, 0.8, "each of them has had its timeout")
	assert.Less(t, ratio, 4.0, "they were waited for one after another")

	last, before, after := w.last(id), 0, 0
	for _, at := range given {
		if at.After(last) {
			after++
		} else {
			before++
		}
	}
	t.Logf("%d of the silent machines were given up after the last that answers was judged, %d before", after, before)
	assert.LessOrEqual(t, before, atATime, "who answers comes first")
	for _, m := range w.all() {
		for _, pack := range packs {
			var got attempt
			w.exporter.Data("/api/v1/machines/"+m.name+"/packs/"+pack, &got)
			assert.Equal(t, verdictOf(m.truth[pack]), got.Verdict, "%s/%s", m.name, pack)
		}
	}
	testfaults.Survived(t, "machines that say nothing, all at once", dead)
}

// newMachinesRun is the id of the run over those that nothing was known of.
func (w *world) newMachinesRun() string {
	w.t.Helper()
	var list struct {
		Runs []struct{ ID, Trigger string }
	}
	w.exporter.Eventually("a run of the new machines", func() bool {
		w.exporter.Data("/api/v1/runs?limit=1", &list)
		return len(list.Runs) == 1 && list.Runs[0].Trigger == "new"
	})
	return list.Runs[0].ID
}

// finished waits for the end of a run that may take long.
func (w *world) finished(id string) (run finishedRun) {
	w.t.Helper()
	ended := func() bool { w.exporter.Data("/api/v1/runs/"+id, &run); return run.Phase == "done" }
	for waits := 0; waits < 8 && !testprocess.WaitFor(ended); waits++ {
	}
	require.Equal(w.t, "done", run.Phase, "%+v", run)
	return run
}

type finishedRun struct {
	Phase                  string
	Total, Checked, Failed int
	StartedAt              time.Time `json:"started_at"`
}

// silentPort takes connections to every loopback address, and says nothing.
func silentPort(t *testing.T) int {
	t.Helper()
	listener, err := net.Listen("tcp", "0.0.0.0:0")
	require.NoError(t, err)
	var work sync.WaitGroup
	work.Go(func() {
		for {
			conn, err := listener.Accept()
			if err != nil {
				return
			}
			work.Go(func() {
				_, _ = io.Copy(io.Discard, conn) // until the exporter gives up
				_ = conn.Close()
			})
		}
	})
	t.Cleanup(func() { _ = listener.Close(); work.Wait() })
	return listener.Addr().(*net.TCPAddr).Port
}

// attempted is when each machine whose name begins so was last tried, in that run.
func (w *world) attempted(run string, names func(string) bool) (at []time.Time) {
	w.t.Helper()
	var token string
	for {
		var page struct {
			Machines []struct {
				Machine string
				Attempt struct {
					Run string
					At  time.Time
				}
			}
			NextToken string `json:"next_token"`
		}
		w.exporter.Data("/api/v1/machines?limit=1000&next_token="+token, &page)
		for _, m := range page.Machines {
			if names(m.Machine) {
				require.Equal(w.t, run, m.Attempt.Run, m.Machine)
				at = append(at, m.Attempt.At)
			}
		}
		if token = page.NextToken; token == "" {
			return at
		}
	}
}

func isDead(name string) bool { return strings.HasPrefix(name, "dead") }

// failures is when each dead machine was given up; last is when the last other one was judged.
func (w *world) failures(run string) []time.Time { return w.attempted(run, isDead) }

func (w *world) last(run string) (last time.Time) {
	for _, at := range w.attempted(run, func(name string) bool { return !isDead(name) }) {
		if at.After(last) {
			last = at
		}
	}
	return last
}
