package fleetbench

import (
	"encoding/json"
	"net/http"
	"os/exec"
	"path/filepath"
	"syscall"
	"testing"
	"time"

	"github.com/stretchr/testify/require"

	"github.com/drift-exporter/drift_exporter/internal/testprocess"
)

// daemon is a running `serve`.
type daemon struct {
	url     string
	cmd     *exec.Cmd
	process *testprocess.Process
	ready   time.Duration // from its start until it was
	seen    string        // the last run that was waited for
	memory  int64         // the most that was resident
}

// serve starts it, with what it has stored in that directory, and waits until it is ready.
func serve(t testing.TB, p programs, f Fleet, storage string) *daemon {
	t.Helper()
	d := &daemon{}
	testprocess.OnFreeAddress(t, func(address string) error {
		d.url = "http://" + address
		d.cmd = clean(exec.Command(p.exporter, "serve", "--config.file="+f.configFile(), "--storage.path="+storage,
			"--web.listen-address="+address, "--web.external-url="+d.url+"/", "--web.enable-lifecycle"), f.Dir)
		started := time.Now()
		var err error
		d.process, err = testprocess.Start(d.cmd, d.url+"/-/ready")
		d.ready = time.Since(started)
		return err
	})
	t.Cleanup(d.process.Kill)
	return d
}

// newDaemon starts one that has nothing stored.
func newDaemon(t testing.TB, p programs, f Fleet) *daemon {
	return serve(t, p, f, filepath.Join(t.TempDir(), "data"))
}

// used is what it has used since it was started.
func (d *daemon) used(t testing.TB) Usage {
	t.Helper()
	u, err := ProcessUsage(d.cmd.Process.Pid)
	require.NoError(t, err)
	return u
}

// get decodes the data of an answer of the API.
func (d *daemon) get(t testing.TB, path string, into any) {
	t.Helper()
	response, err := testprocess.HTTPClient().Get(d.url + path)
	require.NoError(t, err, d.process.Output())
	defer func() { _ = response.Body.Close() }()
	require.Equal(t, http.StatusOK, response.StatusCode)
	require.NoError(t, json.NewDecoder(response.Body).Decode(&struct {
		Data any `json:"data"`
	}{into}))
}

type runState struct {
	ID        string    `json:"id"`
	Phase     string    `json:"phase"`
	StartedAt time.Time `json:"started_at"`
	EndedAt   time.Time `json:"ended_at"`
	Checked   int       `json:"checked"`
}

// next waits for the end of the run after the last one, which must have checked all machines, and returns how long it took.
func (d *daemon) next(t testing.TB, f Fleet) time.Duration {
	t.Helper()
	var run runState
	for deadline := time.Now().Add(time.Hour); ; time.Sleep(200 * time.Millisecond) {
		require.True(t, time.Now().Before(deadline), "the run does not end")
		var list struct {
			Runs []runState `json:"runs"`
		}
		d.get(t, "/api/v1/runs?limit=1", &list)
		d.memory = max(d.memory, d.used(t).Memory)
		if len(list.Runs) == 1 && list.Runs[0].ID != d.seen && !list.Runs[0].EndedAt.IsZero() {
			run = list.Runs[0]
			break
		}
	}
	require.Equal(t, "done", run.Phase)
	require.Equal(t, f.Machines, run.Checked, "machines that were checked\n%s", tail(d.process.Output()))
	d.seen = run.ID
	return run.EndedAt.Sub(run.StartedAt)
}

// stands requires that so many machines comply, and that all others have drifted.
func (d *daemon) stands(t testing.TB, f Fleet, compliant int) {
	t.Helper()
	var fleet struct {
		Machines struct{ Total, Compliant, Drifted int }
	}
	d.get(t, "/api/v1/fleet", &fleet)
	require.Equal(t, f.Machines, fleet.Machines.Total)
	require.Equal(t, compliant, fleet.Machines.Compliant)
	require.Equal(t, f.Machines-compliant, fleet.Machines.Drifted)
}

// firstRun measures a process that has nothing stored, from its start to the end of its first run, which it begins by
// itself since one was due that it missed. The time is the run's, the processor time that of the whole process.
func firstRun(t testing.TB, p programs, f Fleet) (Usage, *daemon) {
	t.Helper()
	d := newDaemon(t, p, f)
	u := Usage{Wall: d.next(t, f)}
	used := d.used(t)
	u.CPU, u.Memory = used.CPU, d.memory
	d.stands(t, f, f.Machines)
	return u, d
}

// laterRun measures a run of a process that has had one; it is asked for.
func (d *daemon) laterRun(t testing.TB, f Fleet) Usage {
	t.Helper()
	before := d.used(t)
	response, err := testprocess.HTTPClient().Post(d.url+"/api/v1/runs", "application/json", nil)
	require.NoError(t, err)
	_ = response.Body.Close()
	require.Equal(t, http.StatusAccepted, response.StatusCode)
	u := Usage{Wall: d.next(t, f)}
	u.CPU, u.Memory = d.used(t).CPU-before.CPU, d.memory
	d.stands(t, f, f.Machines)
	return u
}

// serveDetects has the daemon find the planted drift.
func serveDetects(t testing.TB, p programs, f Fleet) {
	t.Helper()
	d := newDaemon(t, p, f)
	defer d.process.Kill()
	d.next(t, f)
	d.stands(t, f, 0)
}

// stop ends it in order, so that it starts from what it has stored as it does after a restart.
func (d *daemon) stop(t testing.TB) {
	t.Helper()
	require.NoError(t, d.process.Signal(syscall.SIGTERM))
	code, err := d.process.Wait()
	require.NoError(t, err)
	require.Equal(t, 0, code, tail(d.process.Output()))
}
